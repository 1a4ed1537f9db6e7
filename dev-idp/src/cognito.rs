//! The Cognito side: issuer host and login domain (cognito.md 1).

mod authorize;
mod claims;
mod client_auth;
mod discovery;
mod federation;
mod login;
mod logout;
mod mint;
mod pages;
mod refusal;
mod request;
mod revoke;
mod rows;
mod sessions;
mod token;
mod userinfo;

use crate::http::{Reply, Request};
use crate::model::UPDATED_ISSUER;
use crate::router::{Endpoint, Handler};
use crate::world::World;

pub(crate) use claims::{Stamp, access_claims, id_claims};
pub(crate) use federation::complete as complete_federation;
pub(crate) use rows::LoginError;
pub(crate) use sessions::Sessions;

/// Paths of the issuer host: `/<pool>/…`, or the same below the path that
/// stands for the updated issuer.
pub(crate) fn issuer_endpoint(path: &str) -> Endpoint {
    let prefix = format!("/{UPDATED_ISSUER}/");
    let tail = path
        .strip_prefix(&prefix)
        .or_else(|| path.strip_prefix('/'))
        .and_then(|rest| rest.split_once('/'))
        .map(|(_, tail)| tail);
    match tail {
        Some(".well-known/openid-configuration") => {
            Endpoint::local("issuer:discovery", discovery::document)
        }
        Some(".well-known/jwks.json") => Endpoint::local("issuer:jwks", discovery::jwks),
        Some("authorize" | "token" | "userInfo" | "logout" | "revoke") => {
            Endpoint::local("issuer:no-domain", discovery::no_domain)
        }
        _ => Endpoint::local("issuer:unknown", unknown),
    }
}

/// Paths of the login domain.
pub(crate) fn domain_endpoint(path: &str) -> Endpoint {
    match path {
        "/oauth2/authorize" | "/authorize" => Endpoint::local("domain:authorize", authorize::serve),
        "/login" => Endpoint::local("domain:login", login::serve),
        "/oauth2/token" => Endpoint::local("domain:token", token::serve),
        "/oauth2/userInfo" => Endpoint::local("domain:userinfo", userinfo::serve),
        "/oauth2/revoke" => Endpoint::local("domain:revoke", revoke::serve),
        "/oauth2/idpresponse" => Endpoint {
            name: "domain:idpresponse",
            handler: Handler::Federation,
        },
        "/logout" => Endpoint::local("domain:logout", logout::serve),
        "/error" => Endpoint::local("domain:error", pages::error),
        "/signup" | "/forgotPassword" => Endpoint::local("domain:stub", pages::stub),
        _ => Endpoint::local("domain:unknown", unknown),
    }
}

fn unknown(_world: &mut World, _request: &Request) -> Reply {
    Reply::not_found()
}
