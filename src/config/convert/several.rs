//! Names that people of several providers may share: not wrong, and rarely meant.
//!
//! Owns the look at subjects, account names, groups, access rights, claims and scopes
//! that are told or taken as a provider says them. Must not know what a name opens.
//!
//! A general map keeps nobody apart: it is each directory that writes the values
//! which the map knows. So a rule separates only where it stands in a provider's
//! own `identity`. These are warnings and no errors, since two directories of one
//! house may well mean the same by a name, and only their operator knows (ADR 21).

use super::Conversion;
use crate::config::error::ConfigWarningKind;
use crate::config::file::{AccessTable, FileConfig, HeadersTable, ProviderTable};
use crate::config::reader::{Item, Text};
use crate::config::{Identity, Provider};
use crate::gate::claims::ClaimPath;
use crate::gate::headers::preset::Preset;
use crate::gate::headers::template::Template;
use crate::gate::headers::{Name, Says, normalised};

/// The claim that is an address which the provider may speak for, or absent.
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
                    "write provider.{id}.identity.user, a claim or a map that makes names no other provider's people have; the claim email is kept apart by email_domains"
                );
                let place = table.place.child("identity").child("user");
                let claims: Vec<_> = identity.user.claims.iter().map(ClaimPath::as_str).collect();
                let kind = ConfigWarningKind::UserOfSeveral(claims.join(", "));
                self.findings.warn(&place, kind, &remedy);
            }
        }
        for ((id, table), identity) in tables.iter().zip(identities) {
            let own = &table.identity;
            if own.groups.is_none() {
                self.warn_of_no_own(id, table, "groups");
            }
            if identity.access_right.is_some() && own.access_right.is_none() {
                self.warn_of_no_own(id, table, "access_right");
            }
        }
    }

    /// Of names that count like those of any other provider.
    fn warn_of_no_own(&mut self, id: &str, table: &ProviderTable, key: &'static str) {
        let remedy = format!(
            "write provider.{id}.identity.{key}: a map with unmapped = \"drop\" says what its names mean here, the claim's name alone takes them as they are"
        );
        let place = table.place.child("identity").child(key);
        let kind = ConfigWarningKind::NamesOfSeveral(key);
        self.findings.warn(&place, kind, &remedy);
    }

    /// Warns of a rule on a claim that several providers write.
    pub(super) fn warn_of_claim(&mut self, table: &AccessTable, providers: Option<&[Provider]>) {
        let are_several = providers.is_some_and(|all| all.len() > 1);
        if let (true, Some(claim), None) = (are_several, &table.claim, &table.provider) {
            let kind = ConfigWarningKind::ClaimOfSeveral;
            let remedy = "add provider = [\"ID\"], whose word on it counts";
            self.findings.warn(&claim.place, kind, remedy);
        }
    }

    /// Warns of a rule on scopes that several providers write, or that no token
    /// can meet.
    pub(super) fn warn_of_scopes(&mut self, table: &AccessTable, providers: Option<&[Provider]>) {
        let (Some(all), Some(item)) = (providers, table.scopes.iter().flatten().next()) else {
            return;
        };
        match all.iter().filter(|one| one.api.are_any()).count() {
            0 => {
                let kind = ConfigWarningKind::ScopesOfNobody;
                let remedy = "write provider.ID.api of the provider whose tokens this route is for";
                self.findings.warn(&item.place, kind, remedy);
            }
            1 => {}
            _ if table.provider.is_some() => {}
            _ => {
                let kind = ConfigWarningKind::ScopesOfSeveral;
                let remedy = "add provider = [\"ID\"], whose scopes count";
                self.findings.warn(&item.place, kind, remedy);
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

/// Whether accounts are named by what `email_domains` keeps apart. Any other
/// claim may hold a name without a domain, whatever `identity.email` says of it.
fn is_email(identity: &Identity) -> bool {
    let mut claims = identity.user.claims.iter();
    claims.all(|claim| claim.as_str() == EMAIL)
}
