//! From what the file says to what the program needs: pure, and thorough.
//!
//! Owns every rule about values: defaults, limits, contradictions. What it
//! needs from outside (secrets, the number of cores) it is handed. A mistake
//! goes into the findings and the work goes on, so that all are found at once;
//! a value that stands in for a wrong one never leaves this module.

mod access;
mod assertion;
mod headers;
mod identity;
mod listen;
mod nobody;
mod pages;
mod pem;
mod provider;
mod route;
mod server;
mod session;
mod several;
mod telemetry;
mod upstream;

use std::io;
use std::path::Path;

use url::Url;
use zeroize::Zeroizing;

use super::Config;
use super::error::{ConfigErrorKind, UrlProblem};
use super::file::FileConfig;
use super::reader::{Findings, Item, Place, Source, Text, nearest};

/// Where texts that do not stand in the file come from.
pub(crate) trait SecretSource {
    /// The text of a file; a relative path is relative to the configuration's folder.
    fn file(&self, path: &Path) -> Result<Zeroizing<String>, io::Error>;

    /// The text of an environment variable.
    fn env(&self, name: &str) -> Result<Zeroizing<String>, EnvError>;
}

/// Files that are no secrets, and so are always read.
pub(crate) trait Files {
    /// The text of a file; a relative path is relative to the configuration's folder.
    fn table(&self, path: &Path) -> Result<String, io::Error>;

    /// The bytes of a file that need not be text.
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, io::Error>;

    /// The names of the files in a folder, in order.
    fn folder(&self, path: &Path) -> Result<Vec<String>, io::Error>;
}

/// Why an environment variable gives no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EnvError {
    /// It is not set.
    Unset,
    /// It is not UTF-8.
    NotText,
}

/// Stands in for a pool id that was not to be read.
pub(crate) const UNREAD_POOL: &str = "eu-central-1_NotRead";

/// A text that was not to be read and is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The key's path.
    pub key: String,
    /// Where its text comes from: `env NAME`, `file PATH`.
    pub from: String,
}

impl std::fmt::Display for Unread {
    /// What stands in the text's place for people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "(from {}, not read)", self.from)
    }
}

/// What the conversion knows of the world.
pub(crate) struct Outside<'o> {
    /// Secrets; `None`: they are not to be read, placeholders stand in.
    pub(crate) secrets: Option<&'o dyn SecretSource>,
    /// Where texts that are no secrets are read even so, as far as they are there.
    pub(crate) texts: Option<&'o dyn SecretSource>,
    /// Files that the configuration is made of.
    pub(crate) files: &'o dyn Files,
    /// Cores that this process may use.
    pub(crate) cores: usize,
}

/// Converts a file: the configuration, `None` only if there are errors among the
/// findings, and the texts that stand-ins stand in for.
pub(crate) fn convert(
    file: &FileConfig,
    outside: &Outside<'_>,
    findings: &mut Findings,
) -> (Option<Config>, Vec<Unread>) {
    let mut work = Conversion {
        outside,
        findings,
        is_asked: false,
        unread: Vec::new(),
    };
    let config = work.config(file);
    (config, work.unread)
}

impl Conversion<'_> {
    /// All of a file.
    fn config(&mut self, file: &FileConfig) -> Option<Config> {
        let server = self.server(&file.server);
        self.is_asked = server.as_ref().map_or_else(
            || file.server.forward_auth.is_some(),
            |server| server.forward_auth.is_some(),
        );
        let mut upstreams = self.upstreams(&file.upstream, self.is_asked, !file.routes.is_empty());
        let prefix = server.as_ref().map(|server| server.path_prefix.as_str());
        let (providers, identities) = self.providers(file, prefix);
        let session = self.session(&file.session, server.as_ref());
        let parts = self.headers(&file.headers, None, &identities);
        if let Some(upstreams) = &mut upstreams {
            self.app_headers(&file.upstream, &parts, &identities, upstreams);
        }
        let headers = parts.rules();
        let routes = self.routes(
            &file.routes,
            server.as_ref(),
            providers.as_deref(),
            upstreams.as_ref(),
        );
        self.warn_of_nobody(file, &identities);
        self.warn_of_names_alike(file, &identities);
        let pages = self.pages(&file.pages);
        let log = self.log(&file.log);
        let telemetry = self.telemetry(&file.telemetry);
        Some(Config {
            server: server?,
            upstreams: upstreams?,
            providers: providers?,
            session: session?,
            headers,
            routes,
            pages: pages.into(),
            log,
            telemetry: telemetry?,
        })
    }
}

/// A conversion at work.
struct Conversion<'c> {
    outside: &'c Outside<'c>,
    findings: &'c mut Findings,
    /// A front proxy may ask about requests (`server.forward_auth`).
    is_asked: bool,
    /// Texts that were not to be read, and what is said in their place is not theirs.
    unread: Vec<Unread>,
}

