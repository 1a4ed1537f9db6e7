//! A page as HTML.
//!
//! Owns every byte of the markup, and the escaping. Must not know what is said.

use std::fmt::Write as _;

use super::style::STYLE;
use super::{Action, Onward, Page, Resending};

impl Page {
    /// The page as HTML.
    #[must_use]
    pub fn render(&self) -> String {
        let mut body = String::with_capacity(512);
        self.render_parts(&mut body);
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
            body.push_str(">Continue</a></p>\n");
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
                    "<p class=\"detail\">{}: <code>{}</code></p>\n",
                    Escaped(name),
                    Escaped(value)
                ),
            );
        }
        let title = Escaped(&self.title);
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <title>{title}</title>\n<style>{STYLE}</style>\n{head}</head>\n<body>\n<main{data}>\n\
             <h1>{title}</h1>\n{body}{details}</main>\n{script}</body>\n</html>\n"
        )
    }

    fn render_parts(&self, body: &mut String) {
        for text in &self.paragraphs {
            push(body, format_args!("<p>{}</p>\n", Escaped(text)));
        }
        table(body, &self.rows);
        for (title, rows) in &self.sections {
            push(body, format_args!("<h2>{}</h2>\n", Escaped(title)));
            table(body, rows);
        }
        if !self.cases.is_empty() {
            body.push_str("<div aria-live=\"polite\">\n");
            for case in &self.cases {
                let hidden = if case.is_shown { "" } else { " hidden" };
                push(
                    body,
                    format_args!("<div data-when=\"{}\"{hidden}>\n", case.name),
                );
                case.part.render_parts(body);
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
                     <button class=\"action\" type=\"submit\">Send it now</button>\
                     <button class=\"action quiet\" type=\"button\" id=\"drop\">Do not send</button></form>\n",
                    Escaped(action)
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
                        Escaped(text)
                    ),
                ),
                Action::Post { href, text } => push(
                    body,
                    format_args!(
                        "<form method=\"post\" action=\"{}\"><button class=\"action\" type=\"submit\">{}</button></form>\n",
                        Escaped(href),
                        Escaped(text)
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
                        Escaped(text)
                    ),
                ),
            }
        }
        if let Some(ask) = &self.ask {
            ask.render(body);
        }
        if let Some((title, part)) = &self.below {
            push(body, format_args!("<h2>{}</h2>\n", Escaped(title)));
            part.render_parts(body);
        }
    }
}

fn table(body: &mut String, rows: &[(String, String)]) {
    if rows.is_empty() {
        return;
    }
    body.push_str("<table>\n");
    for (name, value) in rows {
        push(
            body,
            format_args!(
                "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
                Escaped(name),
                Escaped(value)
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

/// Writing to a `String` cannot fail.
pub(super) fn push(text: &mut String, args: std::fmt::Arguments<'_>) {
    if text.write_fmt(args).is_err() {
        text.push('\u{fffd}');
    }
}
