//! What a request presented as cookies of ours.
//!
//! Owns what may be the session and what else was said. Must not trust any of it:
//! it is text of a client's.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::CHUNKS_MAX;

/// What a request presented as cookies of ours. Debug shows none of it.
#[derive(Default)]
pub struct Presented<'r> {
    pub(super) whole: Vec<&'r [u8]>,
    pub(super) chunks: [Option<&'r [u8]>; CHUNKS_MAX],
    pub(super) chunk_names: Vec<String>,
    pub(super) logins: Vec<&'r [u8]>,
    pub(super) back: Option<&'r [u8]>,
    pub(super) choice: Option<&'r [u8]>,
}

impl std::fmt::Debug for Presented<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Presented")
            .field("sessions", &self.whole.len())
            .field("chunks", &self.chunk_names.len())
            .field("logins", &self.logins.len())
            .finish()
    }
}

impl Presented<'_> {
    /// Sealed texts that may be the session, none of them trusted. Chunks are
    /// joined; where `NAME` and `NAME.1…` both are there, both are candidates
    /// and the newer seal wins.
    #[must_use]
    pub fn session_candidates(&self) -> Vec<std::borrow::Cow<'_, [u8]>> {
        let mut candidates: Vec<_> = self.whole.iter().map(|v| (*v).into()).collect();
        let joined: Vec<u8> = self
            .chunks
            .iter()
            .map_while(|chunk| *chunk)
            .flatten()
            .copied()
            .collect();
        if !joined.is_empty() {
            candidates.push(joined.into());
        }
        candidates
    }

    /// The only sealed text that may be the session, if it is one and came whole.
    #[must_use]
    pub fn only_session(&self) -> Option<&[u8]> {
        match (self.whole.as_slice(), self.chunks) {
            ([only], [None, ..]) => Some(only),
            _ => None,
        }
    }

    /// Sealed texts that may be the logins in flight.
    #[must_use]
    pub fn logins_candidates(&self) -> &[&[u8]] {
        &self.logins
    }

    /// The page that somebody wants to come back to; whatever a client says.
    #[must_use]
    pub fn back(&self) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(self.back?).ok()?;
        String::from_utf8(bytes).ok()
    }

    /// The provider that somebody chose before; whatever a client says.
    #[must_use]
    pub fn choice(&self) -> Option<&str> {
        std::str::from_utf8(self.choice?).ok()
    }

    /// Whether some, but not all, chunks of a session of so many were sent.
    #[must_use]
    pub fn lacks_chunks(&self, whole: usize) -> bool {
        let came = self.chunks.iter().take_while(|chunk| chunk.is_some());
        !self.chunk_names.is_empty() && came.count() < whole
    }
}
