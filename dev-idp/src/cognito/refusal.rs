//! How an authorization request is refused: on a page of ours, or at the
//! application's callback (cognito.md 1.6).

use crate::http::{Reply, encode, with_query};

/// The two fates of a bad request. Which one is decided by whether the
/// redirect URI could be trusted when the mistake was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Shown at the domain host; the application is not called.
    Page {
        error: String,
        client_id: Option<String>,
    },
    /// Sent to the application.
    Redirect { back: Back, error: CallbackError },
}

/// Where errors and codes go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Back {
    pub(crate) redirect_uri: String,
    pub(crate) state: Option<String>,
    /// True for `response_type=token`: parameters in the fragment.
    pub(crate) in_fragment: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallbackError {
    pub(crate) error: String,
    pub(crate) description: Option<String>,
}

impl CallbackError {
    pub(crate) fn new(error: &str, description: &str) -> Self {
        Self {
            error: error.to_owned(),
            description: Some(description.to_owned()),
        }
    }

    /// The common shape of 1.6: everything is `invalid_request`.
    pub(crate) fn invalid_request(description: &str) -> Self {
        Self::new("invalid_request", description)
    }

    pub(crate) fn bare(error: &str) -> Self {
        Self {
            error: error.to_owned(),
            description: None,
        }
    }
}

impl Back {
    /// The redirect with these parameters in this order.
    pub(crate) fn reply(&self, pairs: &[(&str, &str)]) -> Reply {
        let pairs = pairs.iter().copied();
        Reply::redirect(&if self.in_fragment {
            format!("{}#{}", self.redirect_uri, encode(pairs))
        } else {
            with_query(&self.redirect_uri, pairs)
        })
    }

    /// The observed order: `error_description`, `state`, `error`.
    pub(crate) fn refuse(&self, error: &CallbackError) -> Reply {
        let mut pairs = Vec::new();
        if let Some(description) = &error.description {
            pairs.push(("error_description", description.as_str()));
        }
        if let Some(state) = &self.state {
            pairs.push(("state", state.as_str()));
        }
        pairs.push(("error", error.error.as_str()));
        self.reply(&pairs)
    }
}

impl Refusal {
    pub(crate) fn page(error: &str, client_id: Option<&str>) -> Self {
        Self::Page {
            error: error.to_owned(),
            client_id: client_id.map(str::to_owned),
        }
    }

    pub(crate) fn reply(&self, domain: &str) -> Reply {
        match self {
            Self::Page { error, client_id } => {
                let mut pairs = vec![("error", error.as_str())];
                if let Some(client_id) = client_id {
                    pairs.push(("client_id", client_id.as_str()));
                }
                Reply::redirect(&with_query(&format!("{domain}/error"), pairs))
            }
            Self::Redirect { back, error } => back.refuse(error),
        }
    }
}

/// Texts of 1.6 that come from several places.
pub(crate) const REDIRECT_MISMATCH: &str = "redirect_mismatch";
pub(crate) const PARAMETERS_MISSING: &str = "Required parameters missing";
pub(crate) const OPTION_NOT_AVAILABLE: &str =
    "Login option is not available. Please try another one";
pub(crate) const SOMETHING_WENT_WRONG: &str = "Something went wrong";
