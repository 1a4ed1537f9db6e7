//! The authorization request and its rules (cognito.md 1.4; E4).

use std::sync::Arc;

use crate::http::Params;
use crate::model::{Client, Flow, LoginPages, Pool, ScopeError, is_registrable};
use crate::world::World;

use super::refusal::{
    Back, CallbackError, OPTION_NOT_AVAILABLE, PARAMETERS_MISSING, REDIRECT_MISMATCH, Refusal,
};

/// A request that broke no rule.
#[derive(Debug, Clone)]
pub(crate) struct AuthorizeRequest {
    pub(crate) client: Arc<Client>,
    pub(crate) back: Back,
    pub(crate) scopes: Vec<String>,
    pub(crate) nonce: Option<String>,
    /// The S256 challenge.
    pub(crate) challenge: Option<String>,
    pub(crate) resource: Option<String>,
    /// The provider the request names, by name or identifier.
    pub(crate) provider: Option<String>,
    /// Empty for pages that do not honour `prompt`.
    pub(crate) prompt: Vec<String>,
    pub(crate) login_hint: Option<String>,
}

impl AuthorizeRequest {
    pub(crate) fn parse(world: &World, query: &Params) -> Result<Self, Refusal> {
        let client_id = query
            .filled("client_id")
            .ok_or_else(|| Refusal::page(PARAMETERS_MISSING, None))?;
        let (client, pool) = find(world, client_id)
            .ok_or_else(|| Refusal::page("Client does not exist.", Some(client_id)))?;
        let back = back(&client, query)?;

        // From here on the application hears of mistakes itself.
        let request = Rules {
            query,
            pool,
            client: &client,
        }
        .apply()
        .map_err(|error| Refusal::Redirect {
            back: back.clone(),
            error,
        })?;
        let provider = provider(query, pool, &client)?;
        Ok(Self {
            scopes: request.scopes,
            challenge: request.challenge,
            resource: request.resource,
            nonce: query.filled("nonce").map(str::to_owned),
            login_hint: query.filled("login_hint").map(str::to_owned),
            prompt: match pool.switches.login_pages {
                LoginPages::Managed => query.words("prompt"),
                LoginPages::Classic => Vec::new(),
            },
            provider,
            client,
            back,
        })
    }

    pub(crate) fn asks_prompt(&self, value: &str) -> bool {
        self.prompt.iter().any(|word| word == value)
    }
}

/// What is checked once errors can go to the callback.
struct Rules<'a> {
    query: &'a Params,
    pool: &'a Pool,
    client: &'a Client,
}

struct Checked {
    scopes: Vec<String>,
    challenge: Option<String>,
    resource: Option<String>,
}

