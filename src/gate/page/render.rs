//! A page as HTML.
//!
//! Owns every byte of our own markup, and the escaping. Must not know what is said.

use std::fmt::Write as _;

use super::{Action, Language, Look, Onward, Page, Phrasebook, Resending, Text, Word};

/// Whose page it is, where nobody says otherwise.
const NAME: &str = "Vestibule";

impl Page {
    /// The page as HTML, in the words of a language: by the operator's template
    /// if there is one, and in our own frame where it fails.
    #[must_use]
    pub fn render(&self, look: &Look, language: Language) -> String {
        let book = look.book(language);
        let parts = self.parts(look, book);
        let own = look
            .templates()
            .and_then(|templates| templates.render(self.kind(), &parts).ok()?);
        own.unwrap_or_else(|| parts.framed())
    }

    /// What a page consists of.
    pub(super) fn parts(&self, look: &Look, book: &Phrasebook) -> Parts {
        let title = self.title.clone().map(|title| book.word(title));
        let title = title.unwrap_or_default();
        Parts {
            language: book.language(),
            head: self.head(look, &title),
            content: self.content(book, &title),
            organisation: look.organisation().unwrap_or_default().to_owned(),
            logo: look.logo().map(|logo| logo.url().to_owned()),
            contact: book.word(Word::Contact),
            paragraphs: self.paragraphs.iter().map(|text| book.say(text)).collect(),
            title,
        }
    }

    /// All that has to stand in the head.
    fn head(&self, look: &Look, title: &str) -> String {
        let mut head = String::with_capacity(4096);
        head.push_str(
            "<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n",
        );
        push(
            &mut head,
            format_args!(
                "<title>{}</title>\n<style>{}</style>\n",
                Escaped(title),
                look.style()
            ),
        );
        if let Some(Onward { href, .. }) = &self.onward {
            push(
                &mut head,
                format_args!(
                    "<noscript><meta http-equiv=\"refresh\" content=\"0;url={}\"></noscript>\n",
                    Escaped(href)
                ),
            );
        }
        head
    }

    /// All that is said, and the script that goes with it.
    fn content(&self, book: &Phrasebook, title: &str) -> String {
        let mut body = String::with_capacity(2048);
        body.push_str("<main");
        for (name, value) in &self.data {
            push(
                &mut body,
                format_args!(" data-{name}=\"{}\"", Escaped(value)),
            );
        }
        push(&mut body, format_args!(">\n<h1>{}</h1>\n", Escaped(title)));
        self.render_parts(&mut body, book);
        if let Some(Onward { href, data }) = &self.onward {
            push(
                &mut body,
                format_args!(
                    "<p><a id=\"onward\" class=\"action\" href=\"{}\"",
                    Escaped(href)
                ),
            );
            for (name, value) in data {
                push(
                    &mut body,
                    format_args!(" data-{name}=\"{}\"", Escaped(value)),
                );
            }
            push(
                &mut body,
                format_args!(">{}</a></p>\n", Said(book, &Word::Continue)),
            );
        }
        for (name, value) in &self.details {
            push(
                &mut body,
                format_args!(
                    "<p class=\"detail\">{}{}<code>{}</code></p>\n",
                    Said(book, name),
                    Said(book, &Word::Colon),
                    Told(book, value)
                ),
            );
        }
        body.push_str("</main>\n");
        if let Some(script) = self.script {
            push(
                &mut body,
                format_args!("<script>{}</script>\n", script.source()),
            );
        }
        body
    }

