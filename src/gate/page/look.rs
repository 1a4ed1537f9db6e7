//! How pages look on this installation: style, logo, and the operator's own
//! words and templates.
//!
//! Owns what is the same for all pages, checked once when the configuration is
//! read. Must not know where any of it was read from, nor what a page says.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::colour::Colour;
use super::style::STYLE;
use super::templates::Templates;
use super::{Language, Phrasebook};

/// Largest logo, in bytes: it is part of every page.
pub const LOGO_MAX: usize = 64 * 1024;

/// How pages look.
#[derive(Debug)]
pub struct Look {
    books: [Phrasebook; 5],
    organisation: Option<String>,
    logo: Option<Logo>,
    style: String,
    /// The style sheet, as the policy allows it.
    style_source: String,
    templates: Option<Templates>,
    is_built_in: bool,
}

/// What an operator has changed; all of it checked.
#[derive(Debug, Default)]
pub struct OwnLook {
    /// Whose application it is, in place of our name.
    pub organisation: Option<String>,
    /// Their logo.
    pub logo: Option<Logo>,
    /// The colour of buttons.
    pub accent: Option<Colour>,
    /// The same where people want it dark; made from the other one if not given.
    pub accent_dark: Option<Colour>,
    /// Words of their own.
    pub books: Vec<Phrasebook>,
    /// Templates of their own, with a style sheet.
    pub templates: Option<Templates>,
}

/// A picture, as it stands in a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo(String);

/// Why a file is no logo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogoError {
    /// No picture, or one that not every browser shows.
    #[error("is no SVG, PNG, JPEG, WebP or GIF")]
    Kind,
    /// Larger than [`LOGO_MAX`].
    #[error("is larger than 64 KiB, and would be part of every page")]
    TooLarge,
}

impl Logo {
    /// A picture by its first bytes; its name says nothing. An SVG is shown as a
    /// picture, where neither its scripts run nor its links are followed
    /// (SVG 2, 2.3: secure static mode).
    ///
    /// # Errors
    /// See [`LogoError`].
    pub fn new(bytes: &[u8]) -> Result<Self, LogoError> {
        if bytes.len() > LOGO_MAX {
            return Err(LogoError::TooLarge);
        }
        let kind = match bytes {
            [0x89, b'P', b'N', b'G', ..] => "png",
            [0xff, 0xd8, 0xff, ..] => "jpeg",
            [b'G', b'I', b'F', b'8', ..] => "gif",
            [
                b'R',
                b'I',
                b'F',
                b'F',
                _,
                _,
                _,
                _,
                b'W',
                b'E',
                b'B',
                b'P',
                ..,
            ] => "webp",
            _ if is_svg(bytes) => "svg+xml",
            _ => return Err(LogoError::Kind),
        };
        let data = STANDARD.encode(bytes);
        Ok(Self(format!("data:image/{kind};base64,{data}")))
    }

    /// Its `data:` URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0
    }
}

fn is_svg(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        let text = text.trim_start_matches('\u{feff}').trim_start();
        (text.starts_with("<svg") || text.starts_with("<?xml") || text.starts_with("<!"))
            && text.contains("<svg")
    })
}

impl OwnLook {
    fn is_nothing(&self) -> bool {
        self.organisation.is_none()
            && self.logo.is_none()
            && self.accent.is_none()
            && self.accent_dark.is_none()
            && self.books.is_empty()
            && self.templates.is_none()
    }
}

impl Look {
    /// The look without anything of an operator's.
    #[must_use]
    pub fn built_in() -> &'static Self {
        static BUILT_IN: LazyLock<Look> = LazyLock::new(|| Look::new(OwnLook::default()));
        &BUILT_IN
    }

    /// The look that an operator wants.
    #[must_use]
    pub fn new(own: OwnLook) -> Self {
        let is_built_in = own.is_nothing();
        let mut style = STYLE.to_owned();
        let on = |colour: Colour| format!("--act:{colour};--on-act:{}", colour.text_on());
        if let Some(accent) = own.accent {
            style.push_str(&format!(":root{{{}}}", on(accent)));
        }
        let dark = own.accent_dark.or(own.accent.map(Colour::for_dark));
        if let Some(dark) = dark {
            style.push_str(&format!(
                "@media(prefers-color-scheme:dark){{:root{{{}}}}}",
                on(dark)
            ));
        }
        if let Some(own) = own.templates.as_ref().and_then(Templates::style) {
            style.push_str(own);
        }
        let mut books = Language::ALL.map(Phrasebook::built_in);
        for own in own.books {
            if let Some(book) = books
                .iter_mut()
                .find(|book| book.language() == own.language())
            {
                *book = own;
            }
        }
        Self {
            books,
            organisation: own.organisation,
            logo: own.logo,
            style_source: source_of(&style),
            style,
            templates: own.templates,
            is_built_in,
        }
    }

    /// Whether nothing in it is an operator's.
    #[must_use]
    pub fn is_built_in(&self) -> bool {
        self.is_built_in
    }

    /// The words of a language.
    #[must_use]
    pub fn book(&self, language: Language) -> &Phrasebook {
        let mut books = self.books.iter();
        let book = books.find(|book| book.language() == language);
        // Every language has one.
        book.unwrap_or(Phrasebook::english())
    }

    pub(super) fn organisation(&self) -> Option<&str> {
        self.organisation.as_deref()
    }

    pub(super) fn logo(&self) -> Option<&Logo> {
        self.logo.as_ref()
    }

    pub(super) fn style(&self) -> &str {
        &self.style
    }

    pub(super) fn style_source(&self) -> &str {
        &self.style_source
    }

    pub(super) fn templates(&self) -> Option<&Templates> {
        self.templates.as_ref()
    }
}

/// An inline text, allowed by its hash (CSP 3, 6.7.3.2).
pub(super) fn source_of(inline: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inline)))
}

#[cfg(test)]
mod tests;
