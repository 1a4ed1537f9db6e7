//! `/oidc/userinfo`: six fields and no more (cognito.md 3.2).

use hyper::header::WWW_AUTHENTICATE;
use serde_json::json;

use crate::http::{Reply, Request};
use crate::world::World;

/// GET and POST, both (3.1).
pub(super) fn serve(world: &mut World, request: &Request) -> Reply {
    if !request.is_get() && !request.is_post() {
        return Reply::method_not_allowed();
    }
    let now = world.clock.now();
    let entra = &world.entra;
    let found = request
        .bearer()
        .and_then(|token| entra.grants.access(token, now))
        .and_then(|access| Some((access, entra.directory.person(&access.slug)?)));
    let Some((access, person)) = found else {
        return Reply::json(
            401,
            &json!({ "error": { "code": "InvalidAuthenticationToken" } }),
        )
        .with(WWW_AUTHENTICATE, "Bearer");
    };
    let mut body = json!({
        "sub": person.subject(&access.client_id),
        "name": person.name,
        "given_name": person.given_name,
        "family_name": person.family_name,
        "picture": "https://graph.microsoft.com/v1.0/me/photo/$value",
    });
    if let (Some(mail), Some(body)) = (&person.mail, body.as_object_mut()) {
        body.insert("email".to_owned(), json!(mail));
    }
    Reply::json(200, &body)
}
