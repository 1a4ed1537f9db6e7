//! Logins in flight: what is remembered between the redirect to the provider
//! and the callback.
//!
//! Owns the login-state cookie's contents (several logins, bounded, and the row
//! of those that led to a session) in version 3 (frozen: `tests/vectors/`), as
//! [`state`] owns the sealed `state`. Must not know cookies, crypto or the
//! provider's endpoints.
//!
//! `state` only explains and finds; it authorises nothing. A code is redeemed
//! by [`Logins::take`] alone, with what the browser's own cookie holds.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::cookie::VALUE_MAX;
use super::origin::PublicOrigin;
use super::return_to::ReturnTo;
use super::seal::{OVERHEAD, RandomError, Rng};
use super::time::UnixTime;
use super::wire::{Reader, WireError, Writer};

mod state;

use state::STATE_BYTES_MAX;
pub use state::{LoginState, STATE_MAX};

const LOGINS_FORMAT: u8 = 3;
/// Still read: does not say whom a login asked.
const LOGINS_FORMAT_2: u8 = 2;
/// Of format 1, which is still read: without a row, and the flag is the highest
/// bit of the attempt.
const LOGINS_FORMAT_1: u8 = 1;
const ANEW_1: u8 = 0x80;
/// A flag of a login: the provider was told to ask the person anew.
const ANEW: u8 = 0x01;
/// Span in seconds in which logins count as one row.
pub const ROW_WITHIN: u64 = 60;
/// Most logins in flight in one browser; the oldest makes room.
pub const LOGINS_MAX: usize = 10;
/// A login that takes longer, in seconds, has to start anew. Cognito itself
/// gives up after five minutes (cognito.md 1.5), other providers later.
pub const LOGIN_LIFETIME: u64 = 3_600;
/// Bytes before sealing that fit into one cookie.
const LOGINS_BYTES_MAX: usize = VALUE_MAX / 4 * 3 - OVERHEAD;

/// Names one login; random, not secret.
pub type FlowId = [u8; 12];

/// Tells the issuer and client that were asked from all others: a provider's
/// name may be given to another one while a login is in flight.
pub type Asked = [u8; 8];
/// Of a login of an earlier format, which does not say whom it asked.
const ASKED_UNKNOWN: Asked = [0; 8];

/// One login in flight. Debug shows neither nonce nor verifier.
#[derive(Clone)]
pub struct PendingLogin {
    flow: FlowId,
    started: UnixTime,
    attempt: u8,
    /// Bits that nobody knows are kept: a later version may have set them.
    flags: u8,
    /// Logins of the same row that had led to a session when this one began.
    before: u8,
    asked: Asked,
    nonce: [u8; 16],
    verifier: Zeroizing<[u8; 32]>,
    provider: String,
    target: ReturnTo,
}

/// The logins in flight of one browser, oldest first, and those before them.
#[derive(Clone, Debug, Default)]
pub struct Logins {
    pending: Vec<PendingLogin>,
    row: Option<Row>,
}

/// Logins one after the other, each of which led to a session and began after
/// the one before had. Nobody signs in that often: the session does not come
/// back, or the application does not take it for one. Logins side by side, as
/// of several tabs, are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// How many, from 1.
    pub logins: u8,
    /// When the first of them led to a session.
    pub first: UnixTime,
    /// Characters of cookie that the last session took.
    pub characters: u32,
}

/// A code with all that redeems it. Made by [`PendingLogin::redeem`] alone, so
/// the check against the login-state cookie has come before any network call.
pub struct CodeExchange {
    code: Zeroizing<String>,
    login: PendingLogin,
}

impl std::fmt::Debug for PendingLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PendingLogin")
            .field("started", &self.started)
            .field("attempt", &self.attempt)
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for CodeExchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CodeExchange").field(&self.login).finish()
    }
}

