//! Header rules of several apps.
//!
//! Owns which app has which, and what all of them have in common: a name that
//! one app is told by is no client's to send to any. Must not know apps beyond
//! their place in the configuration.

use serde_json::{Value, json};

use super::{HeaderRules, Name};

/// Set by a chosen header only where it is chosen: other apps may have
/// passwords of their own.
const AUTHORIZATION: &str = "authorization";

/// The rules of `[headers]`, and of apps that have some of their own.
#[derive(Clone, Debug)]
pub struct AppRules {
    common: HeaderRules,
    own: Vec<HeaderRules>,
    /// The place of each app's rules in [`all`](Self::all).
    places: Vec<usize>,
    /// The app of whatever no route names.
    default: usize,
    jwks: Option<Value>,
}

impl AppRules {
    /// Of the apps in their order; `None` is for those of `[headers]`.
    pub fn new<'r>(
        common: &HeaderRules,
        apps: impl Iterator<Item = Option<&'r HeaderRules>>,
        default: usize,
    ) -> Self {
        let mut rules = Self {
            common: common.clone(),
            own: Vec::new(),
            places: Vec::new(),
            default,
            jwks: None,
        };
        for app in apps {
            rules.own.extend(app.cloned());
            rules.places.push(app.map_or(0, |_| rules.own.len()));
        }
        if !rules.own.is_empty() {
            let names = rules.all().flat_map(HeaderRules::names_set);
            let names: Vec<_> = names.filter(|name| name != AUTHORIZATION).collect();
            rules.common.also_manage(&names);
            for own in &mut rules.own {
                own.also_manage(&names);
            }
        }
        rules.jwks = jwks(rules.all());
        rules
    }

    /// The place of an app's rules in [`all`](Self::all).
    #[must_use]
    pub fn place(&self, app: usize) -> usize {
        self.places.get(app).copied().unwrap_or(0)
    }

    /// An app's rules.
    #[must_use]
    pub fn of(&self, app: usize) -> &HeaderRules {
        let own = self.place(app).checked_sub(1);
        own.and_then(|place| self.own.get(place))
            .unwrap_or(&self.common)
    }

    /// The rules of the app of whatever no route names: what a person is shown.
    #[must_use]
    pub fn shown(&self) -> &HeaderRules {
        self.of(self.default)
    }

    /// All of them, each once; those of `[headers]` first.
    pub fn all(&self) -> impl Iterator<Item = &HeaderRules> {
        std::iter::once(&self.common).chain(&self.own)
    }

    /// Names that may tell an app of somebody, and those that may tell others.
    pub fn names(&self, app: usize) -> impl Iterator<Item = &Name> {
        let others = self.all().flat_map(HeaderRules::names);
        let others = others.filter(|name| name.normalised() != AUTHORIZATION);
        self.of(app).names().chain(others)
    }

    /// Whether a client's header of this name is removed on its way to an app.
    #[must_use]
    pub fn is_managed(&self, app: usize, name: &str) -> bool {
        self.of(app).is_managed(name)
    }

    /// The keys by which apps verify their assertions, if there are any.
    #[must_use]
    pub fn jwks(&self) -> Option<&Value> {
        self.jwks.as_ref()
    }

    /// Whether some app is told the access token.
    #[must_use]
    pub fn tell_access_token(&self) -> bool {
        self.all().any(HeaderRules::tell_access_token)
    }
}

/// One set of all keys, each once.
fn jwks<'r>(rules: impl Iterator<Item = &'r HeaderRules>) -> Option<Value> {
    let sets: Vec<_> = rules.filter_map(HeaderRules::jwks).collect();
    let mut keys: Vec<&Value> = Vec::new();
    for set in &sets {
        for key in set
            .get("keys")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    (!sets.is_empty()).then(|| json!({ "keys": keys }))
}

#[cfg(test)]
mod tests {
    use super::super::Says;
    use super::super::encode::Encoding;
    use super::super::preset::Preset;
    use super::super::template::Template;
    use super::*;

    #[test]
    fn what_tells_one_app_is_no_clients_to_send_to_another() {
        let common = HeaderRules::default();
        let own = HeaderRules::new(&[Preset::Bearer], Vec::new());
        let named = Name::parse("X-Badge").unwrap();
        let template = Template::parse("{user}").unwrap();
        let says = Says::Template {
            template,
            join: None,
            encoding: Encoding::Raw,
        };
        let badge = HeaderRules::new(&[], vec![(named, says)]);
        let apps = [None, Some(&own), Some(&badge), None];
        let rules = AppRules::new(&common, apps.into_iter(), 0);
        assert_eq!(rules.all().count(), 3);
        assert_eq!([0, 1, 2, 3].map(|app| rules.place(app)), [0, 1, 2, 0]);
        for app in 0..4 {
            assert!(rules.is_managed(app, "x_badge"), "{app}");
            assert_eq!(rules.is_managed(app, "Authorization"), app == 1, "{app}");
        }
        assert!(rules.tell_access_token());
        let alone = AppRules::new(&common, [None].into_iter(), 0);
        assert!(!alone.is_managed(0, "x-badge") && !alone.tell_access_token());
    }
}
