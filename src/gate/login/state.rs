//! The sealed `state`, in version 1 (frozen: `tests/vectors/`).
//!
//! Owns what it says: enough to explain a lost cookie, and to find the login that the
//! browser's own cookie holds. It authorises nothing.

use zeroize::Zeroizing;

use super::FlowId;
use crate::gate::origin::PublicOrigin;
use crate::gate::return_to::ReturnTo;
use crate::gate::seal::OVERHEAD;
use crate::gate::time::UnixTime;
use crate::gate::wire::{Reader, WireError, Writer};

const STATE_FORMAT: u8 = 1;
/// Longest sealed `state`, in characters.
pub const STATE_MAX: usize = 1_024;
/// Bytes before sealing that stay within it.
pub(super) const STATE_BYTES_MAX: usize = STATE_MAX / 4 * 3 - OVERHEAD;

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
