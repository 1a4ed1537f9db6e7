//! Our own pages: one template, no foreign resource, everything escaped.
//!
//! Owns what a page looks like. Must not know when which one is shown.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

mod ask;
mod script;
mod style;

pub use ask::Ask;
pub use script::Script;
use style::STYLE;

/// One page. Texts are plain; they are escaped when it is rendered. Debug shows
/// the title alone: the rest may tell of a person.
#[derive(Default)]
pub struct Page {
    title: String,
    paragraphs: Vec<String>,
    rows: Vec<(String, String)>,
    sections: Vec<(String, Vec<(String, String)>)>,
    actions: Vec<Action>,
    ask: Option<Ask>,
    details: Vec<(String, String)>,
    below: Option<(String, Box<Self>)>,
    cases: Vec<Case>,
    resending: Option<Resending>,
    onward: Option<Onward>,
    script: Option<Script>,
    data: Vec<(&'static str, String)>,
}

/// A part of a page that its script shows, and hides, by name.
struct Case {
    name: &'static str,
    is_shown: bool,
    part: Page,
}

/// The form that a script fills with what the tab has kept.
#[derive(Debug)]
pub struct Resending {
    /// Where it goes: a path of this origin.
    pub action: String,
    /// How it is encoded.
    pub enctype: &'static str,
}

/// Where a page leads by itself, and what its script needs to know for that.
struct Onward {
    href: String,
    data: Vec<(&'static str, String)>,
}

enum Action {
    Link {
        href: String,
        text: String,
        top: bool,
    },
    Post {
        href: String,
        text: String,
    },
    /// One of several that stand below each other.
    Choice {
        href: String,
        text: String,
        is_plain: bool,
    },
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Page({:?})", self.title)
    }
}

impl Page {
    /// A page with its title, which is its heading too.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            ..Self::default()
        }
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.paragraphs.push(text.into());
        self
    }

    /// Adds a row to the page's table.
    #[must_use]
    pub fn row(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.rows.push((name.into(), value.into()));
        self
    }

    /// Adds a table of its own, under a heading.
    #[must_use]
    pub fn section(mut self, title: &str, rows: Vec<(String, String)>) -> Self {
        self.sections.push((title.to_owned(), rows));
        self
    }

    /// Adds a link that looks like a button.
    #[must_use]
    pub fn link(mut self, href: impl Into<String>, text: &str) -> Self {
        self.actions.push(Action::Link {
            href: href.into(),
            text: text.to_owned(),
            top: false,
        });
        self
    }

    /// Adds such a link that leaves the frame the page is shown in.
    #[must_use]
    pub fn top_link(mut self, href: impl Into<String>, text: &str) -> Self {
        self.actions.push(Action::Link {
            href: href.into(),
            text: text.to_owned(),
            top: true,
        });
        self
    }

    /// Adds one of several links of which a person takes one; a plain one is not
    /// what they took the last time.
    #[must_use]
    pub fn choice(mut self, href: impl Into<String>, text: &str, is_plain: bool) -> Self {
        self.actions.push(Action::Choice {
            href: href.into(),
            text: text.to_owned(),
            is_plain,
        });
        self
    }

    /// Adds a form with one field, below everything else.
    #[must_use]
    pub fn ask(mut self, ask: Ask) -> Self {
        self.ask = Some(ask);
        self
    }

    /// Adds a button that posts to a path of ours.
    #[must_use]
    pub fn post(mut self, href: impl Into<String>, text: &str) -> Self {
        self.actions.push(Action::Post {
            href: href.into(),
            text: text.to_owned(),
        });
        self
    }

    /// Adds a line of small print, such as the reference for the log.
    #[must_use]
    pub fn detail(mut self, name: &str, value: impl Into<String>) -> Self {
        self.details.push((name.to_owned(), value.into()));
        self
    }

    /// Adds a part under a heading of its own, after all that is for the person.
    #[must_use]
    pub fn below(mut self, title: &str, part: Self) -> Self {
        self.below = Some((title.to_owned(), Box::new(part)));
        self
    }

    /// Adds a part that is hidden until the script shows it.
    #[must_use]
    pub fn when(self, name: &'static str, part: Self) -> Self {
        self.case(name, false, part)
    }

    /// Adds a part that is shown until the script shows another.
    #[must_use]
    pub fn at_first(self, name: &'static str, part: Self) -> Self {
        self.case(name, true, part)
    }

    fn case(mut self, name: &'static str, is_shown: bool, part: Self) -> Self {
        self.cases.push(Case {
            name,
            is_shown,
            part,
        });
        self
    }

    /// Adds the form that a script fills, with buttons to send and to drop it.
    #[must_use]
    pub fn resending(mut self, resending: Resending) -> Self {
        self.resending = Some(resending);
        self
    }

    /// Adds a script, and what it needs to know.
    #[must_use]
    pub fn script(mut self, script: Script, data: Vec<(&'static str, String)>) -> Self {
        self.script = Some(script);
        self.data = data;
        self
    }

    /// Makes it a page that is left at once: by its script, which reads `data`,
    /// or without one, to `href`.
    #[must_use]
    pub fn onward(
        mut self,
        script: Script,
        href: impl Into<String>,
        data: Vec<(&'static str, String)>,
    ) -> Self {
        self.onward = Some(Onward {
            href: href.into(),
            data,
        });
        self.script = Some(script);
        self
    }

    /// The policy under which the page is shown: its style sheet and, if it has
    /// one, its script; nothing else (CSP 3). Where forms go is not bounded:
    /// browsers hold the redirects that an app answers with to that, too (ADR 13).
    #[must_use]
    pub fn policy(&self) -> String {
        let script = self
            .script
            .map(|script| format!("; script-src {}", source_of(script.source())));
        format!(
            "default-src 'none'; style-src {}{}; base-uri 'none'; frame-ancestors 'none'",
            source_of(STYLE),
            script.unwrap_or_default()
        )
    }

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

/// An inline text, allowed by its hash (CSP 3, 6.7.3.2).
fn source_of(inline: &str) -> String {
    format!("'sha256-{}'", STANDARD.encode(Sha256::digest(inline)))
}

struct Escaped<'t>(&'t str);

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
fn push(text: &mut String, args: std::fmt::Arguments<'_>) {
    if text.write_fmt(args).is_err() {
        text.push('\u{fffd}');
    }
}
