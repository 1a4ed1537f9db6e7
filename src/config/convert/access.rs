//! `route.access`: one word, or rules on who somebody is.

use std::sync::Arc;

use super::{Conversion, nearest};
use crate::config::Provider;
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::{AccessTable, RouteTable};
use crate::config::reader::{Item, Text, TextOrTables};
use crate::gate::claims::ClaimPath;
use crate::gate::route::Access;
use crate::gate::rule::{Condition, Rule, Rules, Values};

const WORDS: &[&str] = &["public", "optional", "signed-in", "nobody"];

impl Conversion<'_> {
    /// What cannot be read stands as closed to everyone until the report is out.
    pub(super) fn access(&mut self, table: &RouteTable, providers: Option<&[Provider]>) -> Access {
        match &table.access {
            None => Access::SignedIn,
            Some(TextOrTables::Text(word)) => self.access_word(word),
            Some(TextOrTables::Tables(tables)) => {
                let rules: Vec<Option<Rule>> = tables
                    .iter()
                    .map(|table| self.access_rule(table, providers))
                    .collect();
                let rules: Option<Vec<Rule>> = rules.into_iter().collect();
                rules
                    .and_then(Rules::new)
                    .map_or(Access::Nobody, |rules| Access::Rules(Arc::new(rules)))
            }
        }
    }

    /// What is for API clients has no effect where none is taken.
    pub(super) fn warn_of_api(&mut self, table: &RouteTable, access: &Access) {
        let is_api = table.api.as_ref().is_some_and(|item| item.value);
        if let Some(item) = table.api.as_ref().filter(|item| item.value)
            && !access.looks_for_identity()
        {
            let remedy = "leave it out, or say with access who may pass";
            let kind = ConfigWarningKind::ApiIdle(access.word());
            self.findings.warn(&item.place, kind, remedy);
        }
        let tables = match &table.access {
            Some(TextOrTables::Tables(tables)) if !is_api => tables.as_slice(),
            _ => &[],
        };
        for item in tables.iter().filter_map(|one| one.scopes.as_ref()?.first()) {
            let remedy = "write api = true beside access: then Authorization: Bearer is accepted";
            let kind = ConfigWarningKind::ScopesWithoutApi;
            self.findings.warn(&item.place, kind, remedy);
        }
    }

    fn access_word(&mut self, item: &Item<Text>) -> Access {
        if self.is_unread(item) {
            return Access::SignedIn;
        }
        match self.text(item, "").as_deref() {
            Some("public") => Access::Public,
            Some("optional") => Access::Optional,
            Some("signed-in") => Access::SignedIn,
            Some("nobody") | None => Access::Nobody,
            Some(other) => {
                self.not_a_choice(item, other, WORDS);
                Access::Nobody
            }
        }
    }

    /// `None` if there are errors among the findings.
    fn access_rule(&mut self, table: &AccessTable, providers: Option<&[Provider]>) -> Option<Rule> {
        if table.is_empty {
            let remedy = "name what is needed, such as groups = [\"Editors\"]; access = \"signed-in\" is for everybody who is signed in";
            self.findings
                .error(&table.place, ConfigErrorKind::Empty, remedy);
            return None;
        }
        self.warn_of_claim(table, providers);
        self.warn_of_scopes(table, providers);
        let any = |_: &mut Self, _: &Item<Text>, _: &str| true;
        let is_provider =
            |work: &mut Self, item: &Item<Text>, id: &str| work.is_provider(item, id, providers);
        let conditions = [
            self.access_values(table.groups.as_deref(), any)
                .map(Condition::Groups),
            self.access_values(table.all_groups.as_deref(), any)
                .map(Condition::AllGroups),
            self.access_values(table.access_right.as_deref(), any)
                .map(Condition::AccessRight),
            self.access_values(table.email_domains.as_deref(), Self::is_email_domain)
                .map(Condition::EmailDomains),
            self.access_values(table.provider.as_deref(), is_provider)
                .map(Condition::Provider),
            self.access_values(table.scopes.as_deref(), Self::is_scope)
                .map(Condition::Scopes),
            self.claim_condition(table),
        ];
        let named = [
            table.groups.is_some(),
            table.all_groups.is_some(),
            table.access_right.is_some(),
            table.email_domains.is_some(),
            table.provider.is_some(),
            table.scopes.is_some(),
            table.claim.is_some() || table.any_of.is_some(),
        ];
        // A condition that could not be read is not "no condition".
        let lost = conditions
            .iter()
            .zip(named)
            .any(|(condition, named)| named && condition.is_none());
        if lost {
            return None;
        }
        Rule::new(conditions.into_iter().flatten().collect())
    }

    /// The values of a key, if it is there and all of them are good.
    fn access_values(
        &mut self,
        items: Option<&[Item<Text>]>,
        is_good: impl Fn(&mut Self, &Item<Text>, &str) -> bool,
    ) -> Option<Values> {
        let items = items?;
        let values: Vec<String> = items
            .iter()
            .filter_map(|item| {
                let value = self.access_value(item)?;
                is_good(self, item, &value).then_some(value)
            })
            .collect();
        let all = values.len() == items.len();
        all.then_some(values).and_then(Values::new)
    }

    fn claim_condition(&mut self, table: &AccessTable) -> Option<Condition> {
        if table.claim.is_none() && table.any_of.is_some() {
            let remedy = "write claim = \"NAME\", the claim that any_of is about";
            self.findings.missing(&table.place.child("claim"), remedy);
        }
        if table.claim.is_some() && table.any_of.is_none() {
            let remedy = "write any_of = [\"VALUE\"], the values that open this route";
            self.findings.missing(&table.place.child("any_of"), remedy);
        }
        let path = table.claim.as_ref().map(|claim| self.access_claim(claim));
        let values = self.access_values(table.any_of.as_deref(), |_, _, _| true);
        Some(Condition::Claim(path??, values?))
    }

    fn access_claim(&mut self, item: &Item<Text>) -> Option<ClaimPath> {
        let text = self.text(item, "not-read")?;
        match ClaimPath::parse(text.trim()) {
            Ok(path) => Some(path),
            Err(error) => {
                let remedy = "a dot goes one step down, as in \"address.country\"; \"\\\\.\" is a dot of the name itself";
                self.findings.error(&item.place, error, remedy);
                None
            }
        }
    }

    /// Trimmed, as the values of people are.
    fn access_value(&mut self, item: &Item<Text>) -> Option<String> {
        let text = self.text(item, "not-read")?;
        let value = text.trim();
        if value.is_empty() {
            let remedy = "write the value that opens this route";
            self.findings
                .error(&item.place, ConfigErrorKind::Empty, remedy);
            return None;
        }
        Some(value.to_owned())
    }

    pub(super) fn is_email_domain(&mut self, item: &Item<Text>, domain: &str) -> bool {
        let stray = |c: char| c.is_whitespace() || c.is_control() || "@*/,;:".contains(c);
        let dots = domain.starts_with('.') || domain.ends_with('.') || domain.contains("..");
        if !dots && !domain.contains(stray) {
            return true;
        }
        let remedy = "write what follows the \"@\", such as \"example.com\"; subdomains are listed one by one";
        self.findings
            .error(&item.place, ConfigErrorKind::EmailDomain, remedy);
        false
    }

    /// One word (RFC 6749 3.3): it goes into a header too.
    fn is_scope(&mut self, item: &Item<Text>, scope: &str) -> bool {
        let legal = |b: u8| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\');
        if scope.bytes().all(legal) {
            return true;
        }
        let remedy = "write one scope as it stands in tokens, such as \"orders/read\"; several are a list, of which any will do";
        self.findings
            .error(&item.place, ConfigErrorKind::RuleScope, remedy);
        false
    }

    fn is_provider(&mut self, item: &Item<Text>, id: &str, providers: Option<&[Provider]>) -> bool {
        let Some(providers) = providers else {
            // Their own mistakes are in the report.
            return true;
        };
        let known = || providers.iter().map(|provider| provider.id.as_str());
        if known().any(|known| known == id) || self.is_unread(item) {
            return true;
        }
        let remedy = match (nearest(id, known()), &item.value) {
            (Some(near), Text::Inline(_)) => format!("did you mean \"{near}\"?"),
            _ => "write the name of its table, the ID of [provider.ID]".to_owned(),
        };
        let kind = ConfigErrorKind::ProviderUnknown(known().collect::<Vec<_>>().join(", "));
        self.findings.error(&item.place, kind, remedy);
        false
    }
}
