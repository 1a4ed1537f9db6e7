//! `[headers.assertion]`.

use std::sync::Arc;

use super::Conversion;
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::AssertionTable;
use crate::config::reader::{Item, Source};
use crate::gate::assertion::Asserter;
use crate::gate::assertion::key::AssertionKey;
use crate::gate::headers::{Name, Says};

/// The header by default; a test holds it to be a good name.
const HEADER: &str = "X-Vestibule-Assertion";

impl Conversion<'_> {
    /// `set` are the headers of `headers.set`; `several`: there is more than one provider.
    pub(super) fn assertion(
        &mut self,
        table: &AssertionTable,
        set: &[(Name, Says)],
        several: bool,
    ) -> Option<(Name, Arc<Asserter>)> {
        let header = match &table.header {
            None => Name::parse(HEADER).ok(),
            Some(item) => {
                let text = self.text(item, HEADER);
                text.and_then(|text| {
                    let name = Item {
                        value: text,
                        place: item.place.clone(),
                    };
                    self.header_name(&name, set)
                })
            }
        };
        let audience = match &table.audience {
            Some(item) => self.text(item, "not-read"),
            None => {
                let remedy = "write whom it is for, such as audience = \"wiki\"; the app has to check for the same";
                self.findings
                    .missing(&table.place.child("audience"), remedy);
                None
            }
        };
        let keys = self.assertion_keys(table);
        let asserter = Asserter::new(audience?, keys)?.of_several(several);
        Some((header?, Arc::new(asserter)))
    }

    fn assertion_keys(&mut self, table: &AssertionTable) -> Vec<AssertionKey> {
        let Some(items) = &table.keys else {
            let remedy = "write keys = [{ file = \"/run/secrets/assertion-key\" }]; `vestibule keygen --assertion` makes a key";
            self.findings.missing(&table.place.child("keys"), remedy);
            return Vec::new();
        };
        let mut keys: Vec<AssertionKey> = Vec::new();
        for item in items {
            for key in self.assertion_keys_of(item) {
                if keys.iter().any(|other| other.kid() == key.kid()) {
                    let remedy = "remove one of the two; to rotate, make a new one with `vestibule keygen --assertion`";
                    self.findings
                        .warn(&item.place, ConfigWarningKind::RepeatedKey, remedy);
                } else {
                    keys.push(key);
                }
            }
        }
        keys
    }

    fn assertion_keys_of(&mut self, item: &Item<Source>) -> Vec<AssertionKey> {
        if self.outside.secrets.is_none() {
            // Stands in for a key that was not to be read; nothing is signed with it.
            return AssertionKey::generate().into_iter().collect();
        }
        let Some(text) = self.source(&item.value, &item.place, "") else {
            return Vec::new();
        };
        AssertionKey::parse_all(&text).unwrap_or_else(|error| {
            let remedy = "put a key for P-256 in, as PKCS#8 in PEM; `vestibule keygen --assertion` makes one";
            self.findings
                .error(&item.place, ConfigErrorKind::AssertionKey(error), remedy);
            Vec::new()
        })
    }
}
