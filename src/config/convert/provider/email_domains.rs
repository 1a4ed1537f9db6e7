//! `email_domains`: for whose emails a provider may speak. What one says depends
//! on what the others list.

use super::super::Conversion;
use crate::config::error::ConfigErrorKind;
use crate::config::file::ProviderTable;
use crate::config::reader::{Item, Text};
use crate::gate::email::{EmailDomains, normal};

/// Stands for all that no other provider lists.
const OTHERS: &str = "*";

/// What one provider lists.
#[derive(Default)]
struct Listed {
    domains: Vec<String>,
    others: bool,
}

impl Conversion<'_> {
    /// Of each provider, in the order of the file.
    pub(super) fn email_domains(
        &mut self,
        providers: &[(String, ProviderTable)],
    ) -> Vec<EmailDomains> {
        let mut taken: Vec<(String, &str)> = Vec::new();
        let mut listed: Vec<Option<Listed>> = Vec::new();
        for (id, table) in providers {
            if table.email_domains.is_none() && providers.len() > 1 {
                let remedy = "list the domains whose emails it may speak for, such as [\"example.com\"]; [\"*\"] is all that no other provider lists";
                self.findings
                    .missing(&table.place.child("email_domains"), remedy);
            }
            let items = table.email_domains.as_deref();
            listed.push(items.map(|items| self.listed(id, items, &mut taken)));
        }
        let of = |(place, own): (usize, &Option<Listed>)| match own {
            None => EmailDomains::Any,
            Some(own) if own.others => {
                let theirs = listed
                    .iter()
                    .enumerate()
                    .filter(|(other, _)| *other != place);
                let theirs = theirs.filter_map(|(_, other)| other.as_ref());
                EmailDomains::AllBut(theirs.flat_map(|other| other.domains.clone()).collect())
            }
            Some(own) => EmailDomains::Only(own.domains.clone()),
        };
        listed.iter().enumerate().map(of).collect()
    }

    /// `taken` is who lists what so far.
    fn listed<'p>(
        &mut self,
        id: &'p str,
        items: &[Item<Text>],
        taken: &mut Vec<(String, &'p str)>,
    ) -> Listed {
        let mut listed = Listed::default();
        for item in items {
            // Two texts that were not to be read only look alike.
            let is_unread = self.is_unread(item);
            let Some(text) = self.text(item, "not-read.invalid") else {
                continue;
            };
            let domain = match text.trim() {
                OTHERS => OTHERS.to_owned(),
                text if self.is_email_domain(item, text) => match normal(text) {
                    Some(domain) => domain,
                    None => {
                        let remedy = "write what follows the \"@\", such as \"example.com\"";
                        self.findings
                            .error(&item.place, ConfigErrorKind::EmailDomain, remedy);
                        continue;
                    }
                },
                _ => continue,
            };
            match taken
                .iter()
                .find(|(other, _)| *other == domain && !is_unread)
            {
                Some((_, other)) if *other != id => {
                    let remedy = "list each domain at one provider: two that spoke for the same people could each sign in as them";
                    let kind = ConfigErrorKind::EmailDomainTaken((*other).to_owned());
                    self.findings.error(&item.place, kind, remedy);
                }
                Some(_) => {}
                None => taken.push((domain.clone(), id)),
            }
            match domain.as_str() {
                OTHERS => listed.others = true,
                _ => listed.domains.push(domain),
            }
        }
        listed
    }
}
