//! A token as a session holds it: as the sealed bytes have it, until somebody
//! wants its text.
//!
//! Most requests want none: a signature is checked over the parts, and a refresh
//! token is for the provider alone. Must not know what a token says.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use zeroize::Zeroizing;

use crate::gate::token::Compact;
use crate::gate::wire::{Packed, Reader, WireError};

/// The opened bytes of a session, which its tokens share; zeroized with the last.
pub(super) type Plain = Arc<Zeroizing<Vec<u8>>>;

/// One token. No Debug.
#[derive(Clone)]
pub(super) struct Held {
    /// Where it stands among the opened bytes; where it does not, its text is there.
    packed: Option<(Plain, Range<usize>)>,
    text: OnceLock<Zeroizing<String>>,
}

impl From<Zeroizing<String>> for Held {
    fn from(text: Zeroizing<String>) -> Self {
        Self {
            packed: None,
            text: OnceLock::from(text),
        }
    }
}

impl Held {
    /// Reads the next token of `plain`, of which `input` reads.
    pub(super) fn read(input: &mut Reader<'_>, plain: &Plain) -> Result<Option<Self>, WireError> {
        let start = plain.len().checked_sub(input.left()).ok_or(WireError)?;
        let found = input.token()?;
        let end = plain.len().checked_sub(input.left()).ok_or(WireError)?;
        Ok(found.map(|_| Self {
            packed: Some((Arc::clone(plain), start..end)),
            text: OnceLock::new(),
        }))
    }

    /// The text, made the first time that somebody asks.
    pub(super) fn text(&self) -> &Zeroizing<String> {
        self.text.get_or_init(|| {
            // It was read before: it is there.
            let packed = self.packed();
            packed.map(|packed| packed.text()).unwrap_or_default()
        })
    }

    /// The token in its parts: from the bytes where it stands in them as a JWS.
    pub(super) fn compact(&self) -> Compact<'_> {
        let parts = self.packed().and_then(|packed| packed.three());
        match parts {
            Some([header, payload, signature]) => Compact::of_parts(header, payload, signature),
            None => Compact::of_text(self.text()),
        }
    }

    /// About what it takes in memory beside the opened bytes: with the text that
    /// may be made later, since nobody weighs it once more then.
    pub(super) fn size(&self) -> usize {
        match &self.packed {
            Some((_, range)) => range.len().div_ceil(3) * 4,
            None => self.text.get().map_or(0, |text| text.len()),
        }
    }

    fn packed(&self) -> Option<Packed<'_>> {
        let (plain, range) = self.packed.as_ref()?;
        let bytes = plain.get(range.clone())?;
        Reader::over(bytes).token().ok()?
    }
}
