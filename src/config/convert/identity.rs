//! `[identity]`.

mod map;

use super::{Choices, Conversion};
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::{ClaimTable, IdentityTable};
use crate::config::reader::{Item, Place, Text};
use crate::config::{Identity, ProviderKind};
use crate::gate::claims::ClaimPath;
use crate::gate::identity::rule::{AttributeKind, AttributeRule, ClaimRule, ClaimSource, Unmapped};

/// Longest name of an attribute.
const NAME_MAX: usize = 64;

/// The user name of a Cognito pool, in access and in ID tokens.
const USER_NAMES: &[&str] = &["username", "cognito:username"];

/// What claims can be read from depends on their provider.
#[derive(Clone, Copy)]
pub(super) struct Speaker<'t> {
    pub(super) id: &'t str,
    pub(super) kind: ProviderKind,
    pub(super) userinfo: bool,
    /// Whether there are other providers beside it.
    pub(super) of_several: bool,
}

/// What a rule is for: that decides which keys mean something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// User or email: who somebody is, so never a default.
    Account,
    /// One value.
    One,
    /// Several values.
    Several,
    /// One of several values.
    Right,
}

impl Conversion<'_> {
    /// What `[identity]` says, and in its place, key by key, what the provider's
    /// own table does. `provider` as far as it is known.
    pub(super) fn identity(
        &mut self,
        table: &IdentityTable,
        own: Option<&IdentityTable>,
        provider: Option<Speaker<'_>>,
    ) -> Identity {
        let groups = match provider.map(|provider| provider.kind) {
            Some(ProviderKind::Oidc) => "groups",
            Some(ProviderKind::Cognito) | None => "cognito:groups",
        };
        let of = |key: fn(&IdentityTable) -> Option<&ClaimTable>| {
            own.and_then(key).or_else(|| key(table))
        };
        let user = of(|table| table.user.as_ref());
        let email = of(|table| table.email.as_ref());
        let name = of(|table| table.name.as_ref());
        let groups_table = of(|table| table.groups.as_ref());
        let right = of(|table| table.access_right.as_ref());
        let user_rule = self.rule_or(user, Use::Account, "email", provider);
        if provider.is_some_and(|provider| provider.kind == ProviderKind::Cognito) {
            self.warn_of_name_of_choice(user, &user_rule);
        }
        Identity {
            user: user_rule,
            email: self.rule_or(email, Use::Account, "email", provider),
            name: name.map(|table| self.rule(table, Use::One, None, provider)),
            groups: self.rule_or(groups_table, Use::Several, groups, provider),
            keep_provider_group: groups_table
                .and_then(|groups| groups.keep_provider_group.as_ref())
                .is_some_and(|keep| keep.value),
            access_right: right.map(|table| self.rule(table, Use::Right, None, provider)),
            order: right.map(|table| self.order(table)).unwrap_or_default(),
            attributes: attributes(table, own)
                .into_iter()
                .filter_map(|(name, table)| self.attribute(name, table, provider))
                .collect(),
        }
    }

    /// A pool may let people choose their user name, which may be anything
    /// then, an address of somebody else too. After `email` it stands in for
    /// one, and apps take it for one. A map that keeps no others is a list of
    /// who is meant.
    fn warn_of_name_of_choice(&mut self, table: Option<&ClaimTable>, rule: &ClaimRule) {
        let names = table.and_then(|table| table.claim.as_deref());
        let later = rule.claims.iter().zip(names.unwrap_or_default());
        let later = later.skip_while(|(claim, _)| claim.as_str() != "email");
        for (claim, item) in later.filter(|(claim, _)| USER_NAMES.contains(&claim.as_str())) {
            if rule.map.is_none() || rule.unmapped == Unmapped::Keep {
                let kind = ConfigWarningKind::NameOfChoice(claim.as_str().to_owned());
                let remedy =
                    "write \"sub\" in its place, unless people of this pool cannot choose it";
                self.findings.warn(&item.place, kind, remedy);
            }
        }
    }

    fn attribute(
        &mut self,
        name: &Item<String>,
        table: &ClaimTable,
        provider: Option<Speaker<'_>>,
    ) -> Option<AttributeRule> {
        let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        let good = (1..=NAME_MAX).contains(&name.value.len()) && name.value.bytes().all(legal);
        if !good {
            let remedy =
                "choose a short word; it stands in header templates, as in {attribute.department}";
            self.findings
                .error(&name.place, ConfigErrorKind::AttributeName, remedy);
        }
        let kinds = Choices {
            words: &["string", "list", "number", "bool"],
            values: &[
                AttributeKind::Text,
                AttributeKind::List,
                AttributeKind::Number,
                AttributeKind::Bool,
            ],
        };
        let kind = self.choice(table.kind.as_ref(), &kinds, AttributeKind::Text);
        let of = match kind {
            AttributeKind::List => Use::Several,
            AttributeKind::Text | AttributeKind::Number | AttributeKind::Bool => Use::One,
        };
        let rule = self.rule_of(table, of, None, provider);
        good.then(|| AttributeRule {
            name: name.value.clone(),
            rule,
            kind,
        })
    }

    /// The rule of a key that has a default.
    fn rule_or(
        &mut self,
        table: Option<&ClaimTable>,
        of: Use,
        claim: &'static str,
        provider: Option<Speaker<'_>>,
    ) -> ClaimRule {
        match table {
            Some(table) => self.rule(table, of, Some(claim), provider),
            None => built_in(claim).into(),
        }
    }

    /// The rule of a key that is no attribute, and so has its type.
    fn rule(
        &mut self,
        table: &ClaimTable,
        of: Use,
        claim: Option<&'static str>,
        provider: Option<Speaker<'_>>,
    ) -> ClaimRule {
        if let Some(kind) = &table.kind {
            let own = match of {
                Use::Several => "list",
                Use::Account | Use::One | Use::Right => "string",
            };
            if self.text(kind, own).is_some_and(|kind| kind != own) {
                let remedy = "remove it; only attributes have a type to choose";
                self.findings
                    .error(&kind.place, ConfigErrorKind::TypeIsGiven(own), remedy);
            }
        }
        self.rule_of(table, of, claim, provider)
    }

    fn rule_of(
        &mut self,
        table: &ClaimTable,
        of: Use,
        claim: Option<&'static str>,
        provider: Option<Speaker<'_>>,
    ) -> ClaimRule {
        let map = self.map(table, of);
        let default = self.default(table, of);
        ClaimRule {
            claims: self.claims(table, claim),
            from: self.from(table.from.as_ref(), provider),
            split: self.split(table.split.as_ref(), of),
            unmapped: self.unmapped(table, of, map.is_some(), !default.is_empty()),
            map,
            default,
        }
    }

    fn claims(&mut self, table: &ClaimTable, default: Option<&'static str>) -> Vec<ClaimPath> {
        if let Some(names) = &table.claim {
            return names.iter().filter_map(|item| self.claim(item)).collect();
        }
        if default.is_none() {
            let remedy = "write claim = \"NAME\", the claim in the provider's token";
            self.findings.missing(&table.place.child("claim"), remedy);
        }
        default.map(built_in).unwrap_or_default()
    }

    fn claim(&mut self, item: &Item<Text>) -> Option<ClaimPath> {
        let text = self.text(item, "not-read")?;
        match ClaimPath::parse(&text) {
            Ok(path) => Some(path),
            Err(error) => {
                let remedy = "a dot goes one step down, as in \"address.country\"; \"\\\\.\" is a dot of the name itself";
                self.findings.error(&item.place, error, remedy);
                None
            }
        }
    }

    fn from(
        &mut self,
        item: Option<&Item<Text>>,
        provider: Option<Speaker<'_>>,
    ) -> Option<ClaimSource> {
        let sources = Choices {
            words: &["id_token", "access_token", "userinfo"],
            values: &[
                Some(ClaimSource::IdToken),
                Some(ClaimSource::AccessToken),
                Some(ClaimSource::Userinfo),
            ],
        };
        let source = self.choice(item, &sources, None);
        let (item, provider) = (item?, provider?);
        match source {
            Some(ClaimSource::AccessToken) if provider.kind == ProviderKind::Oidc => {
                let remedy = "use \"id_token\" or \"userinfo\"; only Cognito's access tokens can be verified";
                self.findings
                    .error(&item.place, ConfigErrorKind::AccessTokenOpaque, remedy);
            }
            Some(ClaimSource::Userinfo) if !provider.userinfo => {
                let remedy = format!("add userinfo = true to [provider.{}]", provider.id);
                self.findings
                    .error(&item.place, ConfigErrorKind::UserinfoIsOff, remedy);
            }
            Some(ClaimSource::AccessToken | ClaimSource::IdToken | ClaimSource::Userinfo)
            | None => {}
        }
        source
    }

    fn split(&mut self, item: Option<&Item<Text>>, of: Use) -> Option<String> {
        let item = item?;
        if matches!(of, Use::Account | Use::One) {
            let remedy = "remove it, or write type = \"list\" for an attribute";
            self.findings
                .error(&item.place, ConfigErrorKind::SplitOfOne, remedy);
            return None;
        }
        self.text(item, ",")
    }

    /// What holds where nothing is left.
    fn default(&mut self, table: &ClaimTable, of: Use) -> Vec<String> {
        let Some(items) = &table.default else {
            return Vec::new();
        };
        let place = items.first().map_or(&table.place, |item| &item.place);
        if of == Use::Account {
            let remedy =
                "remove it; for a second choice of claim, write claim = [\"email\", \"sub\"]";
            self.findings
                .error(place, ConfigErrorKind::DefaultAccount, remedy);
            return Vec::new();
        }
        self.values(items, of != Use::Several)
    }

    /// Local names; one if only one has a meaning.
    fn values(&mut self, items: &[Item<Text>], only_one: bool) -> Vec<String> {
        if let (true, Some(second)) = (only_one, items.get(1)) {
            let remedy = "keep one of them";
            self.findings
                .error(&second.place, ConfigErrorKind::SeveralValues, remedy);
        }
        let mut values: Vec<String> = Vec::new();
        for item in items {
            let Some(text) = self.text(item, "not-read") else {
                continue;
            };
            let text = text.trim().to_owned();
            if text.is_empty() {
                let remedy = "give it a value, or leave the key out";
                self.findings
                    .error(&item.place, ConfigErrorKind::Empty, remedy);
            } else if !values.contains(&text) {
                values.push(text);
            }
        }
        values
    }

    fn order(&mut self, table: &ClaimTable) -> Vec<String> {
        let items = table.order.as_deref().unwrap_or_default();
        let order = self.values(items, false);
        if order.len() < items.len() && !items.iter().any(|item| self.is_unread(item)) {
            self.repeated_in_order(items);
        }
        order
    }

    fn repeated_in_order(&mut self, items: &[Item<Text>]) {
        let mut seen: Vec<(String, &Place)> = Vec::new();
        for item in items {
            let Text::Inline(text) = &item.value else {
                continue;
            };
            let text = text.trim();
            if text.is_empty() {
                continue;
            }
            if let Some((_, first)) = seen.iter().find(|(other, _)| other == text) {
                let kind = ConfigErrorKind::Repeated(first.key().to_owned());
                self.findings.error(
                    &item.place,
                    kind,
                    "name each right once, the first to count first",
                );
            }
            seen.push((text.to_owned(), &item.place));
        }
    }

    fn unmapped(
        &mut self,
        table: &ClaimTable,
        of: Use,
        has_map: bool,
        has_default: bool,
    ) -> Unmapped {
        let item = table.unmapped.as_ref();
        if of == Use::Right {
            let choices = Choices {
                words: &["keep", "deny", "default"],
                values: &[Unmapped::Keep, Unmapped::Deny, Unmapped::Default],
            };
            let usual = match (has_default, has_map) {
                (true, _) => Unmapped::Default,
                (false, true) => Unmapped::Deny,
                (false, false) => Unmapped::Keep,
            };
            let chosen = self.choice(item, &choices, usual);
            if chosen == Unmapped::Default && table.default.is_none() {
                let remedy = "write the right that people get who have none that is mapped";
                self.findings.missing(&table.place.child("default"), remedy);
            }
            return chosen;
        }
        let choices = Choices {
            words: &["keep", "drop"],
            values: &[Unmapped::Keep, Unmapped::Drop],
        };
        let chosen = self.choice(item, &choices, Unmapped::Keep);
        if chosen == Unmapped::Drop && table.map.is_none() && table.map_file.is_none() {
            let remedy = "add a map; without one, everything would be dropped";
            self.findings.missing(&table.place.child("map"), remedy);
        }
        chosen
    }
}

/// Those of both tables, by name: the provider's own in the place of the others.
fn attributes<'t>(
    table: &'t IdentityTable,
    own: Option<&'t IdentityTable>,
) -> Vec<(&'t Item<String>, &'t ClaimTable)> {
    let own: Vec<_> = own.into_iter().flat_map(|own| &own.attributes).collect();
    let named = |name: &str| own.iter().find(|(other, _)| other.value == name);
    let mut all: Vec<_> = table
        .attributes
        .iter()
        .map(|base| *named(&base.0.value).unwrap_or(&base))
        .collect();
    let further = own.iter().filter(|(name, _)| {
        let is_it = |(other, _): &(Item<String>, ClaimTable)| other.value == name.value;
        !table.attributes.iter().any(is_it)
    });
    all.extend(further);
    all.into_iter().map(|(name, table)| (name, table)).collect()
}

fn built_in(name: &str) -> Vec<ClaimPath> {
    ClaimPath::parse(name).into_iter().collect()
}
