//! Claims from files: as JSON, or inside a token.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::clock;
use crate::config::Config;
use crate::gate::Gate;
use crate::gate::explain::{Asking, ClaimSet};
use crate::gate::token::json;
use crate::gate::token::keys::{KeySet, KeySetError};

/// Largest file of claims, of a token or of keys.
pub(super) const FILE_MAX: u64 = 1 << 20;
/// The members of a claims file that holds those of several sources.
const SOURCES: [&str; 3] = ["id_token", "access_token", "userinfo"];

/// The header of a JWT, and its claims.
type JwtParts = (Map<String, Value>, Map<String, Value>);

/// How a token is checked.
#[derive(Debug)]
pub enum TokenCheck {
    /// `--jwks`: by the provider's keys, in this file.
    Keys(PathBuf),
    /// `--unverified`: not at all; its claims are taken as they are.
    Unverified,
}

/// Why a file gives no claims. No message holds any of them.
#[derive(Debug, thiserror::Error)]
pub enum ClaimsError {
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not a JSON object, or one with a member twice.
    #[error("{}: is no JSON object of claims (or has a member twice)", .0.display())]
    NoObject(PathBuf),
    /// A source that is neither an object nor a token.
    #[error("{file}: {name} is neither an object of claims nor a token", file = .0.display(), name = .1)]
    NoSource(PathBuf, &'static str),
    /// Not a JWT.
    #[error("{}: is no JWT: three parts of base64url, the first two JSON objects", .0.display())]
    NoToken(PathBuf),
    /// A token, and nothing to check it by.
    #[error(
        "a token is checked by its provider's keys: give the key set with --jwks FILE (its address is jwks_uri in the provider's discovery document), or take its claims unchecked with --unverified"
    )]
    Unchecked,
    /// Several providers, and nothing that says whose claims they are.
    #[error("whose claims are they? name the provider with --provider, one of {0}")]
    WhichProvider(String),
    /// Not a key set.
    #[error("{file}: {problem}", file = .0.display(), problem = .1)]
    NoKeys(PathBuf, KeySetError),
}

/// What claims are held against.
#[derive(Clone, Copy)]
pub(super) struct By<'b> {
    pub(super) config: &'b Config,
    pub(super) gate: &'b Gate,
    /// How a token is checked.
    pub(super) check: Option<&'b TokenCheck>,
    /// The provider that is named.
    pub(super) provider: Option<&'b str>,
}

impl By<'_> {
    /// The provider whose claims they are: the one that is named, or the only
    /// one, or the one that they name as their issuer.
    fn provider_of(&self, claims: &Map<String, Value>) -> Result<Option<String>, ClaimsError> {
        let mut providers = self.config.providers.iter();
        let found = match (self.provider, self.config.providers.as_slice()) {
            (Some(id), _) => self.config.provider(id),
            (None, [only]) => Some(only),
            (None, _) => {
                let issuer = claims.get("iss").and_then(Value::as_str);
                providers.find(|one| {
                    let accepted = one.accepted_issuers.iter();
                    let mut all = accepted.chain([&one.issuer]);
                    all.any(|known| Some(known.as_str()) == issuer)
                })
            }
        };
        let found = found.ok_or_else(|| self.which())?;
        Ok(Some(found.id.as_str().to_owned()))
    }

    fn which(&self) -> ClaimsError {
        let ids = self.config.providers.iter().map(|one| one.id.as_str());
        ClaimsError::WhichProvider(ids.collect::<Vec<_>>().join(", "))
    }
}

/// `--claims`.
pub(super) fn from_file(file: &Path, by: By<'_>) -> Result<Asking, ClaimsError> {
    let text = read(file)?;
    let claims = json::object(text.as_bytes());
    let claims = claims.map_err(|_| ClaimsError::NoObject(file.to_owned()))?;
    of(claims, file, by)
}

