//! `max_auth_age`: how long ago people may have authenticated at the provider.

use std::time::Duration;

use super::super::Conversion;
use crate::config::file::ProviderTable;

/// `auth_time` is in whole seconds.
const MIN: Duration = Duration::from_secs(1);
const MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Conversion<'_> {
    /// `None`: the value is bad. `Some(None)`: no limit, which is the default.
    #[expect(clippy::option_option, reason = "bad, off, or a span")]
    pub(super) fn max_auth_age(&mut self, table: &ProviderTable) -> Option<Option<Duration>> {
        let Some(item) = table.max_auth_age.as_ref() else {
            return Some(None);
        };
        if self.is_unread(item) || self.text(item, "off")? == "off" {
            return Some(None);
        }
        let remedy = "write how long after their sign-in at the provider people have to sign in there again, at least \"1s\" and at most \"365d\", or \"off\"";
        let age = self.span(Some(item), MIN, MIN.as_secs()..=MAX.as_secs(), remedy)?;
        let remedy =
            "people sign in at the provider again while they read a page; most sites choose hours";
        self.warn_of_short(item, age, remedy);
        Some(Some(age))
    }
}
