//! What we say of a kept form, sealed: where it goes, how, whose it is, when it
//! was sent. The fields themselves are the tab's.
//!
//! Sealed, no script of a page can change where a form goes or whose it is, and
//! nobody else can make up one. Lives for minutes: an unknown format is no form.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::fields::Enctype;
use crate::gate::origin::PublicOrigin;
use crate::gate::return_to::ReturnTo;
use crate::gate::seal::{RandomError, Rng};
use crate::gate::session::Session;
use crate::gate::time::UnixTime;
use crate::gate::token::json;
use crate::gate::wire::{Reader, WireError, Writer};

const FORMAT: u8 = 1;

/// Who a session is of, as a hash: the ticket goes through URLs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner([u8; 32]);

/// See the module.
pub(super) struct Ticket {
    key: [u8; 9],
    kept_at: UnixTime,
    enctype: &'static str,
    owner: Option<Owner>,
    target: ReturnTo,
}

impl Owner {
    pub(super) fn new(provider: &str, subject: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"vestibule form owner\0");
        hash.update(provider.as_bytes());
        hash.update([0]);
        hash.update(subject.as_bytes());
        Self(hash.finalize().into())
    }

    /// Whose a session is, though its token may have ended: it was verified
    /// before it was sealed.
    pub(super) fn of_session(session: &Session) -> Option<Self> {
        let payload = session.id_token().split('.').nth(1)?;
        let claims = json::object(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        let subject = claims.get("sub")?.as_str()?;
        Some(Self::new(session.provider(), subject))
    }
}

impl Ticket {
    pub(super) fn new(
        enctype: &Enctype,
        target: ReturnTo,
        owner: Option<Owner>,
        now: UnixTime,
        rng: Rng<'_>,
    ) -> Result<Self, RandomError> {
        let mut key = [0; 9];
        rng(&mut key)?;
        Ok(Self {
            key,
            kept_at: now,
            enctype: enctype.as_str(),
            owner,
            target,
        })
    }

    /// Under which name the tab keeps the fields.
    pub(super) fn key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.key)
    }

    pub(super) fn kept_at(&self) -> UnixTime {
        self.kept_at
    }

    pub(super) fn enctype(&self) -> &'static str {
        self.enctype
    }

    pub(super) fn target(&self) -> &ReturnTo {
        &self.target
    }

    /// Where nobody knows whose it was, it is of whoever has the tab.
    pub(super) fn is_of(&self, owner: &Owner) -> bool {
        self.owner.is_none_or(|of| of == *owner)
    }

    pub(super) fn encode(&self) -> zeroize::Zeroizing<Vec<u8>> {
        let mut out = Writer::new(FORMAT);
        out.raw(&self.key);
        out.u64(self.kept_at.secs());
        out.bytes(self.enctype.as_bytes());
        out.bytes(self.owner.as_ref().map_or(&[], |owner| owner.0.as_slice()));
        out.bytes(self.target.as_str().as_bytes());
        out.finish()
    }

    pub(super) fn decode(bytes: &[u8], origin: &PublicOrigin) -> Result<Self, WireError> {
        let mut input = Reader::new(bytes, FORMAT)?;
        let ticket = Self {
            key: input.array()?,
            kept_at: UnixTime::from_secs(input.u64()?),
            enctype: enctype(input.text()?)?,
            owner: match input.bytes()? {
                [] => None,
                owner => Some(Owner(owner.try_into().map_err(|_| WireError)?)),
            },
            target: ReturnTo::parse(input.text()?, origin).ok_or(WireError)?,
        };
        input.finish()?;
        Ok(ticket)
    }
}

fn enctype(text: &str) -> Result<&'static str, WireError> {
    let multipart = Enctype::Multipart(String::new());
    [Enctype::UrlEncoded, Enctype::Plain, multipart]
        .iter()
        .map(Enctype::as_str)
        .find(|known| *known == text)
        .ok_or(WireError)
}