impl Rules<'_> {
    fn apply(&self) -> Result<Checked, CallbackError> {
        self.response_type()?;
        self.state()?;
        Ok(Checked {
            challenge: self.challenge()?,
            resource: self.resource()?,
            scopes: self.scopes()?,
        })
    }

    fn response_type(&self) -> Result<(), CallbackError> {
        let flow = match self.query.filled("response_type") {
            Some("code") => Flow::Code,
            Some("token") => Flow::Implicit,
            Some(_) => return Err(CallbackError::invalid_request("unsupported response_type")),
            None => return Err(CallbackError::invalid_request("response_type is missing")),
        };
        if self.client.flows.contains(&flow) {
            Ok(())
        } else {
            Err(CallbackError::bare("unauthorized_client"))
        }
    }

    /// A JSON text is not allowed as state.
    fn state(&self) -> Result<(), CallbackError> {
        match self.query.filled("state") {
            Some(state) if state.trim_start().starts_with('{') => {
                Err(CallbackError::invalid_request("state must not be JSON"))
            }
            _ => Ok(()),
        }
    }

    /// S256 and nothing else.
    fn challenge(&self) -> Result<Option<String>, CallbackError> {
        let challenge = self.query.filled("code_challenge");
        match (challenge, self.query.filled("code_challenge_method")) {
            (None, None) => Ok(None),
            (Some(challenge), Some("S256")) if is_challenge(challenge) => {
                Ok(Some(challenge.to_owned()))
            }
            (Some(_), Some("S256")) => Err(CallbackError::invalid_request(
                "code_challenge is malformed",
            )),
            (Some(_), None) => Err(CallbackError::invalid_request(
                "code_challenge_method is missing",
            )),
            (Some(_), Some(_)) => Err(CallbackError::invalid_request(
                "code_challenge_method must be S256",
            )),
            (None, Some(_)) => Err(CallbackError::invalid_request("code_challenge is missing")),
        }
    }

    fn resource(&self) -> Result<Option<String>, CallbackError> {
        match self.query.filled("resource") {
            None => Ok(None),
            Some(url) if is_registrable(url) => Ok(Some(url.to_owned())),
            Some(_) => Err(CallbackError::invalid_request("resource is not acceptable")),
        }
    }

    /// No scope means all scopes of the client. Others than the client's,
    /// and the three attribute scopes without `openid`, are refused in one of
    /// two shapes, or dropped (1.6, U11).
    fn scopes(&self) -> Result<Vec<String>, CallbackError> {
        let mut asked = self.query.words("scope");
        if asked.is_empty() {
            return Ok(self.client.scopes.clone());
        }
        let enabled = |scope: &String| self.client.scopes.contains(scope);
        let open = asked.iter().any(|scope| scope == "openid");
        let permitted = |scope: &String| {
            enabled(scope) && (open || !matches!(scope.as_str(), "email" | "phone" | "profile"))
        };
        if asked.iter().all(permitted) {
            return Ok(asked);
        }
        match self.pool.switches.scope_error {
            ScopeError::Observed => Err(CallbackError::invalid_request("invalid_scope")),
            ScopeError::Documented => Err(CallbackError::bare("invalid_scope")),
            ScopeError::Ignored => {
                asked.retain(permitted);
                Ok(asked)
            }
        }
    }
}

fn find<'a>(world: &'a World, client_id: &str) -> Option<(Arc<Client>, &'a Pool)> {
    let client = world.client(client_id)?;
    let pool = world.pools.get(&client.pool)?;
    Some((client, pool))
}

/// The redirect URI, compared byte for byte: port, case and trailing slash
/// count, and an explicit `:443` is another address (1.4, 1.6).
fn back(client: &Client, query: &Params) -> Result<Back, Refusal> {
    let missing = || Refusal::page(PARAMETERS_MISSING, Some(&client.client_id));
    let redirect_uri = match query.filled("redirect_uri") {
        Some(uri) if client.callbacks.iter().any(|known| known == uri) => uri,
        Some(_) => return Err(Refusal::page(REDIRECT_MISMATCH, Some(&client.client_id))),
        None => match (client.callbacks.as_slice(), client.providers.as_slice()) {
            ([only], [_]) => only,
            _ => return Err(missing()),
        },
    };
    Ok(Back {
        redirect_uri: redirect_uri.to_owned(),
        state: query.filled("state").map(str::to_owned),
        in_fragment: query.first("response_type") == Some("token"),
    })
}

/// The provider by exact name, or by one of its identifiers.
fn provider(query: &Params, pool: &Pool, client: &Client) -> Result<Option<String>, Refusal> {
    let unavailable = || Refusal::page(OPTION_NOT_AVAILABLE, Some(&client.client_id));
    let name = if let Some(name) = query.filled("identity_provider") {
        name
    } else if let Some(identifier) = query.filled("idp_identifier") {
        pool.providers
            .iter()
            .find(|provider| provider.identifiers.iter().any(|known| known == identifier))
            .map(|provider| provider.name.as_str())
            .ok_or_else(unavailable)?
    } else {
        return Ok(None);
    };
    let exists = name == crate::model::COGNITO || pool.provider(name).is_some();
    if exists && client.offers(name) {
        Ok(Some(name.to_owned()))
    } else {
        Err(unavailable())
    }
}

/// The SHA-256 of a verifier in base64url: 43 characters (RFC 7636 4.2).
fn is_challenge(text: &str) -> bool {
    text.len() == 43
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