impl Conversion<'_> {
    /// The text of an item; `placeholder` if it is not to be read.
    fn text(&mut self, item: &Item<Text>, placeholder: &str) -> Option<String> {
        match &item.value {
            Text::Inline(text) if text.is_empty() => {
                let remedy = "give it a value, or leave the key out";
                self.findings
                    .error(&item.place, ConfigErrorKind::Empty, remedy);
                None
            }
            Text::Inline(text) if is_unwritten(text) => {
                self.unwritten(item);
                None
            }
            Text::Inline(text) => Some(text.clone()),
            Text::From(source) => {
                if let Some(text) = self.at_hand(source) {
                    return Some(text);
                }
                if self.outside.secrets.is_none() {
                    self.note_unread(source, &item.place);
                }
                let text = self.source(source, &item.place, placeholder)?;
                Some(text.trim().to_owned())
            }
        }
    }

    fn note_unread(&mut self, source: &Source, place: &Place) {
        let key = place.key();
        if self.unread.iter().all(|unread| unread.key != key) {
            let from = match source {
                Source::File(path) => format!("file {}", path.display()),
                Source::Env(name) => format!("env {name}"),
            };
            let key = key.to_owned();
            self.unread.push(Unread { key, from });
        }
    }

    /// What `vestibule import` could not know, and nobody has written since.
    fn unwritten(&mut self, item: &Item<Text>) {
        let key = item.place.key();
        let named = |name: &str| key.split(['.', '[']).any(|step| step == name);
        let remedy = if named("public_url") {
            "write what the browser's address line begins with, such as \"https://wiki.example.com\""
        } else if named("issuer") {
            "write the provider's issuer, exactly as its tokens carry it"
        } else if named("client_id") || named("audiences") {
            "write the id that the provider has given this client"
        } else if named("upstream") {
            "write the app's address, such as \"http://127.0.0.1:3000\""
        } else if named("email_domains") {
            "write the domains of the addresses that this provider's tokens may name"
        } else {
            "write your own; the comment beside it says what it is for"
        };
        self.findings
            .error(&item.place, ConfigErrorKind::Unwritten, remedy);
    }

    /// Whether an item's text is one that was not to be read.
    fn is_unread(&self, item: &Item<Text>) -> bool {
        match &item.value {
            Text::Inline(_) => false,
            Text::From(source) => self.outside.secrets.is_none() && self.at_hand(source).is_none(),
        }
    }

    /// A text that is no secret, where those are not read and it is there.
    fn at_hand(&self, source: &Source) -> Option<String> {
        let texts = self.outside.texts?;
        let text = match source {
            Source::File(path) => texts.file(path).ok()?,
            Source::Env(name) => texts.env(name).ok()?,
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// What a file or variable holds, with the white space around it; never nothing else.
    fn source(
        &mut self,
        source: &Source,
        place: &Place,
        placeholder: &str,
    ) -> Option<Zeroizing<String>> {
        let Some(secrets) = self.outside.secrets else {
            return Some(Zeroizing::new(placeholder.to_owned()));
        };
        let text = match source {
            Source::File(path) => self.file(secrets, path, place)?,
            Source::Env(name) => self.env(secrets, name, place)?,
        };
        if text.trim().is_empty() {
            let what = match source {
                Source::File(path) => format!("the file {}", path.display()),
                Source::Env(name) => format!("the environment variable {name}"),
            };
            let kind = ConfigErrorKind::SourceEmpty(what);
            self.findings.error(place, kind, "put the value in there");
            return None;
        }
        Some(text)
    }

    fn file(
        &mut self,
        secrets: &dyn SecretSource,
        path: &Path,
        place: &Place,
    ) -> Option<Zeroizing<String>> {
        match secrets.file(path) {
            Ok(text) => Some(text),
            Err(source) => {
                let remedy = "mount it, and let this process read it; a relative path starts at the configuration's folder";
                let path = path.to_owned();
                let kind = ConfigErrorKind::SourceUnreadable { path, source };
                self.findings.error(place, kind, remedy);
                None
            }
        }
    }

    fn env(
        &mut self,
        secrets: &dyn SecretSource,
        name: &str,
        place: &Place,
    ) -> Option<Zeroizing<String>> {
        let kind = match secrets.env(name) {
            Ok(text) => return Some(text),
            Err(EnvError::Unset) => ConfigErrorKind::EnvUnset(name.to_owned()),
            Err(EnvError::NotText) => ConfigErrorKind::EnvNotText(name.to_owned()),
        };
        let remedy = "set it in the environment of this process";
        self.findings.error(place, kind, remedy);
        None
    }

    /// One of a few words; the default if it is not there, not to be read, or none of them.
    fn choice<T: Copy>(
        &mut self,
        item: Option<&Item<Text>>,
        choices: &Choices<T>,
        default: T,
    ) -> T {
        let Some(item) = item else { return default };
        if self.is_unread(item) {
            return default;
        }
        let Some(text) = self.text(item, "") else {
            return default;
        };
        if let Some(index) = choices.words.iter().position(|word| *word == text) {
            return choices.values.get(index).copied().unwrap_or(default);
        }
        self.not_a_choice(item, &text, choices.words);
        default
    }

    fn not_a_choice(&mut self, item: &Item<Text>, text: &str, words: &'static [&'static str]) {
        let remedy = match nearest(text, words.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("write \"{}\"", words.join("\" or \"")),
        };
        self.findings
            .error(&item.place, ConfigErrorKind::NotAChoice(words), remedy);
    }
}

/// Refuses in an address what nothing is reached by: a user, a query, a fragment.
fn only_origin_and_path(url: &Url) -> Result<(), UrlProblem> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlProblem::UserInfo);
    }
    if url.query().is_some() {
        return Err(UrlProblem::Query);
    }
    match url.fragment() {
        Some(_) => Err(UrlProblem::Fragment),
        None => Ok(()),
    }
}

/// Whether a text is a placeholder of `vestibule import`.
fn is_unwritten(text: &str) -> bool {
    let host = text.split_once("://").map_or(text, |(_, rest)| rest);
    matches!(host.trim_end_matches('/'), "write-me" | "write-me.invalid")
}

/// Words and what each of them means.
struct Choices<T: 'static> {
    words: &'static [&'static str],
    values: &'static [T],
}
