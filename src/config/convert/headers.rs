//! `[headers]`.

use std::sync::Arc;

use http::HeaderValue;

use super::{Choices, Conversion, nearest};
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::{HeadersTable, SetTable, UpstreamTable};
use crate::config::reader::{Item, Place, Source, Text};
use crate::config::{Identity, Upstreams};
use crate::gate::assertion::Asserter;
use crate::gate::headers::encode::Encoding;
use crate::gate::headers::preset::{Preset, WORDS};
use crate::gate::headers::template::{PARTS, Template, TemplateError};
use crate::gate::headers::{HeaderRules, Name, NameError, Says, VALUE_MAX};

/// The encodings: the first is the default, since its values are legal and
/// read the same everywhere.
const ENCODINGS: Choices<Encoding> = Choices {
    words: &["percent", "raw", "base64", "rfc2047", "latin1"],
    values: &[
        Encoding::Percent,
        Encoding::Raw,
        Encoding::Base64,
        Encoding::Rfc2047,
        Encoding::Latin1,
    ],
};
const PRESETS: Choices<Preset> = Choices {
    words: WORDS,
    values: Preset::ALL,
};
/// Longest joiner.
const JOIN_MAX: usize = 8;

/// What a table of header rules comes to, key by key.
#[derive(Clone)]
pub(super) struct HeaderParts {
    presets: Vec<Preset>,
    set: Vec<(Name, Says)>,
    assertion: Option<(Name, Arc<Asserter>)>,
}

impl HeaderParts {
    pub(super) fn rules(self) -> HeaderRules {
        let rules = HeaderRules::new(&self.presets, self.set);
        match self.assertion {
            Some((name, asserter)) => rules.with_assertion(name, asserter),
            None => rules,
        }
    }
}

