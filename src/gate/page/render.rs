//! A page as HTML.
//!
//! Owns every byte of the markup, and the escaping. Must not know what is said.

use std::fmt::Write as _;

use super::style::STYLE;
use super::{Action, Onward, Page, Phrasebook, Resending, Text, Word};

impl Page {
    /// The page as HTML, in the words of a language.
    #[must_use]
    pub fn render(&self, book: &Phrasebook) -> String {
        let mut body = String::with_capacity(512);
        self.render_parts(&mut body, book);
        let mut head = String::new();
        if let Some(Onward { href, data }) = &self.onward {
            push(
                &mut head,
                format_args!(
                    "<noscript><meta http-equiv=\"refresh\" content=\"0;url={}\"></noscript>\n",
                    Escaped(href)
                ),
            );
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
        let script = self.script.map_or_else(String::new, |script| {
            format!("<script>{}</script>\n", script.source())
        });
        let mut data = String::new();
        for (name, value) in &self.data {
            push(
                &mut data,
                format_args!(" data-{name}=\"{}\"", Escaped(value)),
            );
        }
        let mut details = String::new();
        for (name, value) in &self.details {
            push(
                &mut details,
                format_args!(
                    "<p class=\"detail\">{}{}<code>{}</code></p>\n",
                    Said(book, name),
                    Said(book, &Word::Colon),
                    Told(book, value)
                ),
            );
        }
        let title = self.title.clone().map(|title| book.word(title));
        let title = Escaped(title.as_deref().unwrap_or_default());
        let lang = book.language().tag();
        format!(
            "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n{head}</head>\n<body>\n<main{data}>\n\
             <h1>{title}</h1>\n{body}{details}</main>\n{script}</body>\n</html>\n"
        )
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
        for action in &self.actions {
            match action {
                Action::Link { href, text, top } => push(
                    body,
                    format_args!(
                        "<p><a class=\"action\" href=\"{}\"{}>{}</a></p>\n",
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
