//! `[pages]`: how our own pages look.

use std::path::Path;

use super::Conversion;
use crate::config::error::{ConfigErrorKind, ConfigWarningKind};
use crate::config::file::PagesTable;
use crate::config::reader::{Findings, Item, Place, Text, nearest};
use crate::gate::page::colour::{CARD, CONTROL_MIN, Colour, DARK_CARD};
use crate::gate::page::look::{Logo, OwnLook};
use crate::gate::page::templates::{TemplateError, Templates};
use crate::gate::page::{Language, Look, OwnTextError, Phrasebook};

/// The text that is `pages.contact` too.
const CONTACT: &str = "shared.contact";
/// Longest `pages.organisation`, in characters.
const NAME_MAX: usize = 100;

impl Conversion<'_> {
    pub(super) fn pages(&mut self, table: &PagesTable) -> Look {
        let organisation = self.line(table.organisation.as_ref(), NAME_MAX);
        let accent = self.accent(table.accent.as_ref(), CARD);
        let accent_dark = self.accent(table.accent_dark.as_ref(), DARK_CARD);
        let logo = table.logo.as_ref().and_then(|item| self.logo(item));
        if let (Some(item), Some(_), None) = (&table.logo, &logo, &organisation) {
            let remedy = "name whose application it is in pages.organisation; where the picture shows the name, a template can write it as alt=\"{{ organisation }}\"";
            let kind = ConfigWarningKind::LogoUnnamed;
            self.findings.warn(&item.place, kind, remedy);
        }
        let books = self.books(table);
        let own = |templates: Option<Templates>| OwnLook {
            organisation: organisation.clone(),
            logo: logo.clone(),
            accent,
            accent_dark,
            books: books.clone(),
            templates,
        };
        let templates = table.templates.as_ref();
        // Tried with everything else as it will be.
        let templates = templates.and_then(|item| self.templates(item, &Look::new(own(None))));
        Look::new(own(templates))
    }

    fn line(&mut self, item: Option<&Item<Text>>, max: usize) -> Option<String> {
        let item = item?;
        let text = self.text(item, "placeholder")?;
        if text.chars().count() > max || text.chars().any(char::is_control) {
            let remedy = format!("give it at most {max} characters, in one line");
            self.findings
                .error(&item.place, ConfigErrorKind::NotALine, remedy);
            return None;
        }
        Some(text)
    }

    fn accent(&mut self, item: Option<&Item<Text>>, card: Colour) -> Option<Colour> {
        let item = item?;
        let text = self.text(item, "#1f5fbf")?;
        match Colour::parse(&text) {
            Ok(colour) => {
                if colour.contrast(card) < CONTROL_MIN {
                    let remedy = "take a colour that is further from that of the page";
                    let kind = ConfigWarningKind::AccentFaint;
                    self.findings.warn(&item.place, kind, remedy);
                }
                Some(colour)
            }
            Err(error) => {
                let remedy = "write # and six hexadecimal digits";
                self.findings.error(&item.place, error, remedy);
                None
            }
        }
    }

    fn logo(&mut self, item: &Item<Text>) -> Option<Logo> {
        let path = self.text(item, "")?;
        if path.is_empty() {
            return None;
        }
        let bytes = match self.outside.files.bytes(Path::new(&path)) {
            Ok(bytes) => bytes,
            Err(source) => {
                self.not_there(&item.place, &path, source);
                return None;
            }
        };
        match Logo::new(&bytes) {
            Ok(logo) => Some(logo),
            Err(error) => {
                let remedy = "name an SVG, PNG, JPEG, WebP or GIF of at most 64 KiB";
                self.findings.error(&item.place, error, remedy);
                None
            }
        }
    }

    fn not_there(&mut self, place: &Place, path: &str, source: std::io::Error) {
        let remedy = "put it there, and let this process read it; a relative path starts at the configuration's folder";
        let path = path.into();
        let kind = ConfigErrorKind::SourceUnreadable { path, source };
        self.findings.error(place, kind, remedy);
    }

    /// The languages in which something is said in other words.
    fn books(&mut self, table: &PagesTable) -> Vec<Phrasebook> {
        let contact = table.contact.as_ref();
        let contact = contact.and_then(|item| Some((self.text(item, "placeholder")?, &item.place)));
        let mut books = Vec::new();
        for (language, own) in Language::ALL.into_iter().zip(&table.texts.languages) {
            let mut book = Phrasebook::built_in(language);
            if let Some((text, place)) = &contact {
                self.put(&mut book, CONTACT, text, place);
            }
            for (name, item) in own {
                // Nothing is said by an empty text, so it is one.
                let text = match &item.value {
                    Text::Inline(text) => Some(text.clone()),
                    Text::From(_) => self.text(item, "placeholder"),
                };
                if let Some(text) = text {
                    self.put(&mut book, &name.value, &text, &item.place);
                }
            }
            if contact.is_some() || !own.is_empty() {
                books.push(book);
            }
        }
        books
    }

    fn put(&mut self, book: &mut Phrasebook, name: &str, text: &str, place: &Place) {
        let Err(error) = book.put(name, text) else {
            return;
        };
        let remedy = match error {
            OwnTextError::Unknown => match nearest(name, Phrasebook::keys()) {
                Some(known) => format!("did you mean \"{known}\"?"),
                None => "take a name from src/gate/page/words/en.toml".to_owned(),
            },
            OwnTextError::Place => {
                "use the places in braces that the built-in text has, and no others".to_owned()
            }
            OwnTextError::TooLong => "say it in fewer words".to_owned(),
        };
        self.findings.error(place, error, remedy);
    }

    fn templates(&mut self, item: &Item<Text>, look: &Look) -> Option<Templates> {
        let folder = self.text(item, "")?;
        if folder.is_empty() {
            return None;
        }
        let names = match self.outside.files.folder(Path::new(&folder)) {
            Ok(names) => names,
            Err(source) => {
                self.not_there(&item.place, &folder, source);
                return None;
            }
        };
        let mut files = Vec::new();
        for name in names {
            let path = Path::new(&folder).join(&name);
            match self.outside.files.table(&path) {
                Ok(text) => files.push((name, text)),
                Err(source) => self.not_there(&item.place, &path.display().to_string(), source),
            }
        }
        if files.is_empty() {
            let remedy = "put page.html or a template of one page there, or leave the key out";
            let kind = ConfigErrorKind::NoTemplates;
            self.findings.error(&item.place, kind, remedy);
            return None;
        }
        match Templates::new(files.clone(), look) {
            Ok(templates) => Some(templates),
            Err(errors) => {
                for error in errors {
                    let text = files.iter().find(|(name, _)| *name == error.file);
                    let text = text.map_or("", |(_, text)| text);
                    self.wrong_template(&folder, text, error);
                }
                None
            }
        }
    }

    /// Told with the template's own file and line.
    fn wrong_template(&mut self, folder: &str, text: &str, error: TemplateError) {
        let before = error.line.unwrap_or_default().saturating_sub(1);
        let offset = text.split_inclusive('\n').take(before).map(str::len).sum();
        let offset = error.line.map(|_| offset);
        let place = Place::default().child("pages").at("templates", offset);
        let path = Path::new(folder).join(&error.file);
        let remedy = "docs/our-pages.md says what a template is given, and may do";
        let mut findings = Findings::default();
        findings.error(&place, error.kind, remedy);
        let (errors, _) = findings.finish(&path, text);
        self.findings.adopt(errors);
    }
}
