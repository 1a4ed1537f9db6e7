//! Names that people of several providers may share: not wrong, and rarely meant.
//!
//! Owns the look at subjects, account names, groups and access rights that are
//! told or taken as a provider says them. Must not know what a name opens.

use super::Conversion;
use crate::config::Identity;
use crate::config::error::ConfigWarningKind;
use crate::config::file::{ClaimTable, FileConfig, HeadersTable, IdentityTable, ProviderTable};
use crate::config::reader::{Item, Text};
use crate::gate::claims::ClaimPath;
use crate::gate::headers::preset::Preset;
use crate::gate::headers::template::Template;
use crate::gate::headers::{Name, Says, normalised};
use crate::gate::identity::rule::ClaimRule;

/// The claim that `email_domains` is about, unless `identity.email` names others.
const EMAIL: &str = "email";

impl Conversion<'_> {
    /// Warns of names that two providers may give to two people, where the
    /// provider has no rule of its own for them.
    pub(super) fn warn_of_names_alike(&mut self, file: &FileConfig, identities: &[Identity]) {
        let tables = file.providers.as_slice();
        if tables.len() < 2 {
            return;
        }
        for ((id, table), identity) in tables.iter().zip(identities) {
            if table.identity.user.is_none() && !is_email(identity) {
                let remedy = format!(
                    "write provider.{id}.identity.user, a claim or a map that makes names no other provider's people have; an email address is kept apart by email_domains"
                );
                let place = table.place.child("identity").child("user");
                let claims: Vec<_> = identity.user.claims.iter().map(ClaimPath::as_str).collect();
                let kind = ConfigWarningKind::UserOfSeveral(claims.join(", "));
                self.findings.warn(&place, kind, &remedy);
            }
        }
        let groups: Vec<_> = identities.iter().map(|one| Some(&one.groups)).collect();
        self.warn_of_unmapped(tables, &groups, ("groups", |own| own.groups.as_ref()));
        let rights: Vec<_> = identities
            .iter()
            .map(|one| one.access_right.as_ref())
            .collect();
        let right = ("access_right", access_right_of as OwnRule);
        self.warn_of_unmapped(tables, &rights, right);
    }

    /// Of rules that take names as they are, where more than one provider's do.
    fn warn_of_unmapped(
        &mut self,
        tables: &[(String, ProviderTable)],
        rules: &[Option<&ClaimRule>],
        (key, own): (&'static str, OwnRule),
    ) {
        let takes_any = |rule: &Option<&ClaimRule>| rule.is_some_and(|one| one.makes().is_none());
        if rules.iter().filter(|rule| takes_any(rule)).count() < 2 {
            return;
        }
        for ((id, table), rule) in tables.iter().zip(rules) {
            if takes_any(rule) && own(&table.identity).is_none() {
                let remedy = format!(
                    "write provider.{id}.identity.{key} with a map and unmapped = \"drop\": what its names mean here"
                );
                let place = table.place.child("identity").child(key);
                let kind = ConfigWarningKind::UnmappedOfSeveral(key);
                self.findings.warn(&place, kind, &remedy);
            }
        }
    }

    /// Warns of presets that tell a subject alone, in a header that is not set
    /// to anything else.
    pub(super) fn warn_of_presets(
        &mut self,
        table: &HeadersTable,
        presets: &[Preset],
        set: &[(Name, Says)],
    ) {
        if table.preset.is_none() && table.set.is_empty() {
            return;
        }
        let places = table.preset.iter().flatten().map(|item| &item.place);
        let places = places.chain(std::iter::repeat(&table.place));
        for (preset, place) in presets.iter().zip(places) {
            let is_set = |header: &str| {
                let same = normalised(header);
                set.iter().any(|(name, _)| name.normalised() == same)
            };
            let alone = preset.tells_subject_alone();
            for header in alone.into_iter().filter(|header| !is_set(header)) {
                let kind = ConfigWarningKind::SubjectAlone(header.to_owned());
                let remedy = format!("write headers.set.{header} = \"{{provider}}|{{sub}}\"");
                self.findings.warn(place, kind, &remedy);
            }
        }
    }

    /// Warns of a template that tells a subject alone.
    pub(super) fn warn_of_template(&mut self, name: &str, item: &Item<Text>, template: &Template) {
        if template.tells_subject_alone() {
            let kind = ConfigWarningKind::SubjectAlone(name.to_owned());
            let remedy = "tell both in it, such as \"{provider}|{sub}\"";
            self.findings.warn(&item.place, kind, remedy);
        }
    }
}

/// A provider's own rule.
type OwnRule = fn(&IdentityTable) -> Option<&ClaimTable>;

fn access_right_of(own: &IdentityTable) -> Option<&ClaimTable> {
    own.access_right.as_ref()
}

/// Whether accounts are named by what `email_domains` keeps apart, or by names of
/// the map alone.
fn is_email(identity: &Identity) -> bool {
    let is_it = |claim: &ClaimPath| {
        claim.as_str() == EMAIL || identity.email.claims.iter().any(|one| one == claim)
    };
    identity.user.makes().is_some() || identity.user.claims.iter().all(is_it)
}
