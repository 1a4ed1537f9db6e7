//! `vestibule explain`: what would become of a request, without sending one.
//!
//! Owns the command: what it is given, and how the answer reads. Must not
//! judge: `gate::explain` does, by the very steps that requests take.

use std::path::PathBuf;

use crate::config::Config;
use crate::gate::explain::Asking;
use crate::gate::{Gate, NoSessionKey};

mod cases;
mod claims;
mod request;
mod words;

pub use cases::CasesError;
use claims::By;
pub use claims::{ClaimsError, TokenCheck};
pub use request::{RequestTextError, Requested};

/// Who asks, as the command line has it.
#[derive(Debug)]
pub enum Who {
    /// Nobody is signed in.
    SignedOut,
    /// `--claims`: a file of claims as JSON.
    Claims(PathBuf),
    /// `--token`: a file with an ID token, or with an access token as a client
    /// shows it.
    Token(PathBuf),
}

/// What to explain.
#[derive(Debug)]
pub struct Question {
    /// Who asks.
    pub who: Who,
    /// The provider that signed them in, if that is said.
    pub provider: Option<String>,
    /// How a token is checked.
    pub check: Option<TokenCheck>,
    /// For what: `[METHOD] URL-or-path`.
    pub request: String,
    /// JSON instead of words.
    pub json: bool,
}

/// Why there is nothing to explain.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// See [`ClaimsError`].
    #[error(transparent)]
    Claims(#[from] ClaimsError),
    /// See [`RequestTextError`].
    #[error("--request: {0}")]
    Request(#[from] RequestTextError),
    /// See [`CasesError`].
    #[error(transparent)]
    Cases(#[from] CasesError),
    /// See [`NoSessionKey`].
    #[error(transparent)]
    Key(#[from] NoSessionKey),
}

impl ExplainError {
    /// Whether a file that is named is not there, or is not to be read.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        match self {
            Self::Claims(error) => matches!(error, ClaimsError::Unreadable { .. }),
            Self::Cases(error) => error.is_unreadable(),
            Self::Request(_) | Self::Key(_) => false,
        }
    }

    /// Whether the command line is to blame, and not a file.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Request(_)
            | Self::Claims(ClaimsError::Unchecked | ClaimsError::WhichProvider(_)) => true,
            Self::Claims(_) | Self::Cases(_) | Self::Key(_) => false,
        }
    }
}

/// What the command prints, and whether all cases hold.
#[derive(Debug)]
pub struct Answer {
    /// The result, for stdout.
    pub text: String,
    /// What somebody should know about what was given, for stderr.
    pub notes: Vec<&'static str>,
    /// False if a case differs from what it expects.
    pub holds: bool,
}

/// Explains one request.
///
/// # Errors
/// See [`ExplainError`].
pub fn explain(config: &Config, question: &Question) -> Result<Answer, ExplainError> {
    let gate = Gate::new(config)?;
    let requested = Requested::parse(&question.request, &config.server)?;
    let by = By {
        config,
        gate: &gate,
        check: question.check.as_ref(),
        provider: question.provider.as_deref(),
    };
    let asking = match &question.who {
        Who::SignedOut => Asking::Nobody,
        Who::Claims(file) => claims::from_file(file, by)?,
        Who::Token(file) => claims::from_token(file, by)?,
    };
    let notes = claims::misread(&asking, &gate).into_iter().collect();
    let told = requested.explain(&gate, &asking);
    let text = match question.json {
        true => format!("{:#}\n", told.to_json()),
        false => words::of(&requested, &asking, &told),
    };
    Ok(Answer {
        text,
        notes,
        holds: true,
    })
}

/// Runs the cases of a file.
///
/// # Errors
/// See [`ExplainError`].
pub fn explain_cases(
    config: &Config,
    file: &std::path::Path,
    provider: Option<&str>,
    as_json: bool,
) -> Result<Answer, ExplainError> {
    let gate = Gate::new(config)?;
    let by = By {
        config,
        gate: &gate,
        // What claims lead to is asked, not whether somebody signed them.
        check: Some(&TokenCheck::Unverified),
        provider,
    };
    Ok(cases::run(by, file, as_json)?)
}