    fn render_parts(&self, body: &mut String, book: &Phrasebook) {
        for text in &self.paragraphs {
            push(body, format_args!("<p>{}</p>\n", Told(book, text)));
        }
        table(body, &self.rows, book);
        for (title, rows) in &self.sections {
            push(body, format_args!("<h2>{}</h2>\n", Said(book, title)));
            table(body, rows, book);
        }
        if !self.cases.is_empty() {
            body.push_str("<div aria-live=\"polite\">\n");
            for case in &self.cases {
                let hidden = if case.is_shown { "" } else { " hidden" };
                push(
                    body,
                    format_args!("<div data-when=\"{}\"{hidden}>\n", case.name),
                );
                case.part.render_parts(body, book);
                body.push_str("</div>\n");
            }
            body.push_str("</div>\n");
        }
        if let Some(Resending { action, enctype }) = &self.resending {
            push(
                body,
                format_args!(
                    "<form id=\"kept\" method=\"post\" action=\"{}\" enctype=\"{enctype}\" accept-charset=\"utf-8\">\
                     <div id=\"fields\" hidden></div>\
                     <button class=\"action\" type=\"submit\">{}</button>\
                     <button class=\"action quiet\" type=\"button\" id=\"drop\">{}</button></form>\n",
                    Escaped(action),
                    Said(book, &Word::SendFormSend),
                    Said(book, &Word::SendFormDrop)
                ),
            );
        }
        for (place, action) in self.actions.iter().enumerate() {
            match action {
                // The first is what most people want.
                Action::Link { href, text, top } => push(
                    body,
                    format_args!(
                        "<p><a class=\"action{}\" href=\"{}\"{}>{}</a></p>\n",
                        if place == 0 { "" } else { " quiet" },
                        Escaped(href),
                        if *top { " target=\"_top\"" } else { "" },
                        Said(book, text)
                    ),
                ),
                Action::Post { href, text } => push(
                    body,
                    format_args!(
                        "<form method=\"post\" action=\"{}\"><button class=\"action\" type=\"submit\">{}</button></form>\n",
                        Escaped(href),
                        Said(book, text)
                    ),
                ),
                Action::Choice {
                    href,
                    text,
                    is_plain,
                } => push(
                    body,
                    format_args!(
                        "<p class=\"choice\"><a class=\"action{}\" href=\"{}\">{}</a></p>\n",
                        if *is_plain { " quiet" } else { "" },
                        Escaped(href),
                        Said(book, text)
                    ),
                ),
            }
        }
        if let Some(ask) = &self.ask {
            ask.render(body, book);
        }
        if let Some((title, part)) = &self.below {
            push(body, format_args!("<h2>{}</h2>\n", Said(book, title)));
            part.render_parts(body, book);
        }
    }
}

/// What a page consists of, in the words of a language. `head` and `content` are
/// HTML; the rest is plain.
pub(super) struct Parts {
    pub(super) language: Language,
    pub(super) title: String,
    pub(super) head: String,
    pub(super) content: String,
    pub(super) organisation: String,
    pub(super) contact: String,
    /// A `data:` URL.
    pub(super) logo: Option<String>,
    pub(super) paragraphs: Vec<String>,
}

impl Parts {
    /// In our own frame.
    fn framed(&self) -> String {
        let lang = self.language.tag();
        let name = match self.organisation.as_str() {
            "" => NAME,
            name => name,
        };
        let name = Escaped(name);
        let brand = match &self.logo {
            // Beside a name, a picture says nothing more.
            Some(logo) if !self.organisation.is_empty() => {
                format!("<img src=\"{}\" alt=\"\"> {name}", Escaped(logo))
            }
            Some(logo) => format!("<img src=\"{}\" alt=\"\">", Escaped(logo)),
            None if self.organisation.is_empty() => {
                format!("<span class=\"mark\" aria-hidden=\"true\"></span> {name}")
            }
            None => name.to_string(),
        };
        let contact = match self.contact.as_str() {
            "" => String::new(),
            contact => format!("<footer>{}</footer>\n", Escaped(contact)),
        };
        format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n{}</head>\n<body>\n\
             <header class=\"brand\">{brand}</header>\n{}{contact}</body>\n</html>\n",
            self.head, self.content
        )
    }
}

fn table(body: &mut String, rows: &[(Text, Text)], book: &Phrasebook) {
    if rows.is_empty() {
        return;
    }
    body.push_str("<table>\n");
    for (name, value) in rows {
        push(
            body,
            format_args!(
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
                Told(book, name),
                Told(book, value)
            ),
        );
    }
    body.push_str("</table>\n");
}

pub(super) struct Escaped<'t>(pub(super) &'t str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                c if c.is_control() => f.write_char('\u{fffd}')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// A text in the words of a language, escaped.
struct Told<'t>(&'t Phrasebook, &'t Text);

impl std::fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Escaped(&self.0.say(self.1)).fmt(f)
    }
}

/// The same of a word alone.
struct Said<'t>(&'t Phrasebook, &'t Word);

impl std::fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Escaped(&self.0.word(self.1.clone())).fmt(f)
    }
}

/// Writing to a `String` cannot fail.
pub(super) fn push(text: &mut String, args: std::fmt::Arguments<'_>) {
    if text.write_fmt(args).is_err() {
        text.push('\u{fffd}');
    }
}
