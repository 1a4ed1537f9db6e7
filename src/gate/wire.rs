//! The bytes inside sealed values: fixed-width numbers and length-prefixed
//! fields, read with bounds.
//!
//! Must not know what the fields mean.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// The bytes are not what the format says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sealed bytes are not of the expected format")]
pub struct WireError;

/// Writes fields; zeroized when dropped.
pub(super) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    pub(super) fn new(format: u8) -> Self {
        Self(Zeroizing::new(vec![format]))
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn u8(&mut self, value: u8) {
        self.raw(&[value]);
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.raw(&value.to_be_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.raw(&value.to_be_bytes());
    }

    /// At most 65,535 bytes; callers bound their fields, and a longer one would
    /// not open again.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
        self.raw(&length.to_be_bytes());
        self.raw(bytes);
    }

    /// A token: the segments of `a.b.c` as bytes where they are strict
    /// base64url (a quarter smaller), as text otherwise.
    pub(super) fn token(&mut self, token: Option<&str>) {
        let Some(token) = token else {
            return self.u8(0);
        };
        let segments: Option<Vec<Vec<u8>>> = token
            .split('.')
            .map(|segment| URL_SAFE_NO_PAD.decode(segment).ok())
            .collect();
        match segments {
            Some(segments) if segments.len() > 1 => {
                if let Ok(count) = u8::try_from(segments.len()) {
                    self.u8(count);
                    for segment in &segments {
                        self.bytes(segment);
                    }
                } else {
                    self.u8(1);
                    self.bytes(token.as_bytes());
                }
            }
            _ => {
                self.u8(1);
                self.bytes(token.as_bytes());
            }
        }
    }

    pub(super) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.0
    }
}

/// Reads fields in the order in which they were written.
pub(super) struct Reader<'b>(&'b [u8]);

/// A token between its fields.
#[derive(Clone, Copy)]
pub(super) enum Packed<'b> {
    /// As text.
    Text(&'b str),
    /// What dots part, decoded: fields, of which there are two at least.
    Segments(&'b [u8]),
}

impl<'b> Packed<'b> {
    fn segments(self) -> impl Iterator<Item = &'b [u8]> {
        let mut fields = match self {
            Self::Text(_) => Reader::over(&[]),
            Self::Segments(fields) => Reader::over(fields),
        };
        std::iter::from_fn(move || fields.bytes().ok())
    }

    /// The three segments of one that has three.
    pub(super) fn three(self) -> Option<[&'b [u8]; 3]> {
        let mut all = self.segments();
        let three = [all.next()?, all.next()?, all.next()?];
        all.next().is_none().then_some(three)
    }

    /// Its text.
    pub(super) fn text(self) -> Zeroizing<String> {
        // With its whole length at once: what grows leaves copies behind.
        let length = match self {
            Self::Text(text) => text.len(),
            Self::Segments(fields) => fields.len() * 4 / 3 + 4,
        };
        let mut token = Zeroizing::new(String::with_capacity(length));
        if let Self::Text(text) = self {
            token.push_str(text);
        }
        for (place, segment) in self.segments().enumerate() {
            if place > 0 {
                token.push('.');
            }
            URL_SAFE_NO_PAD.encode_string(segment, &mut token);
        }
        token
    }
}

impl<'b> Reader<'b> {
    /// Fields without a format in front.
    pub(super) fn over(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }

    /// Refuses another format than the expected one.
    pub(super) fn new(bytes: &'b [u8], format: u8) -> Result<Self, WireError> {
        match bytes.split_first() {
            Some((found, rest)) if *found == format => Ok(Self(rest)),
            _ => Err(WireError),
        }
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (head, rest) = self.0.split_first_chunk::<N>().ok_or(WireError)?;
        self.0 = rest;
        Ok(*head)
    }

    pub(super) fn u8(&mut self) -> Result<u8, WireError> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(super) fn u32(&mut self) -> Result<u32, WireError> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, WireError> {
        self.array().map(u64::from_be_bytes)
    }

    pub(super) fn bytes(&mut self) -> Result<&'b [u8], WireError> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        let (head, rest) = self.0.split_at_checked(length).ok_or(WireError)?;
        self.0 = rest;
        Ok(head)
    }

    pub(super) fn text(&mut self) -> Result<&'b str, WireError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| WireError)
    }

    /// A token as it stands there.
    pub(super) fn token(&mut self) -> Result<Option<Packed<'b>>, WireError> {
        Ok(match self.u8()? {
            0 => None,
            1 => Some(Packed::Text(self.text()?)),
            count => {
                let all = self.0;
                for _ in 0..count {
                    self.bytes()?;
                }
                let length = all.len().checked_sub(self.0.len()).ok_or(WireError)?;
                let segments = all.get(..length).ok_or(WireError)?;
                Some(Packed::Segments(segments))
            }
        })
    }

    /// How many bytes are left.
    pub(super) fn left(&self) -> usize {
        self.0.len()
    }

    /// Nothing may follow.
    pub(super) fn finish(self) -> Result<(), WireError> {
        self.0.is_empty().then_some(()).ok_or(WireError)
    }
}