/// Flat claims are an ID token's; else an object or a token for each source.
pub(super) fn of(
    mut claims: Map<String, Value>,
    file: &Path,
    by: By<'_>,
) -> Result<Asking, ClaimsError> {
    let nested = !claims.is_empty()
        && claims
            .iter()
            .all(|(name, _)| SOURCES.contains(&name.as_str()));
    if !nested {
        return Ok(Asking::Somebody(ClaimSet {
            provider: by.provider_of(&claims)?,
            id_token: claims,
            ..ClaimSet::default()
        }));
    }
    // Shown alone, nothing else vouches for it.
    if let (1, Some(Value::String(token))) = (claims.len(), claims.get(SOURCES[1])) {
        return checked(&token.clone(), file, by);
    }
    let mut set = ClaimSet::default();
    let [id_token, access_token, userinfo] = SOURCES;
    for (name, place) in [
        (access_token, &mut set.access_token),
        (userinfo, &mut set.userinfo),
    ] {
        *place = match claims.remove(name) {
            None | Some(Value::Null) => continue,
            Some(Value::Object(claims)) => claims,
            // An access token is checked with the ID token that it came with,
            // by a login; here it only says what its claims are.
            Some(Value::String(token)) if by.check.is_some() => payload(&token, file)?,
            Some(Value::String(_)) => return Err(ClaimsError::Unchecked),
            Some(_) => return Err(ClaimsError::NoSource(file.to_owned(), name)),
        };
    }
    match claims.remove(id_token) {
        None | Some(Value::Null) => {}
        Some(Value::Object(claims)) => set.id_token = claims,
        Some(Value::String(token)) => match checked(&token, file, by)? {
            Asking::Somebody(found) => set.id_token = found.id_token,
            other => return Ok(other),
        },
        Some(_) => return Err(ClaimsError::NoSource(file.to_owned(), id_token)),
    }
    // An access token alone is what a client shows as a bearer.
    let is_alone = set.id_token.is_empty() && set.userinfo.is_empty();
    set.is_bearer = is_alone && !set.access_token.is_empty();
    let whose = match set.is_bearer {
        true => &set.access_token,
        false => &set.id_token,
    };
    set.provider = by.provider_of(whose)?;
    Ok(Asking::Somebody(set))
}

/// What flat claims are that were taken for an ID token's, if they seem to be
/// an access token's.
pub(super) fn misread(asking: &Asking, gate: &Gate) -> Option<&'static str> {
    let Asking::Somebody(ClaimSet {
        provider: Some(provider),
        id_token,
        ..
    }) = asking
    else {
        return None;
    };
    let is_access = id_token.get("token_use").and_then(Value::as_str) == Some("access")
        || gate.is_access_token(provider, &Map::new(), id_token);
    is_access.then_some(
        "these look like an access token's claims, and were taken for an ID token's: for what its client gets, use --token FILE, or write { \"access_token\": { … } } around them",
    )
}

/// `--token`.
pub(super) fn from_token(file: &Path, by: By<'_>) -> Result<Asking, ClaimsError> {
    checked(read(file)?.trim(), file, by)
}

fn checked(token: &str, file: &Path, by: By<'_>) -> Result<Asking, ClaimsError> {
    let Some(check) = by.check else {
        return Err(ClaimsError::Unchecked);
    };
    let (header, claims) = parts(token, file)?;
    let provider = by.provider_of(&claims)?;
    let is_access = provider
        .as_ref()
        .is_some_and(|id| by.gate.is_access_token(id, &header, &claims));
    match check {
        TokenCheck::Unverified if is_access => Ok(Asking::Somebody(ClaimSet {
            provider,
            access_token: claims,
            is_bearer: true,
            ..ClaimSet::default()
        })),
        TokenCheck::Unverified => Ok(Asking::Somebody(ClaimSet {
            provider,
            id_token: claims,
            ..ClaimSet::default()
        })),
        TokenCheck::Keys(keys) => {
            let id = provider.unwrap_or_default();
            let provider = by.config.provider(&id).ok_or_else(|| by.which())?;
            let document = read(keys)?;
            let set = KeySet::parse(document.as_bytes(), &provider.signing_algorithms)
                .map_err(|error| ClaimsError::NoKeys(keys.clone(), error))?;
            Ok(match is_access {
                true => by.gate.asking_by_bearer(&id, token, &set, clock::now()),
                false => by.gate.asking(&id, token, &set, clock::now()),
            })
        }
    }
}

/// The claims of a JWT that nobody checks.
fn payload(token: &str, file: &Path) -> Result<Map<String, Value>, ClaimsError> {
    parts(token, file).map(|(_, claims)| claims)
}

/// Header and claims of a JWT that nobody checks.
fn parts(token: &str, file: &Path) -> Result<JwtParts, ClaimsError> {
    let no_token = || ClaimsError::NoToken(file.to_owned());
    let parts: Vec<&str> = token.split('.').collect();
    let [header, payload, _] = parts.as_slice() else {
        return Err(no_token());
    };
    let object = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| no_token())?;
        json::object(&bytes).map_err(|_| no_token())
    };
    Ok((object(header)?, object(payload)?))
}

pub(super) fn read(file: &Path) -> Result<String, ClaimsError> {
    let unreadable = |source| ClaimsError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let mut text = String::new();
    File::open(file)
        .and_then(|open| open.take(FILE_MAX + 1).read_to_string(&mut text))
        .map_err(unreadable)?;
    if text.len() as u64 > FILE_MAX {
        let source = io::Error::from(io::ErrorKind::FileTooLarge);
        return Err(unreadable(source));
    }
    Ok(text)
}
