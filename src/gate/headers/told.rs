//! What the app is told of one person, ready to be sent.
//!
//! Owns the bounds of values, and that none of them is ever shown. Must not
//! know what a value means, nor requests.

use http::HeaderValue;

use super::{Name, Untellable, VALUE_MAX};

/// A person's headers, made once per verified token. A clone of a value shares
/// its bytes. Debug shows no value.
#[derive(Default)]
pub struct Told {
    set: Vec<(Name, HeaderValue)>,
    left_out: Vec<Name>,
}

impl Told {
    /// The headers.
    #[must_use]
    pub fn set(&self) -> &[(Name, HeaderValue)] {
        &self.set
    }

    /// Headers of which something was left out: a list item that would have
    /// read as several, or text that the header's encoding cannot say.
    #[must_use]
    pub fn left_out(&self) -> &[Name] {
        &self.left_out
    }

    pub(super) fn leave_out(&mut self, name: Name) {
        self.left_out.push(name);
    }

    pub(super) fn push_secret(&mut self, name: &Name, secret: &HeaderValue) {
        let mut secret = secret.clone();
        secret.set_sensitive(true);
        self.set.push((name.clone(), secret));
    }

    /// Adds a header, if there is something to say.
    pub(super) fn push(
        &mut self,
        name: &Name,
        value: Option<Vec<u8>>,
        left_out: bool,
    ) -> Result<(), Untellable> {
        if left_out {
            self.left_out.push(name.clone());
        }
        let Some(value) = value.filter(|value| !value.is_empty()) else {
            return Ok(());
        };
        if value.len() > VALUE_MAX {
            return Err(Untellable::TooLong);
        }
        // Every encoding gives legal bytes: never an error.
        let mut value = HeaderValue::try_from(value).map_err(|_| Untellable::TooLong)?;
        value.set_sensitive(true);
        self.set.push((name.clone(), value));
        Ok(())
    }
}

impl std::fmt::Debug for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Told")
            .field("set", &self.set.len())
            .field("left_out", &self.left_out)
            .finish()
    }
}
