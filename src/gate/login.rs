//! Logins in flight: what is remembered between the redirect to the provider
//! and the callback.
//!
//! Owns the login-state cookie's contents (several logins, bounded) and the
//! sealed `state`, both version 1 (frozen: `tests/vectors/`). Must not know
//! cookies, crypto or the provider's endpoints.
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

const LOGINS_FORMAT: u8 = 1;
const STATE_FORMAT: u8 = 1;
/// The highest bit of the attempt, which never gets that far: the provider was
/// told to ask the person anew.
const ANEW: u8 = 0x80;
/// Most logins in flight in one browser; the oldest makes room.
pub const LOGINS_MAX: usize = 10;
/// A login that takes longer, in seconds, has to start anew. Cognito itself
/// gives up after five minutes (cognito.md 1.5), other providers later.
pub const LOGIN_LIFETIME: u64 = 3_600;
/// Longest sealed `state`, in characters.
pub const STATE_MAX: usize = 1_024;
/// Bytes before sealing that fit into one cookie.
const LOGINS_BYTES_MAX: usize = VALUE_MAX / 4 * 3 - OVERHEAD;
const STATE_BYTES_MAX: usize = STATE_MAX / 4 * 3 - OVERHEAD;

/// Names one login; random, not secret.
pub type FlowId = [u8; 12];

/// One login in flight. Debug shows neither nonce nor verifier.
#[derive(Clone)]
pub struct PendingLogin {
    flow: FlowId,
    started: UnixTime,
    attempt: u8,
    reauthenticates: bool,
    nonce: [u8; 16],
    verifier: Zeroizing<[u8; 32]>,
    provider: String,
    target: ReturnTo,
}

/// The logins in flight of one browser, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Logins(Vec<PendingLogin>);

/// What `state` says: enough to explain a lost cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoginState {
    /// Which login.
    pub flow: FlowId,
    /// Where the person wanted to go.
    pub target: ReturnTo,
    /// Which provider.
    pub provider: String,
    /// 1 for the first attempt.
    pub attempt: u8,
    /// When the first attempt was made.
    pub first_attempt: UnixTime,
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
            reauthenticates: false,
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

    /// The same, for somebody who has to authenticate anew.
    #[must_use]
    pub fn reauthenticating(mut self) -> Self {
        self.reauthenticates = true;
        self
    }

    /// Whether the provider was told to ask the person anew.
    #[must_use]
    pub fn reauthenticates(&self) -> bool {
        self.reauthenticates
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
        let flag = if self.reauthenticates { ANEW } else { 0 };
        out.u8(self.attempt | flag);
        out.raw(&self.nonce);
        out.raw(self.verifier.as_slice());
        out.bytes(self.provider.as_bytes());
        out.bytes(self.target.as_str().as_bytes());
    }

    fn decode_from(input: &mut Reader<'_>, origin: &PublicOrigin) -> Result<Self, WireError> {
        let (flow, started) = (input.array()?, input.u64()?);
        let attempt = input.u8()?;
        Ok(Self {
            flow,
            started: UnixTime::from_secs(started),
            attempt: attempt & !ANEW,
            reauthenticates: attempt & ANEW != 0,
            nonce: input.array()?,
            verifier: Zeroizing::new(input.array()?),
            provider: input.text()?.to_owned(),
            target: ReturnTo::parse(input.text()?, origin).ok_or(WireError)?,
        })
    }
}

impl Logins {
    /// Adds a login; the oldest ones make room, so that the cookie always fits.
    pub fn add(&mut self, login: PendingLogin, now: UnixTime) {
        self.forget_old(now);
        self.0.push(login);
        while self.0.len() > LOGINS_MAX || self.encode().len() > LOGINS_BYTES_MAX {
            self.0.remove(0);
        }
    }

    /// Takes the login that a `state` speaks of; it can be taken once.
    #[must_use]
    pub fn take(&mut self, state: &LoginState, now: UnixTime) -> Option<PendingLogin> {
        self.forget_old(now);
        let at = self.0.iter().position(|login| {
            bool::from(login.flow.ct_eq(&state.flow)) && login.provider == state.provider
        })?;
        Some(self.0.remove(at))
    }

    /// Whether none is in flight.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes to seal.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::new(LOGINS_FORMAT);
        out.u8(u8::try_from(self.0.len()).unwrap_or(0));
        for login in &self.0 {
            login.encode_into(&mut out);
        }
        out.finish()
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// If the bytes are of another format.
    pub fn decode(bytes: &[u8], origin: &PublicOrigin) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes, LOGINS_FORMAT)?;
        let count = input.u8()?;
        let logins = (0..count)
            .map(|_| PendingLogin::decode_from(&mut input, origin))
            .collect::<Result<Vec<_>, _>>()?;
        input.finish()?;
        Ok(Self(logins))
    }

    fn forget_old(&mut self, now: UnixTime) {
        self.0
            .retain(|login| now.since(login.started) < LOGIN_LIFETIME);
    }
}

impl LoginState {
    /// Bytes to seal.
    #[must_use]
    pub fn encode(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Writer::new(STATE_FORMAT);
        out.raw(&self.flow);
        out.u8(self.attempt);
        out.u64(self.first_attempt.secs());
        out.bytes(self.provider.as_bytes());
        out.bytes(self.target.as_str().as_bytes());
        out.finish()
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// If the bytes are of another format.
    pub fn decode(bytes: &[u8], origin: &PublicOrigin) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes, STATE_FORMAT)?;
        let state = Self {
            flow: input.array()?,
            attempt: input.u8()?,
            first_attempt: UnixTime::from_secs(input.u64()?),
            provider: input.text()?.to_owned(),
            target: ReturnTo::parse(input.text()?, origin).ok_or(WireError)?,
        };
        input.finish()?;
        Ok(state)
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
