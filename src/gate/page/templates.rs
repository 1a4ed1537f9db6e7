//! An operator's own templates: the frame around what a page says.
//!
//! Owns what a template may do: it is given `head` and `content`, which are ours
//! and have to be in it, and fills the rest. It reads no file, runs no script
//! and brings no style but `style.css`; under our policy (CSP) nothing else would
//! work, so what tries is refused when the configuration is read, not found out
//! by people. Must not know where its text was read from.

use minijinja::value::Value;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::render::Parts;
use super::{Ask, Language, Look, Page, Script, Word};

/// The template of all pages that have none of their own.
const ALL_PAGES: &str = "page.html";
/// The style sheet beside the templates.
pub const STYLE_SHEET: &str = "style.css";
/// Largest file of templates, in bytes.
pub const FILE_MAX: usize = 64 * 1024;
/// Most files.
pub const FILES_MAX: usize = 64;
/// Steps that a template may take (minijinja's fuel): a page of ours takes some hundred.
const FUEL: u64 = 20_000;
/// Largest page, in bytes.
const PAGE_MAX: usize = 512 * 1024;
/// What no template needs, and what our policy would not let work.
const FORBIDDEN: [&str; 11] = [
    "<script",
    "<style",
    "<link",
    "<iframe",
    "<object",
    "<embed",
    "<base",
    "<meta",
    " style=",
    "javascript:",
    " on",
];

/// A value as people and providers may bring one: nothing of it is HTML.
const SAMPLE: &str = "<Åse & \"Søn\">";

/// Templates that work.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
    style: Option<String>,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateError {
    /// Its file.
    pub file: String,
    /// Its line, from one, if it is known.
    pub line: Option<usize>,
    /// What is wrong.
    pub kind: TemplateErrorKind,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateErrorKind {
    /// It is none, or names what there is not.
    #[error("{0}")]
    Template(String),
    /// Too much work, or too long a page.
    #[error("makes a page of more than 512 KiB, or goes on for ever")]
    TooMuch,
    /// It leaves out what every page needs.
    #[error("does not write {{{{ {0} }}}} as it is")]
    LeavesOut(&'static str),
    /// It has what the policy of our pages forbids.
    #[error("has {0:?}, which the policy of these pages does not let work")]
    Forbidden(&'static str),
    /// A value that is text becomes HTML.
    #[error("writes a value without escaping it")]
    Unescaped,
    /// A file longer than [`FILE_MAX`].
    #[error("has more than 64 KiB")]
    FileTooLong,
    /// A file whose name means nothing.
    #[error("is no page, no part that begins with \"_\", and not style.css")]
    Name,
    /// A style sheet that ends its element.
    #[error("holds \"<\", which no style sheet needs")]
    Style,
    /// More than [`FILES_MAX`].
    #[error("is one file too many")]
    TooMany,
}

/// The page does not come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the template fails")]
pub struct Failed;

impl Templates {
    /// Templates from files, by name and text, each tried with every page in
    /// every language.
    ///
    /// # Errors
    /// All that is wrong with them.
    pub fn new(files: Vec<(String, String)>, look: &Look) -> Result<Self, Vec<TemplateError>> {
        let mut environment = Environment::new();
        // HTML whatever a file is called, and nothing in place of what there is not.
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        // Fuel does not bound what these make of one number.
        for filter in ["indent", "format"] {
            environment.remove_filter(filter);
        }
        let (mut style, mut errors) = (None, Vec::new());
        for (index, (file, text)) in files.into_iter().enumerate() {
            let wrong = |kind| TemplateError {
                file: file.clone(),
                line: None,
                kind,
            };
            if index >= FILES_MAX {
                errors.push(wrong(TemplateErrorKind::TooMany));
                break;
            }
            if text.len() > FILE_MAX {
                errors.push(wrong(TemplateErrorKind::FileTooLong));
                continue;
            }
            match name_of(&file) {
                Some(Named::Style) if text.contains('<') => {
                    errors.push(wrong(TemplateErrorKind::Style));
                }
                Some(Named::Style) => style = Some(text),
                Some(Named::Template) => {
                    if let Err(error) = environment.add_template_owned(file.clone(), text) {
                        errors.push(of(&error, &file));
                    }
                }
                None => errors.push(wrong(TemplateErrorKind::Name)),
            }
        }
        let templates = Self { environment, style };
        if errors.is_empty() {
            templates.try_all(look, &mut errors);
        }
        match errors.is_empty() {
            true => Ok(templates),
            false => Err(errors),
        }
    }

    /// The operator's style sheet.
    #[must_use]
    pub fn style(&self) -> Option<&str> {
        self.style.as_deref()
    }

    /// The page by its template; nothing without one.
    pub(super) fn render(&self, kind: &str, parts: &Parts) -> Result<Option<String>, Failed> {
        match self.file_of(kind) {
            Some(file) => self.fill(&file, kind, parts).map(Some).map_err(|_| Failed),
            None => Ok(None),
        }
    }

    fn file_of(&self, kind: &str) -> Option<String> {
        let names = [format!("{kind}.html"), ALL_PAGES.to_owned()];
        let is_there = |name: &String| self.environment.get_template(name).is_ok();
        names.into_iter().find(is_there)
    }

    fn fill(&self, file: &str, kind: &str, parts: &Parts) -> Result<String, minijinja::Error> {
        let values = context! {
            lang => parts.language.tag(),
            kind => kind,
            title => &parts.title,
            paragraphs => &parts.paragraphs,
            organisation => &parts.organisation,
            contact => &parts.contact,
            logo => parts.logo.as_deref().unwrap_or_default(),
            head => Value::from_safe_string(parts.head.clone()),
            content => Value::from_safe_string(parts.content.clone()),
        };
        let mut page = Bounded(Vec::with_capacity(8 * 1024));
        let template = self.environment.get_template(file)?;
        template.render_captured_to(values, &mut page)?;
        Ok(String::from_utf8_lossy(&page.0).into_owned())
    }

    /// Every page in every language, with values that need escaping.
    fn try_all(&self, look: &Look, errors: &mut Vec<TemplateError>) {
        for page in samples() {
            let kind = page.kind();
            let Some(file) = self.file_of(kind) else {
                continue;
            };
            for language in Language::ALL {
                let parts = page.parts(look, look.book(language));
                let found = match self.fill(&file, kind, &parts) {
                    Ok(html) => judge(&html, &parts).map(|kind| TemplateError {
                        file: file.clone(),
                        line: None,
                        kind,
                    }),
                    Err(error) => Some(of(&error, &file)),
                };
                if let Some(found) = found.filter(|found| !errors.contains(found)) {
                    errors.push(found);
                }
            }
        }
    }
}

enum Named {
    Template,
    Style,
}

/// What a file's name makes of it: `page.html`, one of a page, a part whose name
/// begins with `_`, or the style sheet.
fn name_of(file: &str) -> Option<Named> {
    let stem = file.strip_suffix(".html");
    match (file, stem) {
        (STYLE_SHEET, _) => Some(Named::Style),
        (ALL_PAGES, _) => Some(Named::Template),
        (_, Some(stem)) if stem.starts_with('_') || kinds().any(|kind| kind == stem) => {
            Some(Named::Template)
        }
        _ => None,
    }
}

/// The pages that there are.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    TITLES.iter().map(|title| {
        let key = title.key();
        key.split('.').next().unwrap_or_default()
    })
}

