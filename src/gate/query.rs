//! Query parameters of our own endpoints.

use url::form_urlencoded;

use super::request::RequestView;

/// Decoded parameters in order. Debug shows none: a code may be among them.
pub(super) struct Params(Vec<(String, String)>);

/// A parameter that may be there once is there twice (RFC 6749 3.1): two
/// readers could see two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Doubled;

impl std::fmt::Debug for Params {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Params({})", self.0.len())
    }
}

impl Params {
    pub(super) fn of(req: &RequestView<'_>) -> Self {
        let query = req.query().unwrap_or_default();
        Self(
            form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// A parameter's value; empty counts as absent (RFC 6749 3.1).
    pub(super) fn one(&self, name: &str) -> Result<Option<&str>, Doubled> {
        let mut values = self.0.iter().filter(|(n, _)| n == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err(Doubled),
            (Some((_, value)), None) if !value.is_empty() => Ok(Some(value)),
            _ => Ok(None),
        }
    }

    /// All of them, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The same, but for those of these names.
    pub(super) fn without<'p>(
        &'p self,
        names: &'p [&str],
    ) -> impl Iterator<Item = (&'p str, &'p str)> {
        self.all().filter(|(name, _)| !names.contains(name))
    }

    /// Whether any parameter at all is there twice.
    pub(super) fn any_doubled(&self) -> bool {
        let mut seen = std::collections::HashSet::new();
        !self.0.iter().all(|(name, _)| seen.insert(name))
    }
}
