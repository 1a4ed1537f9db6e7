//! Our own pages: one template, no foreign resource, everything escaped.
//!
//! Owns what a page looks like. Must not know when which one is shown.

use std::fmt::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

mod script;

pub use script::Script;

/// One page. Texts are plain; they are escaped when it is rendered. Debug shows
/// the title alone: the rest may tell of a person.
#[derive(Default)]
pub struct Page {
    title: String,
    paragraphs: Vec<String>,
    rows: Vec<(String, String)>,
    sections: Vec<(String, Vec<(String, String)>)>,
    actions: Vec<Action>,
    details: Vec<(String, String)>,
    onward: Option<Onward>,
    script: Option<Script>,
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
    /// one, its script; nothing else (CSP 3).
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
        for text in &self.paragraphs {
            push(&mut body, format_args!("<p>{}</p>\n", Escaped(text)));
        }
        table(&mut body, &self.rows);
        for (title, rows) in &self.sections {
            push(&mut body, format_args!("<h2>{}</h2>\n", Escaped(title)));
            table(&mut body, rows);
        }
        for action in &self.actions {
            match action {
                Action::Link { href, text, top } => push(
                    &mut body,
                    format_args!(
                        "<p><a class=\"action\" href=\"{}\"{}>{}</a></p>\n",
                        Escaped(href),
                        if *top { " target=\"_top\"" } else { "" },
                        Escaped(text)
                    ),
                ),
                Action::Post { href, text } => push(
                    &mut body,
                    format_args!(
                        "<form method=\"post\" action=\"{}\"><button class=\"action\" type=\"submit\">{}</button></form>\n",
                        Escaped(href),
                        Escaped(text)
                    ),
                ),
            }
        }
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
             <title>{title}</title>\n<style>{STYLE}</style>\n{head}</head>\n<body>\n<main>\n\
             <h1>{title}</h1>\n{body}{details}</main>\n{script}</body>\n</html>\n"
        )
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

const STYLE: &str = "\
:root{--ink:#1d2530;--soft:#56606e;--paper:#f4f5f7;--card:#fff;--line:#d9dde3;--act:#1f5fbf;--on-act:#fff}\
@media(prefers-color-scheme:dark){:root{--ink:#e8ebf0;--soft:#a3adba;--paper:#14181e;--card:#1d232b;--line:#343c47;--act:#8ab8ff;--on-act:#10151c}}\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:flex;align-items:center;justify-content:center;padding:1.5rem;background:var(--paper);color:var(--ink);font:1rem/1.55 system-ui,-apple-system,'Segoe UI',sans-serif}\
main{width:100%;max-width:36rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:2rem}\
h1{margin:0 0 1rem;font-size:1.4rem;line-height:1.25}\
h2{margin:1.5rem 0 .5rem;font-size:1.05rem}\
p{margin:0 0 1rem;overflow-wrap:anywhere}\
form{margin:0 0 1rem}\
.action{display:inline-block;padding:.6rem 1.2rem;border:0;border-radius:.5rem;background:var(--act);color:var(--on-act);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}\
.action:focus-visible{outline:3px solid var(--ink);outline-offset:2px}\
table{width:100%;border-collapse:collapse;margin:0 0 1rem}\
th,td{padding:.45rem .75rem .45rem 0;border-top:1px solid var(--line);text-align:left;vertical-align:top;overflow-wrap:anywhere}\
th{font-weight:600;white-space:nowrap}\
.detail{margin:0;color:var(--soft);font-size:.85rem}";
