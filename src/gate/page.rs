//! Our own pages: one template, no foreign resource, everything escaped.
//!
//! Owns what a page is made of and the policy under which it is shown; how it
//! is written is [`render`]'s. Must not know when which one is shown.

mod ask;
pub mod colour;
mod language;
pub mod look;
mod render;
mod script;
mod style;
pub mod templates;
mod text;
mod words;

pub use ask::Ask;
pub use language::Language;
pub use look::Look;
pub use script::Script;
pub use text::{OwnTextError, Phrasebook, Text};
pub use words::Word;

/// One page, in no language yet. Texts are plain; they are escaped when it is
/// rendered. Debug shows the title's name alone: the rest may tell of a person.
#[derive(Clone, Default)]
pub struct Page {
    title: Option<Word>,
    paragraphs: Vec<Text>,
    rows: Vec<(Text, Text)>,
    sections: Vec<(Word, Vec<(Text, Text)>)>,
    actions: Vec<Action>,
    ask: Option<Ask>,
    details: Vec<(Word, Text)>,
    below: Option<(Word, Box<Self>)>,
    cases: Vec<Case>,
    resending: Option<Resending>,
    onward: Option<Onward>,
    script: Option<Script>,
    data: Vec<(&'static str, String)>,
    in_frame: bool,
}

/// A part of a page that its script shows, and hides, by name.
#[derive(Clone)]
struct Case {
    name: &'static str,
    is_shown: bool,
    part: Page,
}

/// The form that a script fills with what the tab has kept.
#[derive(Clone, Debug)]
pub struct Resending {
    /// Where it goes: a path of this origin.
    pub action: String,
    /// How it is encoded.
    pub enctype: &'static str,
}

/// Where a page leads by itself, and what its script needs to know for that.
#[derive(Clone)]
struct Onward {
    href: String,
    data: Vec<(&'static str, String)>,
}

#[derive(Clone)]
enum Action {
    Link {
        href: String,
        text: Word,
        top: bool,
    },
    Post {
        href: String,
        text: Word,
    },
    /// One of several that stand below each other.
    Choice {
        href: String,
        text: Word,
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
    pub fn new(title: Word) -> Self {
        Self {
            title: Some(title),
            ..Self::default()
        }
    }

    /// Adds a paragraph.
    #[must_use]
    pub fn text(mut self, text: impl Into<Text>) -> Self {
        self.paragraphs.push(text.into());
        self
    }

    /// Adds a row to the page's table.
    #[must_use]
    pub fn row(mut self, name: impl Into<Text>, value: impl Into<Text>) -> Self {
        self.rows.push((name.into(), value.into()));
        self
    }

    /// Adds a table of its own, under a heading.
    #[must_use]
    pub fn section(mut self, title: Word, rows: Vec<(Text, Text)>) -> Self {
        self.sections.push((title, rows));
        self
    }

    /// Adds a link that looks like a button.
    #[must_use]
    pub fn link(mut self, href: impl Into<String>, text: Word) -> Self {
        self.actions.push(Action::Link {
            href: href.into(),
            text,
            top: false,
        });
        self
    }

    /// Adds such a link that leaves the frame the page is shown in.
    #[must_use]
    pub fn top_link(mut self, href: impl Into<String>, text: Word) -> Self {
        self.actions.push(Action::Link {
            href: href.into(),
            text,
            top: true,
        });
        self
    }

    /// Adds one of several links of which a person takes one; a plain one is not
    /// what they took the last time.
    #[must_use]
    pub fn choice(mut self, href: impl Into<String>, text: Word, is_plain: bool) -> Self {
        self.actions.push(Action::Choice {
            href: href.into(),
            text,
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
    pub fn post(mut self, href: impl Into<String>, text: Word) -> Self {
        self.actions.push(Action::Post {
            href: href.into(),
            text,
        });
        self
    }

    /// Adds a line of small print, such as the reference for the log.
    #[must_use]
    pub fn detail(mut self, name: Word, value: impl Into<Text>) -> Self {
        self.details.push((name, value.into()));
        self
    }

    /// Adds a part under a heading of its own, after all that is for the person.
    #[must_use]
    pub fn below(mut self, title: Word, part: Self) -> Self {
        self.below = Some((title, Box::new(part)));
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

    /// Lets a page of this origin show it in a frame.
    #[must_use]
    pub fn in_frame(mut self) -> Self {
        self.in_frame = true;
        self
    }

    /// Whether a page of this origin may show it in a frame.
    #[must_use]
    pub fn may_be_framed(&self) -> bool {
        self.in_frame
    }

    /// What sort of page it is: what the names of its words begin with.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        let key = self.title.as_ref().map_or("", Word::key);
        key.split('.').next().unwrap_or_default()
    }

    /// The policy under which the page is shown: its style sheet and, if it has
    /// one, its script and the logo that it holds; nothing else (CSP 3), whatever
    /// a template says. Where forms go is not bounded:
    /// browsers hold the redirects that an app answers with to that, too (ADR 13).
    #[must_use]
    pub fn policy(&self, look: &Look) -> String {
        let script = self
            .script
            .map(|script| format!("; script-src {}", look::source_of(script.source())));
        let ancestors = if self.in_frame { "'self'" } else { "'none'" };
        format!(
            "default-src 'none'; style-src {}{}{}; base-uri 'none'; frame-ancestors {ancestors}",
            look.style_source(),
            script.unwrap_or_default(),
            look.logo().map_or("", |_| "; img-src data:")
        )
    }
}
