//! The Entra ID side: one tenant (cognito.md 3, E15).

mod authorize;
mod claims;
mod directory;
mod discovery;
mod grants;
mod logout;
mod pages;
mod token;
mod userinfo;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::http::{Reply, Request};
use crate::ids;
use crate::jws::SigningKey;
use crate::router::Endpoint;
use crate::world::World;

pub(crate) use directory::{App, Directory, Person};
use grants::Grants;

/// The seeded tenant.
pub(crate) const TENANT: &str = "2f6d5a10-3c1b-4e57-9a86-7d0c5b9e4f21";

/// A tenant with its people, apps and signed-in browsers.
#[derive(Debug)]
pub(crate) struct Entra {
    pub(crate) origin: String,
    pub(crate) directory: Directory,
    key: OnceLock<SigningKey>,
    grants: Grants,
    /// Browser to the slug of the person signed in.
    sessions: BTreeMap<String, String>,
}

impl Entra {
    pub(crate) fn new(origin: &str, directory: Directory) -> Self {
        Self {
            origin: origin.to_owned(),
            directory,
            key: OnceLock::new(),
            grants: Grants::default(),
            sessions: BTreeMap::new(),
        }
    }

    /// Generated at first use, under a kid of Entra's form: base64url.
    fn key(&self) -> &SigningKey {
        self.key.get_or_init(|| {
            let kid: String = ids::opaque().chars().take(27).collect();
            SigningKey::generate_with_kid(kid)
        })
    }

    /// Holds the tenant's GUID, never `common` (3.1).
    pub(crate) fn issuer(&self) -> String {
        format!("{}/{TENANT}/v2.0", self.origin)
    }

    pub(crate) fn endpoint(&self, name: &str) -> String {
        format!("{}/{TENANT}/oauth2/v2.0/{name}", self.origin)
    }

    pub(crate) fn jwks_uri(&self) -> String {
        format!("{}/{TENANT}/discovery/v2.0/keys", self.origin)
    }

    /// In reality on another host (graph.microsoft.com).
    pub(crate) fn userinfo_uri(&self) -> String {
        format!("{}/oidc/userinfo", self.origin)
    }
}

pub(crate) fn endpoint(path: &str) -> Endpoint {
    if path == "/oidc/userinfo" {
        return Endpoint::local("entra:userinfo", userinfo::serve);
    }
    let Some((tenant, tail)) = path.strip_prefix('/').and_then(|rest| rest.split_once('/')) else {
        return Endpoint::local("entra:unknown", unknown);
    };
    if tenant != TENANT && tenant != discovery::COMMON {
        return Endpoint::local("entra:unknown", unknown);
    }
    match tail {
        "v2.0/.well-known/openid-configuration" => {
            Endpoint::local("entra:discovery", discovery::document)
        }
        "discovery/v2.0/keys" => Endpoint::local("entra:jwks", discovery::jwks),
        "oauth2/v2.0/authorize" => Endpoint::local("entra:authorize", authorize::serve),
        "oauth2/v2.0/token" => Endpoint::local("entra:token", token::serve),
        "oauth2/v2.0/logout" => Endpoint::local("entra:logout", logout::serve),
        _ => Endpoint::local("entra:unknown", unknown),
    }
}

fn unknown(_world: &mut World, _request: &Request) -> Reply {
    Reply::not_found()
}
