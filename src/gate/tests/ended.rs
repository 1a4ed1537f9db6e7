//! Sessions that somebody ended: by signing out, or by a word in the configuration.

use http::StatusCode;
use url::Url;

use super::session_life::{page, why};
use super::signing_out::{logout, out};
use super::support::{
    Desk, Jar, NOW, Req, config, id_claims, location, route, set_cookies, signed_in_under, text,
};
use crate::config::{LogoutReach, LogoutThen};
use crate::gate::route::Access;

const SUB: &str = "sub";

#[test]
fn a_copied_cookie_is_worth_nothing_after_the_sign_out() {
    let mut open = config();
    open.routes = vec![route(&["/maybe"], Access::Optional)];
    let (mut desk, jar) = signed_in_under(&open);
    let mut other = Jar::default();
    desk.sign_in(&mut other);
    let copy = Jar(jar.0.clone());
    logout(&mut desk, &out().cookies(&jar));
    assert_eq!(why(&mut desk, &copy), "session_signed_out");
    let forward = desk.forward(&Req::get("/maybe").cookies(&copy));
    assert!(forward.permit.who().is_none() && forward.set_cookies.is_empty());
    for path in ["/_vestibule/session", "/_vestibule/whoami"] {
        let reply = desk.reply(&Req::get(path).cookies(&copy));
        assert_ne!(reply.status, StatusCode::OK, "{path}");
    }
    // Another session of the same person goes on.
    assert!(desk.forward(&page().cookies(&other)).permit.who().is_some());
    // And so does the next one of this browser.
    let mut again = Jar::default();
    desk.sign_in(&mut again);
    assert!(desk.forward(&page().cookies(&again)).permit.who().is_some());
}

#[test]
fn a_question_ends_nothing() {
    let (mut desk, jar) = signed_in_under(&config());
    let asked = Req::open("/_vestibule/logout").with("sec-fetch-site", "cross-site");
    desk.reply(&asked.cookies(&jar));
    assert!(desk.forward(&page().cookies(&jar)).permit.who().is_some());
}

#[test]
fn a_revoked_subject_gets_in_nowhere_and_not_in_circles() {
    let mut revoked = config();
    let claims = id_claims();
    let subject = claims[SUB].as_str().unwrap().to_owned();
    revoked.session.revoked.subjects.insert(subject);
    // A session from before is known, and refused without a login.
    let (_, jar) = signed_in_under(&config());
    let mut desk = Desk::new(&revoked);
    let reply = desk.reply(&page().cookies(&jar));
    assert_eq!(
        (reply.status, reply.note.reason),
        (StatusCode::FORBIDDEN, Some("subject_revoked"))
    );
    assert!(text(&reply).contains("withdrawn your access"));
    // A new login ends on a page too, and without a session.
    let mut jar = Jar::default();
    let reply = desk.sign_in_as("/", &claims, &mut jar);
    assert_eq!(
        (reply.status, reply.note.reason),
        (StatusCode::FORBIDDEN, Some("subject_revoked"))
    );
    assert!(
        !set_cookies(&reply)
            .iter()
            .any(|c| c.starts_with("__Host-vestibule=e"))
    );
    assert_eq!(why(&mut desk, &jar), "no_cookie");
}

#[test]
fn whoever_signed_in_before_has_to_sign_in_anew() {
    let (_, jar) = signed_in_under(&config());
    let mut revoked = config();
    revoked.session.revoked.signed_in_before = Some(NOW);
    assert!(
        Desk::new(&revoked)
            .forward(&page().cookies(&jar))
            .permit
            .who()
            .is_some()
    );
    revoked.session.revoked.signed_in_before = Some(NOW.plus(1));
    let mut desk = Desk::new(&revoked);
    assert_eq!(why(&mut desk, &jar), "session_revoked");
    // A time ahead of now would send people in circles: a page instead.
    let reply = desk.sign_in_as("/", &id_claims(), &mut Jar::default());
    assert_eq!(
        (reply.status, reply.note.reason),
        (StatusCode::FORBIDDEN, Some("session_revoked_ahead"))
    );
    desk.now = NOW.plus(1);
    let reply = desk.sign_in_as("/", &id_claims(), &mut Jar::default());
    assert_eq!(location(&reply), "/");
}

#[test]
fn a_sign_out_goes_on_to_whoever_stands_behind_the_provider() {
    const THEN: &str = "https://wiki.example.com/_vestibule/logout/then";
    let mut chained = config();
    chained.providers[0].logout = LogoutReach::Then;
    chained.providers[0].logout_then = Some(LogoutThen(
        "https://entra.example/logout?post_logout_redirect_uri={signed_out_url}".to_owned(),
    ));
    let (mut desk, jar) = signed_in_under(&chained);
    let reply = logout(&mut desk, &out().cookies(&jar)).reply;
    let at_provider = Url::parse(location(&reply)).unwrap();
    assert_eq!(at_provider.host_str(), Some("login.example.com"));
    let pairs: Vec<_> = at_provider.query_pairs().collect();
    assert!(
        pairs
            .iter()
            .any(|(name, value)| name == "logout_uri" && value == THEN)
    );
    let reply = desk.reply(&Req::open("/_vestibule/logout/then"));
    assert_eq!(
        location(&reply),
        "https://entra.example/logout?post_logout_redirect_uri=https%3A%2F%2Fwiki.example.com%2F_vestibule%2Fsigned-out"
    );
    // Without a logout of the provider, the next step is the first one.
    desk.logout = None;
    assert_eq!(location(&logout(&mut desk, &out()).reply), THEN);
    // Where nothing is behind the provider there is no such page.
    let reply = Desk::new(&config()).reply(&Req::open("/_vestibule/logout/then"));
    assert_eq!(reply.status, StatusCode::NOT_FOUND);
}