impl PendingLogin {
    /// A new login, with fresh nonce and PKCE verifier.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn begin(
        provider: &str,
        target: ReturnTo,
        attempt: u8,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Result<Self, RandomError> {
        let mut login = Self {
            flow: FlowId::default(),
            started: now,
            attempt,
            flags: 0,
            before: 0,
            asked: ASKED_UNKNOWN,
            nonce: [0; 16],
            verifier: Zeroizing::new([0; 32]),
            provider: provider.to_owned(),
            target,
        };
        rng(&mut login.flow)?;
        rng(&mut login.nonce)?;
        rng(login.verifier.as_mut_slice())?;
        Ok(login)
    }

    /// The same, of this issuer and client alone.
    #[must_use]
    pub fn asking(mut self, asked: Asked) -> Self {
        self.asked = asked;
        self
    }

    /// Whether this issuer and client are those that were asked. A login of an
    /// earlier format, an hour old at most, goes by the provider's name alone.
    #[must_use]
    pub fn has_asked(&self, whom: Asked) -> bool {
        self.asked == whom || self.asked == ASKED_UNKNOWN
    }

    /// The same, for somebody who has to authenticate anew.
    #[must_use]
    pub fn reauthenticating(mut self) -> Self {
        self.flags |= ANEW;
        self
    }

    /// Whether the provider was told to ask the person anew.
    #[must_use]
    pub fn reauthenticates(&self) -> bool {
        self.flags & ANEW != 0
    }

    /// The `nonce` parameter: 22 characters of base64url.
    #[must_use]
    pub fn nonce(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.nonce)
    }

    /// The PKCE code verifier: 43 characters (RFC 7636 4.1).
    #[must_use]
    pub fn code_verifier(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.verifier.as_slice()))
    }

    /// Where the person wanted to go.
    #[must_use]
    pub fn target(&self) -> &ReturnTo {
        &self.target
    }

    /// The provider that was asked, and the only one that may answer.
    #[must_use]
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Which attempt in a row this is, from 1.
    #[must_use]
    pub fn attempt(&self) -> u8 {
        self.attempt
    }

    /// What goes into `state`. A target too long for it loses its query there;
    /// the cookie keeps it whole.
    #[must_use]
    pub fn state(&self, first_attempt: UnixTime) -> LoginState {
        let mut state = LoginState {
            flow: self.flow,
            target: self.target.clone(),
            provider: self.provider.clone(),
            attempt: self.attempt,
            first_attempt,
        };
        if state.encode().len() > STATE_BYTES_MAX {
            state.target = self.target.without_query();
        }
        if state.encode().len() > STATE_BYTES_MAX {
            state.target = ReturnTo::root();
        }
        state
    }

    /// Joins a code to the login that it answers.
    #[must_use]
    pub fn redeem(self, code: Zeroizing<String>) -> CodeExchange {
        CodeExchange { code, login: self }
    }

    fn encode_into(&self, out: &mut Writer) {
        out.raw(&self.flow);
        out.u64(self.started.secs());
        out.u8(self.attempt);
        out.u8(self.flags);
        out.u8(self.before);
        out.raw(&self.asked);
        out.raw(&self.nonce);
        out.raw(self.verifier.as_slice());
        out.bytes(self.provider.as_bytes());
        out.bytes(self.target.as_str().as_bytes());
    }

    fn decode_from(
        input: &mut Reader<'_>,
        format: u8,
        origin: &PublicOrigin,
    ) -> Result<Self, WireError> {
        let (flow, started) = (input.array()?, input.u64()?);
        let (attempt, flags, before) = match (format, input.u8()?) {
            (LOGINS_FORMAT_1, attempt) if attempt & ANEW_1 != 0 => (attempt & !ANEW_1, ANEW, 0),
            (LOGINS_FORMAT_1, attempt) => (attempt, 0, 0),
            (_, attempt) => (attempt, input.u8()?, input.u8()?),
        };
        Ok(Self {
            flow,
            started: UnixTime::from_secs(started),
            attempt,
            flags,
            before,
            asked: match format {
                LOGINS_FORMAT => input.array()?,
                _ => ASKED_UNKNOWN,
            },
            nonce: input.array()?,
            verifier: Zeroizing::new(input.array()?),
            provider: input.text()?.to_owned(),
            target: ReturnTo::parse(input.text()?, origin).ok_or(WireError)?,
        })
    }
}

