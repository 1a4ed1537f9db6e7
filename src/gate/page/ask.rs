//! A form with one field, by GET and without a script: what it asks for goes
//! back to a page of ours.

use super::render::{Escaped, push};
use super::{Phrasebook, Word};

/// The form.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Where it goes: a path of this origin.
    pub action: String,
    /// What goes along as it is.
    pub carried: Vec<(String, String)>,
    /// The field.
    pub name: &'static str,
    /// What it is for, in words.
    pub label: Word,
    /// What was said before, to be mended.
    pub value: Option<String>,
    /// What is wrong with that.
    pub problem: Option<Word>,
    /// On the button.
    pub button: Word,
}

impl Ask {
    pub(super) fn render(&self, body: &mut String, book: &Phrasebook) {
        let Self {
            action,
            carried,
            name,
            label,
            value,
            problem,
            button,
        } = self;
        push(
            body,
            format_args!(
                "<form class=\"ask\" method=\"get\" action=\"{}\">\n",
                Escaped(action)
            ),
        );
        for (name, value) in carried {
            push(
                body,
                format_args!(
                    "<input type=\"hidden\" name=\"{}\" value=\"{}\">\n",
                    Escaped(name),
                    Escaped(value)
                ),
            );
        }
        let (described, invalid) = match problem {
            Some(_) => (" aria-describedby=\"problem\"", " aria-invalid=\"true\""),
            None => ("", ""),
        };
        push(
            body,
            format_args!(
                "<label for=\"asked\">{}</label>\n\
                 <input id=\"asked\" type=\"email\" name=\"{}\" value=\"{}\" autocomplete=\"email\" required{described}{invalid}>\n",
                Escaped(&book.word(label.clone())),
                Escaped(name),
                Escaped(value.as_deref().unwrap_or_default())
            ),
        );
        if let Some(problem) = problem {
            push(
                body,
                format_args!(
                    "<p id=\"problem\" role=\"alert\">{}</p>\n",
                    Escaped(&book.word(problem.clone()))
                ),
            );
        }
        push(
            body,
            format_args!(
                "<button class=\"action quiet\" type=\"submit\">{}</button></form>\n",
                Escaped(&book.word(button.clone()))
            ),
        );
    }
}
