//! The surgery on the `Cookie` header: what is cut out, and what is left byte for byte.
//!
//! Owns where one cookie ends and the next begins. Must not know which are ours.

use memchr::memchr;

/// What is left of a `Cookie` header. No Debug.
#[derive(PartialEq, Eq)]
pub enum Stripped {
    /// No cookie of ours is in it.
    Untouched,
    /// The rest, byte for byte.
    Rest(Vec<u8>),
    /// Nothing.
    Nothing,
}

impl Stripped {
    /// What goes on of the header; `None` if nothing is left.
    #[must_use]
    pub fn of(self, header: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Untouched => (!header.trim_ascii().is_empty()).then(|| header.to_vec()),
            Self::Rest(rest) => Some(rest),
            Self::Nothing => None,
        }
    }
}

/// A `Cookie` header without the cookies of which `is_ours` holds, the rest byte
/// for byte.
#[must_use]
pub fn strip(header: &[u8], is_ours: impl Fn(&[u8]) -> bool) -> Stripped {
    let mut kept: Vec<u8> = Vec::new();
    // Bytes before the first cookie of ours; without one, nothing is copied.
    let mut before = 0;
    let mut all = pairs(header);
    let first = all.find(|pair| {
        let found = is_ours(split_pair(pair).0);
        before += if found { 0 } else { pair.len() + 1 };
        found
    });
    if first.is_none() {
        return Stripped::Untouched;
    }
    // Without the semicolon that parted them.
    kept.extend_from_slice(header.get(..before.saturating_sub(1)).unwrap_or_default());
    let mut is_first = before == 0;
    for pair in all.filter(|pair| !is_ours(split_pair(pair).0)) {
        if is_first {
            // What led up to a removed pair is not part of the next one.
            kept.extend_from_slice(pair.trim_ascii_start());
        } else {
            kept.push(b';');
            kept.extend_from_slice(pair);
        }
        is_first = false;
    }
    match kept.trim_ascii().is_empty() {
        true => Stripped::Nothing,
        false => Stripped::Rest(kept),
    }
}

/// What semicolons separate.
pub(super) fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        let text = rest?;
        let at = memchr(b';', text).unwrap_or(text.len());
        let (pair, after) = text.split_at_checked(at)?;
        rest = after.get(1..);
        Some(pair)
    })
}

/// Name and value of one `name=value`, white space around both cut off.
pub(super) fn split_pair(pair: &[u8]) -> (&[u8], &[u8]) {
    let at = memchr(b'=', pair);
    let (name, value) = match at.and_then(|at| pair.split_at_checked(at)) {
        Some((name, rest)) => (name, rest.get(1..).unwrap_or_default()),
        None => (pair, &[][..]),
    };
    (name.trim_ascii(), value.trim_ascii())
}