impl Logins {
    /// Adds a login, which follows those of the row; the oldest ones in flight
    /// make room, so that the cookie always fits.
    pub fn add(&mut self, mut login: PendingLogin, now: UnixTime) {
        self.forget_old(now);
        login.before = self.row.map_or(0, |row| row.logins);
        self.pending.push(login);
        self.make_room();
    }

    /// Notes that a login has led to a session that takes so many characters of cookie.
    pub fn note_signed_in(&mut self, login: &PendingLogin, characters: usize, now: UnixTime) {
        self.forget_old(now);
        let first = self.row.filter(|_| login.before > 0);
        self.row = Some(Row {
            logins: login.before.saturating_add(1),
            first: first.map_or(now, |row| row.first),
            characters: u32::try_from(characters).unwrap_or(u32::MAX),
        });
        self.make_room();
    }

    /// The row that another login would follow now.
    #[must_use]
    pub fn row(&self, now: UnixTime) -> Option<Row> {
        self.row.filter(|row| now.since(row.first) < ROW_WITHIN)
    }

    /// Begins a new row.
    pub fn forget_row(&mut self) {
        self.row = None;
    }

    /// Takes the login that a `state` speaks of; it can be taken once.
    #[must_use]
    pub fn take(&mut self, state: &LoginState, now: UnixTime) -> Option<PendingLogin> {
        self.forget_old(now);
        let at = self.pending.iter().position(|login| {
            bool::from(login.flow.ct_eq(&state.flow)) && login.provider == state.provider
        })?;
        Some(self.pending.remove(at))
    }

    /// Whether there is nothing to remember.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.row.is_none()
    }

    /// Bytes to seal.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::new(LOGINS_FORMAT);
        out.u8(self.row.map_or(0, |row| row.logins));
        if let Some(row) = self.row {
            out.u64(row.first.secs());
            out.u32(row.characters);
        }
        out.u8(u8::try_from(self.pending.len()).unwrap_or(0));
        for login in &self.pending {
            login.encode_into(&mut out);
        }
        out.finish()
    }

    /// Reads what [`encode`](Self::encode) wrote, now or in formats 1 and 2.
    ///
    /// # Errors
    /// If the bytes are of another format.
    pub fn decode(bytes: &[u8], origin: &PublicOrigin) -> Result<Self, WireError> {
        let format = match bytes.first() {
            Some(&old @ (LOGINS_FORMAT_1 | LOGINS_FORMAT_2)) => old,
            _ => LOGINS_FORMAT,
        };
        let mut input = Reader::new(bytes, format)?;
        let row = match format {
            LOGINS_FORMAT_1 => None,
            _ => Row::decode_from(&mut input)?,
        };
        let count = input.u8()?;
        let pending = (0..count)
            .map(|_| PendingLogin::decode_from(&mut input, format, origin))
            .collect::<Result<Vec<_>, _>>()?;
        input.finish()?;
        Ok(Self { pending, row })
    }

    fn forget_old(&mut self, now: UnixTime) {
        self.pending
            .retain(|login| now.since(login.started) < LOGIN_LIFETIME);
        self.row = self.row(now);
    }

    fn make_room(&mut self) {
        while self.pending.len() > LOGINS_MAX || self.encode().len() > LOGINS_BYTES_MAX {
            self.pending.remove(0);
        }
    }
}

impl Row {
    fn decode_from(input: &mut Reader<'_>) -> Result<Option<Self>, WireError> {
        Ok(match input.u8()? {
            0 => None,
            logins => Some(Self {
                logins,
                first: UnixTime::from_secs(input.u64()?),
                characters: input.u32()?,
            }),
        })
    }
}

impl CodeExchange {
    /// The authorization code.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The login that the code answers.
    #[must_use]
    pub fn login(&self) -> &PendingLogin {
        &self.login
    }
}

#[cfg(test)]
mod tests;