impl Conversion<'_> {
    /// `common` is what holds where the table says nothing, if not the
    /// defaults; `identities` are those of each provider:
    /// attributes of any of them may be told.
    pub(super) fn headers(
        &mut self,
        table: &HeadersTable,
        common: Option<&HeaderParts>,
        identities: &[Identity],
    ) -> HeaderParts {
        let presets = match (&table.preset, common) {
            (Some(items), _) => self.presets(items),
            (None, Some(common)) => common.presets.clone(),
            (None, None) => vec![Preset::Vestibule],
        };
        let set = match common {
            Some(common) if table.set.is_empty() => common.set.clone(),
            _ => self.set(&table.set, identities),
        };
        let assertion = match &table.assertion {
            Some(table) => self.assertion(table, &set, identities.len() > 1),
            None => common.and_then(|common| common.assertion.clone()),
        };
        self.assertion_stands_alone(table, assertion.as_ref());
        if self.is_asked {
            self.refuse_every_claim(table, &presets);
        }
        if identities.len() > 1 {
            self.warn_of_presets(table, &presets, &set);
        }
        HeaderParts {
            presets,
            set,
            assertion,
        }
    }

    /// The header rules of apps that have some of their own.
    pub(super) fn app_headers(
        &mut self,
        table: &UpstreamTable,
        common: &HeaderParts,
        identities: &[Identity],
        upstreams: &mut Upstreams,
    ) {
        for app in &mut upstreams.apps {
            let mut named = table.named.iter();
            let own = match named.find(|(name, _)| *name == app.name) {
                Some((_, own)) if table.url.is_none() => own,
                _ => table,
            };
            if let Some(headers) = &own.headers {
                let parts = self.headers(headers, Some(common), identities);
                app.headers = Some(parts.rules());
            }
        }
    }

    fn set(
        &mut self,
        entries: &[(Item<String>, SetTable)],
        identities: &[Identity],
    ) -> Vec<(Name, Says)> {
        let mut set: Vec<(Name, Says)> = Vec::new();
        for (name, table) in entries {
            let says = self.says(name, table, identities);
            let Some(parsed) = self.header_name(name, &set) else {
                continue;
            };
            set.extend(says.map(|says| (parsed, says)));
        }
        set
    }

    /// An app's own header of the name in which `[headers]` sends the assertion.
    fn assertion_stands_alone(
        &mut self,
        table: &HeadersTable,
        assertion: Option<&(Name, Arc<Asserter>)>,
    ) {
        let Some((assertion, _)) = assertion.filter(|_| table.assertion.is_none()) else {
            return;
        };
        for (item, _) in &table.set {
            let same = |name: Name| name.normalised() == assertion.normalised();
            if Name::parse(&item.value).is_ok_and(same) {
                let kind = ConfigErrorKind::Repeated("headers.assertion".to_owned());
                let remedy = "choose another name, or give this app an assertion of its own";
                self.findings.error(&item.place, kind, remedy);
            }
        }
    }

    fn presets(&mut self, items: &[Item<Text>]) -> Vec<Preset> {
        let mut presets = Vec::new();
        for item in items {
            let preset = self.choice(Some(item), &PRESETS, Preset::Vestibule);
            let known = matches!(&item.value, Text::Inline(text) if WORDS.contains(&text.as_str()));
            if known && presets.contains(&preset) {
                let kind = ConfigErrorKind::Repeated("an earlier preset".to_owned());
                self.findings
                    .error(&item.place, kind, "remove one of the two");
            }
            presets.push(preset);
        }
        presets
    }

    /// A front proxy replaces the headers that it is told of, and 200 has each of
    /// them, empty where there is nothing to say. Of a preset whose names are the
    /// claims of each person, what a person lacks has no name: a client's own
    /// `OIDC_CLAIM_role` would pass.
    fn refuse_every_claim(&mut self, table: &HeadersTable, presets: &[Preset]) {
        let items = table.preset.iter().flatten();
        for (item, _) in items
            .zip(presets)
            .filter(|(_, preset)| preset.sends_every_claim())
        {
            let remedy = "write headers.set with the claims that the app reads, such as OIDC_CLAIM_email = \"{claim.email}\", and let the front proxy copy them";
            let kind = ConfigErrorKind::PresetOfAnyName;
            self.findings.error(&item.place, kind, remedy);
        }
    }

    pub(super) fn header_name(
        &mut self,
        name: &Item<String>,
        others: &[(Name, Says)],
    ) -> Option<Name> {
        let parsed = match Name::parse(&name.value) {
            Ok(parsed) => parsed,
            Err(error) => {
                let remedy = match error {
                    NameError::NotAName => {
                        "write letters, digits and hyphens, such as X-Remote-User"
                    }
                    NameError::Reserved => {
                        "choose another name; it is never the app's to be told by configuration"
                    }
                };
                self.findings.error(&name.place, error, remedy);
                return None;
            }
        };
        let same = |(other, _): &&(Name, Says)| other.normalised() == parsed.normalised();
        if let Some((other, _)) = others.iter().find(same) {
            let kind = ConfigErrorKind::Repeated(other.to_string());
            let remedy = "remove one of the two; apps read both as the same name";
            self.findings.error(&name.place, kind, remedy);
            return None;
        }
        Some(parsed)
    }

    fn says(
        &mut self,
        name: &Item<String>,
        table: &SetTable,
        identities: &[Identity],
    ) -> Option<Says> {
        if let Some(secret) = &table.secret {
            let others = [&table.value, &table.join, &table.encoding];
            for other in others.into_iter().flatten() {
                let remedy = "keep the secret, or the template";
                self.findings
                    .error(&other.place, ConfigErrorKind::BesideSecret, remedy);
            }
            return self.header_secret(secret).map(Says::Secret);
        }
        let template = self.template(&name.place, table.value.as_ref());
        if let (Some(template), Some(item)) = (&template, &table.value) {
            self.attributes_exist(item, template, identities);
            if matches!(item.value, Text::From(_)) && !template.has_parts() && !self.is_unread(item)
            {
                let remedy = "write secret = { file = … } or { env = … } if it is a secret: it is then sent as it stands, with no braces read and nothing encoded";
                self.findings
                    .warn(&item.place, ConfigWarningKind::TextOfNobody, remedy);
            }
            if identities.len() > 1 {
                self.warn_of_template(&name.value, item, template);
            }
        }
        let join = match &table.join {
            None => Some(None),
            Some(item) => self.joiner(item).map(Some),
        };
        let encoding = self.choice(table.encoding.as_ref(), &ENCODINGS, Encoding::Percent);
        Some(Says::Template {
            template: template?,
            join: join?,
            encoding,
        })
    }

    fn header_secret(&mut self, item: &Item<Source>) -> Option<HeaderValue> {
        let text = self.source(&item.value, &item.place, "not-read")?;
        let text = text.trim();
        let visible = text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
        let value = HeaderValue::from_str(text)
            .ok()
            .filter(|_| visible && text.len() <= VALUE_MAX);
        let Some(mut value) = value else {
            let remedy =
                "put a secret of letters and digits in there, in one line of at most 8 KiB";
            self.findings
                .error(&item.place, ConfigErrorKind::HeaderSecret, remedy);
            return None;
        };
        value.set_sensitive(true);
        Some(value)
    }

    fn template(&mut self, name: &Place, item: Option<&Item<Text>>) -> Option<Template> {
        let Some(item) = item else {
            let remedy = "write value = \"{user}\", or secret = { file = \"/run/secrets/NAME\" }";
            self.findings.missing(name, remedy);
            return None;
        };
        let text = self.text(item, "not-read")?;
        let error = match Template::parse(&text) {
            Ok(template) if matches!(item.value, Text::From(_)) => {
                return Some(template.from_source());
            }
            Ok(template) => return Some(template),
            // What a file or variable holds is told to nobody.
            Err(TemplateError::UnknownPart(_)) if matches!(item.value, Text::From(_)) => {
                TemplateError::UnknownPart("…".to_owned())
            }
            Err(error) => error,
        };
        let remedy = match &error {
            TemplateError::UnknownPart(part) => match nearest(part, PARTS.iter().copied()) {
                Some(near) => format!("did you mean {{{near}}}?"),
                None => format!("what there is: {{{}}}", PARTS.join("} {")),
            },
            TemplateError::LoneBrace => {
                "write \"{{\" or \"}}\" for a brace of the text itself".to_owned()
            }
            TemplateError::Claim(_) => {
                "write {claim.NAME}; a dot in NAME goes one step down".to_owned()
            }
            TemplateError::Control => "write it in one line".to_owned(),
            TemplateError::Empty => "give it a value, or leave the header out".to_owned(),
        };
        self.findings.error(&item.place, error, remedy);
        None
    }

    fn attributes_exist(
        &mut self,
        item: &Item<Text>,
        template: &Template,
        identities: &[Identity],
    ) {
        let names = || {
            let attributes = identities.iter().flat_map(|one| &one.attributes);
            attributes.map(|attribute| attribute.name.as_str())
        };
        for name in template.attributes() {
            if names().any(|known| known == name) {
                continue;
            }
            let (part, near) = match item.value {
                Text::Inline(_) => (format!("attribute.{name}"), nearest(name, names())),
                // What a file or variable holds is told to nobody.
                Text::From(_) => ("attribute.…".to_owned(), None),
            };
            let remedy = match near {
                Some(near) => format!("did you mean {{attribute.{near}}}?"),
                None => "say below [identity.attributes] which claim it is".to_owned(),
            };
            self.findings
                .error(&item.place, TemplateError::UnknownPart(part), remedy);
        }
    }

    /// Not trimmed: `", "` is one.
    fn joiner(&mut self, item: &Item<Text>) -> Option<String> {
        let text = self.text(item, ",")?;
        let visible = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        if visible && (1..=JOIN_MAX).contains(&text.len()) {
            return Some(text);
        }
        let remedy = "write what stands between two items, such as \",\" or \"|\"";
        self.findings
            .error(&item.place, ConfigErrorKind::Joiner, remedy);
        None
    }
}