/// One title of each sort of page.
const TITLES: [Word; 20] = [
    Word::ChooserTitle,
    Word::SigningInTitle,
    Word::ReturningTitle,
    Word::LoginFailedTitle,
    Word::TooLargeTitle,
    Word::CirclesTitle,
    Word::SessionEndedTitle,
    Word::FrameTitle,
    Word::SendFormTitle,
    Word::NothingSentTitle,
    Word::ForbiddenTitle,
    Word::WhoamiTitle,
    Word::LogoutTitle,
    Word::SignedOutTitle,
    Word::ProviderOutTitle,
    Word::AppOutNotThere,
    Word::InternalTitle,
    Word::NotFoundTitle,
    Word::MethodTitle,
    Word::UnknownAddressTitle,
];

/// A page of each sort, with a bit of everything.
fn samples() -> impl Iterator<Item = Page> {
    let value = || SAMPLE.to_owned();
    TITLES.into_iter().map(move |title| {
        Page::new(title)
            .text(Word::ForbiddenRules)
            .text(value())
            .row(Word::SignedInAs, value())
            .link("/", Word::TryAgain)
            .ask(Ask {
                action: "/".to_owned(),
                carried: vec![("rd".to_owned(), value())],
                name: "email",
                label: Word::ChooserEmail,
                value: None,
                problem: None,
                button: Word::Continue,
            })
            .detail(Word::Reference, "0badcafe".to_owned())
            .onward(Script::KeepFragment, "/", vec![("key", value())])
    })
}

/// Whether a page has all that it needs, and nothing that would not work.
fn judge(html: &str, parts: &Parts) -> Option<TemplateErrorKind> {
    if html.len() >= PAGE_MAX {
        return Some(TemplateErrorKind::TooMuch);
    }
    for (name, part) in [("head", &parts.head), ("content", &parts.content)] {
        if html.matches(part.as_str()).count() != 1 {
            return Some(TemplateErrorKind::LeavesOut(name));
        }
    }
    let own = html
        .replacen(&parts.head, "", 1)
        .replacen(&parts.content, "", 1);
    if own.contains(SAMPLE) {
        return Some(TemplateErrorKind::Unescaped);
    }
    let own = own
        .replace(['\n', '\t', '\r', '/'], " ")
        .to_ascii_lowercase();
    let forbidden = FORBIDDEN.iter().find(|word| match **word {
        // Attributes of an element, not words of a text.
        " on" | " style=" => own.split('<').any(|tag| {
            let tag = tag.split('>').next().unwrap_or_default();
            let mut words = tag.split_whitespace().skip(1);
            words.any(|attribute| {
                let attribute = format!(" {attribute}");
                attribute.starts_with(**word) && attribute.contains('=')
            })
        }),
        word => own.contains(word),
    });
    forbidden.map(|word| TemplateErrorKind::Forbidden(word.trim()))
}

fn of(error: &minijinja::Error, file: &str) -> TemplateError {
    let kind = match error.kind() {
        minijinja::ErrorKind::OutOfFuel | minijinja::ErrorKind::WriteFailure => {
            TemplateErrorKind::TooMuch
        }
        // Words of the library about the operator's own text; no value is in them at this time.
        kind => TemplateErrorKind::Template(match error.detail() {
            Some(detail) => format!("{kind}: {detail}"),
            None => kind.to_string(),
        }),
    };
    TemplateError {
        file: error.name().unwrap_or(file).to_owned(),
        line: error.line(),
        kind,
    }
}

/// A page that has an end.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > PAGE_MAX {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
