//! What the app is told of one person, ready to be sent.
//!
//! Owns the bounds of values, and that none of them is ever shown. Must not
//! know what a value means, nor requests.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;

use super::{Name, Untellable, VALUE_MAX};
use crate::gate::assertion::Assertion;
use crate::gate::time::UnixTime;

/// A person's headers, made once per verified token. A clone of a value shares
/// its bytes; [`pack`](Self::pack) puts those of all values side by side, since
/// what is scattered over the memory of thousands of sessions is fetched piece
/// by piece. Debug shows no value.
pub struct Told {
    set: Vec<(Arc<Name>, HeaderValue)>,
    /// Headers with the access token.
    for_now: Vec<(Arc<Name>, HeaderValue)>,
    /// When that ends.
    until: Option<UnixTime>,
    left_out: Vec<Name>,
    assertion: Option<(Name, Assertion)>,
}

impl Told {
    /// Nothing yet; `until` is the end of the access token.
    pub(super) fn new(until: Option<UnixTime>) -> Self {
        Self {
            set: Vec::new(),
            for_now: Vec::new(),
            until,
            left_out: Vec::new(),
            assertion: None,
        }
    }

    /// The headers at `now`: an access token that has ended is not sent.
    pub fn set(&self, now: UnixTime) -> impl Iterator<Item = (&Name, &HeaderValue)> {
        let holds = self.until.is_some_and(|until| now < until);
        let for_now = if holds { self.for_now.as_slice() } else { &[] };
        let all = self.set.iter().chain(for_now);
        all.map(|(name, value)| (&**name, value))
    }

    /// Headers of which something was left out: a list item that would have
    /// read as several, or text that the header's encoding cannot say.
    #[must_use]
    pub fn left_out(&self) -> &[Name] {
        &self.left_out
    }

    /// The signed assertion, which is good for all requests of the session.
    #[must_use]
    pub fn assertion(&self) -> Option<&(Name, Assertion)> {
        self.assertion.as_ref()
    }

    pub(super) fn assert(&mut self, name: &Name, assertion: Assertion) -> Result<(), Untellable> {
        if assertion.max_len() > VALUE_MAX {
            return Err(Untellable::TooLong);
        }
        self.assertion = Some((name.clone(), assertion));
        Ok(())
    }

    /// What it takes in memory, estimated in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        let assertion = self.assertion.as_ref().map(|(_, one)| one.max_len());
        let all = self.set.iter().chain(&self.for_now).map(|(name, value)| {
            size_of::<(Arc<Name>, HeaderValue)>() + name.as_str().len() + value.len()
        });
        all.sum::<usize>() + 2 * assertion.unwrap_or_default()
    }

    pub(super) fn leave_out(&mut self, name: Name) {
        self.left_out.push(name);
    }

    pub(super) fn push_secret(&mut self, name: &Arc<Name>, secret: &HeaderValue) {
        let mut secret = secret.clone();
        secret.set_sensitive(true);
        self.set.push((Arc::clone(name), secret));
    }

    /// Adds a header, if there is something to say.
    pub(super) fn push(
        &mut self,
        name: &Arc<Name>,
        value: Option<Vec<u8>>,
        left_out: bool,
    ) -> Result<(), Untellable> {
        let value = self.checked(name, value, left_out)?;
        self.set
            .extend(value.map(|value| (Arc::clone(name), value)));
        Ok(())
    }

    /// Adds a header that holds the access token.
    pub(super) fn push_for_now(
        &mut self,
        name: &Arc<Name>,
        value: Option<Vec<u8>>,
        left_out: bool,
    ) -> Result<(), Untellable> {
        let value = self.checked(name, value, left_out)?;
        self.for_now
            .extend(value.map(|value| (Arc::clone(name), value)));
        Ok(())
    }

    /// Puts the bytes of all values into one piece of memory.
    pub(super) fn pack(mut self) -> Self {
        let values = || self.set.iter().map(|(_, value)| value.as_bytes());
        let mut all = Vec::with_capacity(values().map(<[u8]>::len).sum());
        values().for_each(|value| all.extend_from_slice(value));
        let mut rest = Bytes::from(all);
        for (_, value) in &mut self.set {
            let bytes = rest.split_to(value.len().min(rest.len()));
            // They were a value before: always one again.
            if let Ok(mut packed) = HeaderValue::from_maybe_shared(bytes) {
                packed.set_sensitive(value.is_sensitive());
                *value = packed;
            }
        }
        self
    }

    fn checked(
        &mut self,
        name: &Name,
        value: Option<Vec<u8>>,
        left_out: bool,
    ) -> Result<Option<HeaderValue>, Untellable> {
        if left_out {
            self.left_out.push(name.clone());
        }
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return Ok(None);
        };
        if value.len() > VALUE_MAX {
            return Err(Untellable::TooLong);
        }
        // Every encoding gives legal bytes: never an error.
        let mut value = HeaderValue::try_from(value).map_err(|_| Untellable::TooLong)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Told")
            .field("set", &self.set.len())
            .field("for_now", &self.for_now.len())
            .field("left_out", &self.left_out)
            .field("assertion", &self.assertion)
            .finish()
    }
}
