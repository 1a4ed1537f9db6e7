//! The `cognito` cookie: one hour, fixed (cognito.md 1.12; E5).

use std::collections::BTreeMap;

use crate::http::{Reply, Request};
use crate::ids;

/// Not prolonged by use.
const LIFETIME: i64 = 3600;
const COOKIE: &str = "cognito";

/// Who is signed in at the login domain. All pools share one domain here, so
/// the cookie names the browser and a session belongs to browser and pool.
#[derive(Debug, Default)]
pub(crate) struct Sessions(BTreeMap<(String, String), LoginSession>);

#[derive(Debug, Clone)]
pub(crate) struct LoginSession {
    pub(crate) username: String,
    pub(crate) client_id: String,
    pub(crate) provider: String,
    pub(crate) auth_time: i64,
}

impl Sessions {
    /// The session of this browser, if it is still alive.
    pub(crate) fn find(&self, request: &Request, pool: &str, now: i64) -> Option<&LoginSession> {
        let browser = request.cookie(COOKIE)?;
        self.0
            .get(&(browser.to_owned(), pool.to_owned()))
            .filter(|session| now < session.auth_time + LIFETIME)
    }

    /// Starts a session under a new cookie value, and returns the cookie.
    pub(crate) fn start(
        &mut self,
        request: &Request,
        pool: &str,
        session: LoginSession,
        now: i64,
    ) -> String {
        self.0
            .retain(|_, session| now < session.auth_time + LIFETIME);
        let browser = ids::opaque();
        if let Some(old) = request.cookie(COOKIE) {
            self.rename(old, &browser);
        }
        self.0.insert((browser.clone(), pool.to_owned()), session);
        format!("{COOKIE}={browser}; Path=/; Max-Age={LIFETIME}; HttpOnly; SameSite=Lax")
    }

    /// Ends the sessions of this browser: the one of `pool`, or all.
    pub(crate) fn end(&mut self, request: &Request, pool: Option<&str>) {
        if let Some(browser) = request.cookie(COOKIE) {
            self.0
                .retain(|(owner, of), _| owner != browser || pool.is_some_and(|pool| pool != of));
        }
    }

    /// Deletes the cookie, unless the browser is signed in at another pool.
    pub(crate) fn clear_cookie(&self, request: &Request, reply: Reply) -> Reply {
        let browser = request.cookie(COOKIE).unwrap_or_default();
        if self.0.keys().any(|(owner, _)| owner == browser) {
            reply
        } else {
            reply.cookie(&format!(
                "{COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
            ))
        }
    }

    fn rename(&mut self, old: &str, new: &str) {
        let pools: Vec<String> = self
            .0
            .keys()
            .filter(|(owner, _)| owner == old)
            .map(|(_, pool)| pool.clone())
            .collect();
        for pool in pools {
            if let Some(session) = self.0.remove(&(old.to_owned(), pool.clone())) {
                self.0.insert((new.to_owned(), pool), session);
            }
        }
    }
}
