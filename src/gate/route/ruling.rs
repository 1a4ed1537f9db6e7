//! What a request falls under.
//!
//! Owns the three answers that there are. Must not know how one is found.

use std::sync::Arc;

use super::{Access, Manner};

/// What a request falls under.
#[derive(Clone, Copy, Debug)]
pub enum Ruling<'r> {
    /// One rule.
    Rule {
        /// Who may pass.
        access: &'r Access,
        /// How it is treated.
        manner: &'r Manner,
        /// Its name for people and the log: `route[2] /admin/*`, or `default`.
        label: &'r Arc<str>,
    },
    /// Routes name this host and path, and none of them this method: closed,
    /// whatever a weaker route would say.
    NoMethod {
        /// The name of the first of those routes.
        label: &'r Arc<str>,
    },
    /// Apps read this path in different ways, under different rules, and no
    /// route says that this one does not.
    Ambiguous,
}

/// A ruling that is not in doubt.
#[derive(Clone, Copy, Debug)]
pub(in crate::gate) struct Ruled<'r> {
    /// Its route's name for people and the log.
    pub(in crate::gate) label: &'r Arc<str>,
    /// Who may pass, and how; `None`: nobody by this method.
    pub(in crate::gate) rule: Option<(&'r Access, &'r Manner)>,
}

impl<'r> Ruling<'r> {
    /// What holds; `None` where that depends on who reads the path.
    pub(in crate::gate) fn ruled(self) -> Option<Ruled<'r>> {
        match self {
            Self::Rule {
                access,
                manner,
                label,
            } => Some(Ruled {
                label,
                rule: Some((access, manner)),
            }),
            Self::NoMethod { label } => Some(Ruled { label, rule: None }),
            Self::Ambiguous => None,
        }
    }
}
