//! Discovery and keys of the tenant, and of `common` (cognito.md 4).

use serde_json::json;

use crate::http::{Reply, Request};
use crate::world::World;

use super::TENANT;

/// The authority of all tenants, whose issuer is a template.
pub(super) const COMMON: &str = "common";

pub(super) fn document(world: &mut World, request: &Request) -> Reply {
    let entra = &world.entra;
    let common = request.path.starts_with("/common/");
    let issuer = if common {
        format!("{}/{{tenantid}}/v2.0", entra.origin)
    } else {
        entra.issuer()
    };
    let authority = |url: String| {
        if common {
            url.replacen(TENANT, COMMON, 1)
        } else {
            url
        }
    };
    Reply::json(
        200,
        &json!({
            "token_endpoint": authority(entra.endpoint("token")),
            "token_endpoint_auth_methods_supported":
                ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": authority(entra.jwks_uri()),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": issuer,
            "request_uri_parameter_supported": false,
            "userinfo_endpoint": entra.userinfo_uri(),
            "authorization_endpoint": authority(entra.endpoint("authorize")),
            "http_logout_supported": true,
            "frontchannel_logout_supported": true,
            "end_session_endpoint": authority(entra.endpoint("logout")),
            "claims_supported": [
                "sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "nonce",
                "preferred_username", "name", "tid", "ver", "at_hash", "c_hash", "email",
            ],
        }),
    )
}

/// Keys without `alg`, each with the issuer it is good for (section 4).
pub(super) fn jwks(world: &mut World, request: &Request) -> Reply {
    let entra = &world.entra;
    let mut jwk = entra.key().public_jwk();
    if let Some(members) = jwk.as_object_mut() {
        members.remove("alg");
        members.insert("x5t".to_owned(), json!(entra.key().kid()));
        let issuer = if request.path.starts_with("/common/") {
            format!("{}/{{tenantid}}/v2.0", entra.origin)
        } else {
            entra.issuer()
        };
        members.insert("issuer".to_owned(), json!(issuer));
    }
    Reply::json(200, &json!({ "keys": [jwk] }))
}
