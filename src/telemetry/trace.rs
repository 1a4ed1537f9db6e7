//! W3C Trace Context: by which name a request is known to everybody it passes
//! (<https://www.w3.org/TR/trace-context/>, Level 1; the random flag of Level 2).
//!
//! Owns how `traceparent` is read and what the app gets in its place. Must not
//! know spans or where they go.
//!
//! What a client says serves to correlate, and for nothing else: an id is no
//! proof of anything, so any client may bring one, and its flags decide about
//! nothing here unless the configuration trusts whoever sets them.

use std::cell::RefCell;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::gate::seal::RandomError;

/// The header that names the trace.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// What tracing systems add to it; it goes on with the trace that it came with.
pub const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// `00-` trace id `-` parent id `-` flags.
const LENGTH: usize = 55;
/// Of the flags: the caller may have recorded the trace.
const SAMPLED: u8 = 0x01;
/// Of the flags (Level 2): the trace id is random.
const RANDOM: u8 = 0x02;

/// The id of a trace or a span: lower-case hexadecimal digits, not all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id<const DIGITS: usize>([u8; DIGITS]);

/// The id of a trace.
pub type TraceId = Id<32>;
/// The id of a span.
pub type SpanId = Id<16>;

/// The trace of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Its id.
    pub id: TraceId,
    /// The span of whoever called; `None`: the trace begins here.
    pub parent: Option<SpanId>,
    /// As received, of those flags that have a meaning.
    flags: u8,
    /// Whether the header that was received can stay as it is.
    stays: bool,
}

impl<const DIGITS: usize> Id<DIGITS> {
    /// Reads digits.
    fn read(text: &[u8]) -> Option<Self> {
        let digits: [u8; DIGITS] = text.try_into().ok()?;
        let is_hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        let is_id = digits.iter().all(is_hex) && digits.iter().any(|b| *b != b'0');
        is_id.then_some(Self(digits))
    }

    /// A new one, from random bytes.
    fn fresh() -> Result<Self, RandomError> {
        let mut digits = [0; DIGITS];
        let (pairs, _) = digits.as_chunks_mut::<2>();
        random(pairs.len(), |bytes| {
            for ([high, low], byte) in pairs.iter_mut().zip(bytes) {
                (*high, *low) = (digit(byte >> 4), digit(byte & 0x0f));
            }
        })?;
        // All zero once in 2^64: no id, then.
        Self::read(&digits).ok_or(RandomError)
    }

    /// What the digits stand for.
    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> {
        let (pairs, _) = self.0.as_chunks::<2>();
        pairs.iter().filter_map(|[high, low]| byte(*high, *low))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl SpanId {
    /// The id of a span of ours.
    ///
    /// # Errors
    /// Without randomness.
    pub fn new() -> Result<Self, RandomError> {
        Self::fresh()
    }
}

impl Trace {
    /// The trace that a request belongs to: the one that it names, if it does so
    /// once and well, else a new one. `None` without randomness.
    ///
    /// `samples_new` is the sampled flag of a new one.
    #[must_use]
    pub fn of(headers: &HeaderMap, samples_new: impl FnOnce() -> bool) -> Option<Self> {
        let mut all = headers.get_all(TRACEPARENT).iter();
        let received = match (all.next(), all.next()) {
            (Some(one), None) => Self::read(one.as_bytes()),
            // Of several, none is more right than another.
            _ => None,
        };
        received.or_else(|| Self::begin(samples_new()))
    }

    fn begin(sampled: bool) -> Option<Self> {
        Some(Self {
            id: TraceId::fresh().ok()?,
            parent: None,
            flags: if sampled { SAMPLED } else { 0 },
            stays: false,
        })
    }

    /// 3.2 of the recommendation, and 4.3 for versions to come: what they append
    /// is left out, and the rest read as the version that is known.
    fn read(text: &[u8]) -> Option<Self> {
        let (known, appended) = text.split_at_checked(LENGTH)?;
        let [v, w, b'-', rest @ ..] = known else {
            return None;
        };
        let version = byte(*v, *w)?;
        let is_read = match version {
            0x00 => appended.is_empty(),
            0xff => false,
            _ => appended.is_empty() || appended.starts_with(b"-"),
        };
        let (id, rest) = rest.split_at_checked(32)?;
        let (parent, rest) = rest.strip_prefix(b"-")?.split_at_checked(16)?;
        let [b'-', high, low] = rest else { return None };
        let flags = byte(*high, *low)?;
        is_read.then_some(Self {
            id: TraceId::read(id)?,
            parent: Some(SpanId::read(parent)?),
            flags: flags & (SAMPLED | RANDOM),
            stays: version == 0,
        })
    }

    /// Whether whoever called says that the trace is recorded.
    #[must_use]
    pub fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// The same, with that decided here.
    #[must_use]
    pub fn sampled(self, sampled: bool) -> Self {
        let flags = (self.flags & RANDOM) | if sampled { SAMPLED } else { 0 };
        Self {
            flags,
            stays: self.stays && flags == self.flags,
            ..self
        }
    }

    /// Those of the flags that have a meaning.
    #[must_use]
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// What the app's request has to say of it, in place of what was received;
    /// `None`: that can stay. `span` is ours, if there is one.
    ///
    /// # Errors
    /// Without randomness for the id of a span.
    pub fn header(&self, span: Option<SpanId>) -> Result<Option<HeaderValue>, RandomError> {
        if self.stays && span.is_none() {
            return Ok(None);
        }
        let parent = match span.or(self.parent) {
            Some(parent) => parent,
            None => SpanId::fresh()?,
        };
        let mut text = [b'-'; LENGTH];
        let parts: [(usize, &[u8]); 4] = [
            (0, b"00"),
            (3, &self.id.0),
            (36, &parent.0),
            (53, &[b'0', digit(self.flags)]),
        ];
        for (at, part) in parts {
            if let Some(place) = text.get_mut(at..at + part.len()) {
                place.copy_from_slice(part);
            }
        }
        HeaderValue::from_bytes(&text)
            .map(Some)
            .map_err(|_| RandomError)
    }

    /// Whether `tracestate` may go on: only with the trace that it came with
    /// (3.3.1.1 there).
    #[must_use]
    pub fn was_received(&self) -> bool {
        self.parent.is_some()
    }
}

fn digit(nibble: u8) -> u8 {
    b"0123456789abcdef"
        .get(usize::from(nibble & 0x0f))
        .copied()
        .unwrap_or(b'0')
}

fn byte(high: u8, low: u8) -> Option<u8> {
    let nibble = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    Some(nibble(high)? << 4 | nibble(low)?)
}

/// Random bytes that a thread has at hand: the system is asked for many at once.
struct Pool {
    bytes: [u8; Pool::SIZE],
    used: usize,
}

impl Pool {
    const SIZE: usize = 1536;
}

thread_local! {
    static POOL: RefCell<Pool> = const {
        RefCell::new(Pool {
            bytes: [0; Pool::SIZE],
            used: Pool::SIZE,
        })
    };
}

/// Hands over so many random bytes. They are names, not secrets.
pub(super) fn random<T>(length: usize, take: impl FnOnce(&[u8]) -> T) -> Result<T, RandomError> {
    POOL.with_borrow_mut(|pool| {
        if pool.used + length > Pool::SIZE {
            crate::clock::random(&mut pool.bytes)?;
            pool.used = 0;
        }
        let bytes = pool.bytes.get(pool.used..pool.used + length);
        pool.used += length;
        bytes.map(take).ok_or(RandomError)
    })
}

#[cfg(test)]
mod tests;
