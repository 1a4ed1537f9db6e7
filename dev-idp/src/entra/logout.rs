//! `/oauth2/v2.0/logout` (cognito.md 3.7).

use crate::http::{Reply, Request, with_query};
use crate::world::World;

use super::authorize::COOKIE;
use super::pages;

/// GET and POST. The target must be registered as a redirect URI of an app;
/// otherwise the journey ends on Entra's own page.
pub(super) fn serve(world: &mut World, request: &Request) -> Reply {
    let params = if request.is_post() {
        &request.form
    } else {
        &request.query
    };
    let entra = &mut world.entra;
    if let Some(browser) = request.cookie(COOKIE) {
        entra.sessions.remove(browser);
    }
    let target = params
        .filled("post_logout_redirect_uri")
        .filter(|uri| entra.directory.apps.iter().any(|app| app.accepts(uri)));
    let reply = match (target, params.filled("state")) {
        (Some(uri), Some(state)) => Reply::redirect(&with_query(uri, [("state", state)])),
        (Some(uri), None) => Reply::redirect(uri),
        (None, _) => pages::signed_out(),
    };
    reply.cookie(&format!(
        "{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
    ))
}
