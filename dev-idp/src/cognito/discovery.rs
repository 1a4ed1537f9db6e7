//! Discovery document and key set (cognito.md 1.2, 1.3; E2, E3).

use hyper::header::CACHE_CONTROL;
use serde_json::{Value, json};

use crate::http::{Reply, Request};
use crate::model::{DiscoveryForm, IssuerStyle, Pool, UPDATED_ISSUER, issuer};
use crate::world::{Origins, World};

pub(super) fn document(world: &mut World, request: &Request) -> Reply {
    match find(world, &request.path) {
        Some((pool, style)) => Reply::json(200, &describe(&world.origins, pool, style)),
        None => no_such_pool(),
    }
}

pub(super) fn jwks(world: &mut World, request: &Request) -> Reply {
    match find(world, &request.path) {
        Some((pool, _)) => {
            let reply = Reply::json(200, &pool.keys.jwks());
            match pool.switches.jwks_cache_control.as_str() {
                "" => reply,
                value => reply.with(CACHE_CONTROL, value),
            }
        }
        None => no_such_pool(),
    }
}

/// The endpoints that the document of a pool without a domain names (1.2).
pub(super) fn no_domain(world: &mut World, request: &Request) -> Reply {
    if find(world, &request.path).is_none() {
        return Reply::not_found();
    }
    Reply::json(
        400,
        &json!({ "code": "BadRequest", "message": "The server did not understand the operation that was requested." }),
    )
}

/// The pool of a path, and the issuer type under which it was asked for.
/// Both types are always served, so that a pool can move from one to the
/// other (1.1, U9).
fn find<'a>(world: &'a World, path: &str) -> Option<(&'a Pool, IssuerStyle)> {
    let mut parts = path.split('/').skip(1);
    let first = parts.next()?;
    let (id, style) = if first == UPDATED_ISSUER {
        (parts.next()?, IssuerStyle::Updated)
    } else {
        (first, IssuerStyle::Original)
    };
    Some((world.pools.get(id)?, style))
}

/// Exactly the twelve fields of 1.2, and what is absent there is absent here.
fn describe(origins: &Origins, pool: &Pool, style: IssuerStyle) -> Value {
    let issuer = issuer(&origins.issuer, &pool.id, style);
    let domain = &origins.domain;
    let form = pool.switches.discovery;
    let at = |path: &str| match form {
        DiscoveryForm::NoDomain => {
            format!("{issuer}{}", path.trim_start_matches("/oauth2"))
        }
        DiscoveryForm::Normal | DiscoveryForm::Pre2024 => format!("{domain}{path}"),
    };
    let mut document = json!({
        "authorization_endpoint": at("/oauth2/authorize"),
        "end_session_endpoint": at("/logout"),
        "id_token_signing_alg_values_supported": ["RS256"],
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
        "response_types_supported": ["code", "token"],
        "revocation_endpoint": at("/oauth2/revoke"),
        "scopes_supported": ["openid", "email", "phone", "profile"],
        "subject_types_supported": ["public"],
        "token_endpoint": at("/oauth2/token"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "userinfo_endpoint": at("/oauth2/userInfo"),
    });
    if let (DiscoveryForm::Pre2024, Some(fields)) = (form, document.as_object_mut()) {
        fields.remove("end_session_endpoint");
        fields.remove("revocation_endpoint");
    }
    document
}

fn no_such_pool() -> Reply {
    Reply::json(
        400,
        &json!({ "code": "ResourceNotFoundException", "message": "User pool does not exist." }),
    )
}
