//! Failure injection (cognito.md E18): per endpoint, once, n times or always.
//!
//! A fault of the response is asked for by the router and carried out by it
//! and the server; one that changes a token is asked for where tokens are signed.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cognito::LoginError;
use crate::forge::{Forgery, ForgeryKey};
use crate::model::KeyName;

/// The body of `POST /faults`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Fault {
    pub(crate) endpoint: String,
    /// How often; -1 is always.
    #[serde(default = "once")]
    pub(crate) times: i64,
    /// Only requests with this `grant_type`: refreshes fail, logins do not.
    #[serde(default)]
    pub(crate) grant_type: Option<String>,
    #[serde(flatten)]
    pub(crate) kind: FaultKind,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub(crate) enum FaultKind {
    /// Answers with this status and an empty body.
    Status { status: u16 },
    /// Answers with this body, an HTML page unless told otherwise.
    Body {
        #[serde(default = "ok")]
        status: u16,
        #[serde(default = "html")]
        content_type: String,
        body: String,
    },
    /// Answers with so many bytes of JSON text.
    Huge { bytes: usize },
    /// 302 to there.
    Redirect { location: String },
    /// Serves the request, and answers so much later.
    Delay { milliseconds: u64 },
    /// Says nothing for so long, then closes; the request is not served.
    Silence { milliseconds: u64 },
    /// Resets the connection; the request is not served.
    Reset,
    /// Serves the request, and cuts its answer off in the middle.
    Truncate,
    /// Serves the request, and closes without the answer: a response that is
    /// lost after the rotation of a token.
    Lose,
    /// Ends the login by a row of cognito.md 1.6.
    LoginError(LoginError),
    /// Deviations for one token of the response.
    TamperToken {
        #[serde(default = "id_token")]
        token: KeyName,
        #[serde(default)]
        claims: Map<String, Value>,
        #[serde(default)]
        header: Map<String, Value>,
        #[serde(default)]
        key: Option<ForgeryKey>,
    },
}

/// What becomes of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// This one takes its place; the request is not served.
    Instead {
        status: u16,
        content_type: Option<String>,
        location: Option<String>,
        body: String,
    },
    /// It comes so much later.
    Late(Duration),
    /// None, after so long; the request is not served.
    Silent(Duration),
    /// None, and a reset at once; the request is not served.
    Reset,
    /// Half of it.
    Cut,
    /// None, although the request was served.
    Lost,
}

/// The longest that a fault may last.
const LONGEST: u64 = 10 * 60 * 1000;
/// The longest body of a fault.
const LARGEST: usize = 64 << 20;

#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Fault {
    /// # Errors
    /// If no server could answer like this.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self.kind {
            FaultKind::Status { status } | FaultKind::Body { status, .. }
                if !(200..=599).contains(&status) =>
            {
                Err(format!("{status} is no final status"))
            }
            FaultKind::Delay { milliseconds } | FaultKind::Silence { milliseconds }
                if milliseconds > LONGEST =>
            {
                Err(format!("{milliseconds} ms are too long"))
            }
            FaultKind::LoginError(_) if self.endpoint != "domain:authorize" => {
                Err("a login-error is one of domain:authorize".to_owned())
            }
            FaultKind::Huge { bytes } if bytes > LARGEST => Err(format!("{bytes} are too many")),
            _ => Ok(()),
        }
    }

    fn concerns(&self, endpoint: &str, grant_type: Option<&str>) -> bool {
        self.endpoint == endpoint
            && self
                .grant_type
                .as_deref()
                .is_none_or(|wanted| grant_type == Some(wanted))
    }
}

impl FaultKind {
    fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Body { .. } => "body",
            Self::Huge { .. } => "huge",
            Self::Redirect { .. } => "redirect",
            Self::Delay { .. } => "delay",
            Self::Silence { .. } => "silence",
            Self::Reset => "reset",
            Self::Truncate => "truncate",
            Self::Lose => "lose",
            Self::LoginError(_) => "login-error",
            Self::TamperToken { .. } => "tamper-token",
        }
    }

    /// `None` for what is no fault of the response as a whole.
    fn deed(&self) -> Option<Deed> {
        let instead = |status, content_type: Option<&str>, body: String| Deed::Instead {
            status,
            content_type: content_type.map(str::to_owned),
            location: None,
            body,
        };
        Some(match self {
            Self::Status { status } => instead(*status, None, String::new()),
            Self::Body {
                status,
                content_type,
                body,
            } => instead(*status, Some(content_type), body.clone()),
            Self::Huge { bytes } => {
                let filling = "x".repeat(bytes.saturating_sub(2));
                instead(200, Some("application/json"), format!("\"{filling}\""))
            }
            Self::Redirect { location } => Deed::Instead {
                status: 302,
                content_type: None,
                location: Some(location.clone()),
                body: String::new(),
            },
            Self::Delay { milliseconds } => Deed::Late(Duration::from_millis(*milliseconds)),
            Self::Silence { milliseconds } => Deed::Silent(Duration::from_millis(*milliseconds)),
            Self::Reset => Deed::Reset,
            Self::Truncate => Deed::Cut,
            Self::Lose => Deed::Lost,
            Self::LoginError(_) | Self::TamperToken { .. } => return None,
        })
    }
}

impl Faults {
    pub(crate) fn add(&mut self, fault: Fault) {
        if fault.times != 0 {
            self.0.push(fault);
        }
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// What becomes of the response to this request.
    pub(crate) fn deed(&mut self, endpoint: &str, grant_type: Option<&str>) -> Option<Deed> {
        self.spend(|fault| {
            let concerned = fault.concerns(endpoint, grant_type);
            concerned.then(|| fault.kind.deed()).flatten()
        })
    }

    /// How the login that is being asked for ends.
    pub(crate) fn login_error(&mut self) -> Option<LoginError> {
        self.spend(|fault| match &fault.kind {
            FaultKind::LoginError(error) => Some(error.clone()),
            _ => None,
        })
    }

    /// The deviations for a token of that use.
    pub(crate) fn tamper(
        &mut self,
        endpoint: &str,
        grant_type: Option<&str>,
        token_use: KeyName,
    ) -> Option<Forgery> {
        self.spend(|fault| match &fault.kind {
            FaultKind::TamperToken {
                token,
                claims,
                header,
                key,
            } if *token == token_use && fault.concerns(endpoint, grant_type) => Some(Forgery {
                claims: claims.clone(),
                header: header.clone(),
                key: *key,
            }),
            _ => None,
        })
    }

    pub(crate) fn list(&self) -> Value {
        self.0
            .iter()
            .map(|fault| {
                json!({
                    "endpoint": fault.endpoint,
                    "times": fault.times,
                    "grant_type": fault.grant_type,
                    "kind": fault.kind.name(),
                })
            })
            .collect()
    }

    /// Uses up one time of the oldest fault that has something to say.
    fn spend<T>(&mut self, pick: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        let (index, found) = self
            .0
            .iter()
            .enumerate()
            .find_map(|(index, fault)| pick(fault).map(|found| (index, found)))?;
        let exhausted = self.0.get_mut(index).is_some_and(|fault| {
            if fault.times > 0 {
                fault.times -= 1;
            }
            fault.times == 0
        });
        if exhausted {
            self.0.remove(index);
        }
        Some(found)
    }
}

fn once() -> i64 {
    1
}

fn ok() -> u16 {
    200
}

fn html() -> String {
    "text/html;charset=UTF-8".to_owned()
}

fn id_token() -> KeyName {
    KeyName::Id
}
