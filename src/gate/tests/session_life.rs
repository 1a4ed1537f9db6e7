//! What a session cookie is worth, and when it is worth nothing.

use serde_json::{Value, json};

use super::support::{
    COOKIE, Desk, EXP, Jar, LOGIN_COOKIE, NOW, ORIGIN, Req, changed, config, header_of, id_claims,
    jwks, key, key_set_of, location, route, secret_key, set_cookies, signed_in_without_refresh,
};
use crate::config::{Config, ProviderId};
use crate::gate::cookie::{Stripped, VALUE_MAX};
use crate::gate::origin::PublicOrigin;
use crate::gate::route::Access;
use crate::gate::seal::{Context, Purpose};
use crate::gate::session::Session;
use crate::gate::time::LEEWAY;

pub(super) fn signed_in() -> (Desk, Jar) {
    signed_in_with(&config(), &json!({}))
}

pub(super) fn signed_in_with(config: &Config, changes: &Value) -> (Desk, Jar) {
    let mut desk = Desk::new(config);
    let mut jar = Jar::default();
    let reply = desk.sign_in_as("/", &changed(id_claims(), changes), &mut jar);
    assert_eq!(location(&reply), "/");
    (desk, jar)
}

pub(super) fn page() -> Req {
    Req::open("/page")
}

/// Why this jar counts as signed out; it gets a redirect and no cookie.
pub(super) fn why(desk: &mut Desk, jar: &Jar) -> &'static str {
    let reply = desk.reply(&page().cookies(jar));
    assert_eq!(location(&reply), "/_vestibule/login?rd=%2Fpage");
    assert!(
        set_cookies(&reply).is_empty(),
        "unreadable ones are ignored, not deleted"
    );
    reply.note.reason.unwrap()
}

pub(super) fn user(desk: &mut Desk, jar: &Jar) -> String {
    let forward = desk.forward(&page().cookies(jar));
    forward.permit.who().unwrap().user.clone()
}

const SESSION: Context<'static> = Context {
    purpose: Purpose::Session,
    name: COOKIE,
    origin: ORIGIN,
};

pub(super) fn opened(desk: &Desk, jar: &Jar) -> Session {
    let opened = desk
        .gate
        .ring
        .open(SESSION, jar.0[COOKIE].as_bytes())
        .unwrap();
    Session::decode(&opened.plain).unwrap()
}

pub(super) fn seal(desk: &mut Desk, plain: &[u8]) -> Jar {
    let dice = &mut desk.dice;
    let sealed = desk
        .gate
        .ring
        .seal(SESSION, plain, &mut |bytes| dice.fill(bytes));
    Jar::of(COOKIE, &sealed.unwrap())
}

#[test]
fn a_session_is_good_for_any_page_of_its_origin() {
    let (mut desk, jar) = signed_in();
    for target in ["/", "/page", "/a?b=c", "//x", "/a;b"] {
        let forward = desk.forward(&Req::open(target).cookies(&jar));
        assert!(
            forward.permit.who().is_some() && forward.set_cookies.is_empty(),
            "{target}"
        );
    }
    for req in [
        Req::get("/api"),
        Req::new(http::Method::POST, "/save"),
        page().with("sec-purpose", "prefetch"),
    ] {
        assert!(desk.forward(&req.cookies(&jar)).permit.who().is_some());
    }
}

#[test]
fn any_changed_character_makes_it_as_if_none() {
    let (mut desk, jar) = signed_in();
    let sealed = jar.0[COOKIE].clone();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = Jar::of(COOKIE, &String::from_utf8(changed).unwrap());
        let reason = why(&mut desk, &changed);
        assert!(
            ["cookie_malformed", "cookie_key_retired", "cookie_forged"].contains(&reason),
            "{reason}"
        );
    }
    for (value, reason) in [
        ("", "cookie_malformed"),
        ("x", "cookie_malformed"),
        // Whole groups of four characters: still base64url.
        (&sealed[..sealed.len() / 4 * 4 - 4], "cookie_forged"),
        (&format!("{sealed}AAAA"), "cookie_forged"),
        (&format!("{sealed}="), "cookie_malformed"),
        (&format!("\"{sealed}\""), "cookie_malformed"),
    ] {
        assert_eq!(why(&mut desk, &Jar::of(COOKIE, value)), reason, "{value}");
    }
}

#[test]
fn what_was_sealed_for_something_else_is_no_session() {
    let mut config = config();
    config
        .server
        .origins
        .push(PublicOrigin::parse("https://docs.example.com").unwrap());
    let (mut desk, jar) = signed_in_with(&config, &json!({}));
    let elsewhere = desk.reply(&page().cookies(&jar).with("host", "docs.example.com"));
    assert_eq!(
        (elsewhere.status.as_u16(), elsewhere.note.reason),
        (302, Some("cookie_forged"))
    );
    let mut login = Jar::default();
    let started = desk.start(&Req::open("/_vestibule/login"), &mut login);
    let as_session = Jar::of(COOKIE, &login.0[LOGIN_COOKIE]);
    assert_eq!(why(&mut desk, &as_session), "cookie_forged");
    assert_eq!(
        why(&mut desk, &Jar::of(COOKIE, &started.state)),
        "cookie_forged"
    );
    // Under a name that is not this origin's.
    assert_eq!(
        why(&mut desk, &Jar::of("vestibule", &jar.0[COOKIE])),
        "no_cookie"
    );
    assert_eq!(
        why(&mut desk, &Jar::of(LOGIN_COOKIE, &jar.0[COOKIE])),
        "no_cookie"
    );
}

#[test]
fn a_session_without_a_refresh_token_ends_with_its_token() {
    let mut desk = Desk::new(&config());
    let jar = signed_in_without_refresh(&mut desk);
    desk.now = crate::gate::time::UnixTime::from_secs(EXP + LEEWAY - 1);
    assert_eq!(user(&mut desk, &jar), "kirsten.holm@example.org");
    desk.now = desk.now.plus(1);
    assert_eq!(why(&mut desk, &jar), "token_expired");
}

#[test]
fn a_session_ends_with_its_lifetime_to_the_second() {
    let (mut desk, jar) = signed_in_with(&config(), &json!({ "exp": EXP + 1_000_000 }));
    desk.now = NOW.plus(8 * 3600 - 1);
    assert_eq!(user(&mut desk, &jar), "kirsten.holm@example.org");
    desk.now = NOW.plus(8 * 3600);
    assert_eq!(why(&mut desk, &jar), "session_lifetime");
    // A cookie copied earlier, sealed anew since: the sign-in counts.
    let session = opened(&desk, &jar);
    let resealed = session.encode(desk.now);
    let again = seal(&mut desk, &resealed);
    assert_eq!(why(&mut desk, &again), "session_lifetime");
}

#[test]
fn the_token_is_verified_on_every_request() {
    let (mut desk, jar) = signed_in();
    // The provider withdrew the key.
    let other = dev_idp::jws::SigningKey::generate();
    desk.keys = Some(key_set_of(jwks(&[&other])));
    assert_eq!(why(&mut desk, &jar), "token_unknown_kid");
    let same_name = dev_idp::jws::SigningKey::generate_with_kid(key().kid());
    desk.keys = Some(key_set_of(jwks(&[&same_name])));
    assert_eq!(why(&mut desk, &jar), "token_signature");
    desk.keys = Some(key_set_of(jwks(&[&other, key()])));
    assert_eq!(user(&mut desk, &jar), "kirsten.holm@example.org");
}

#[test]
fn a_token_of_another_client_or_issuer_is_no_good_however_it_was_sealed() {
    let (mut desk, jar) = signed_in();
    for (changes, reason) in [
        (json!({ "aud": "other" }), "token_audience"),
        (
            json!({ "iss": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_UpStrm002" }),
            "token_issuer",
        ),
        (json!({ "token_use": "access" }), "token_use"),
        (json!({ "exp": "1790003600" }), "token_claim"),
        (json!({ "nbf": EXP }), "token_not_yet_valid"),
    ] {
        let token = key().sign(&changed(id_claims(), &changes));
        let session = opened(&desk, &jar);
        let good = session.encode(desk.now);
        // The same session around another token: as text, the wire form's other way.
        let mut plain = good[..1 + 16 + 4 + 8 + 8 + 8 + 2 + 4].to_vec();
        plain.push(1);
        plain.extend_from_slice(&u16::try_from(token.len()).unwrap().to_be_bytes());
        plain.extend_from_slice(token.as_bytes());
        // Neither another token nor claims beside it.
        plain.extend_from_slice(&[0, 0, 0, 0, 0, 0]);
        let jar = seal(&mut desk, &plain);
        assert_eq!(why(&mut desk, &jar), reason);
    }
}

#[test]
fn a_format_of_tomorrow_is_as_if_none() {
    let (mut desk, jar) = signed_in();
    let mut plain = opened(&desk, &jar).encode(NOW).to_vec();
    plain[0] = 4;
    let jar = seal(&mut desk, &plain);
    assert_eq!(why(&mut desk, &jar), "cookie_format");
}

#[test]
fn a_session_of_another_provider_is_as_if_none() {
    let (_, jar) = signed_in();
    let mut renamed = config();
    renamed.providers[0].id = ProviderId("renamed".to_owned());
    assert_eq!(why(&mut Desk::new(&renamed), &jar), "session_provider");
}

#[test]
fn an_old_key_opens_and_the_session_is_sealed_anew() {
    let (desk, mut jar) = signed_in();
    let first = opened(&desk, &jar);
    let mut rotated = config();
    rotated.session.keys = vec![secret_key(2), secret_key(1)];
    let mut desk = Desk::new(&rotated);
    desk.now = NOW.plus(10);
    let forward = desk.forward(&page().cookies(&jar));
    assert!(forward.permit.who().is_some());
    let [cookie] = &forward.set_cookies[..] else {
        panic!("one cookie");
    };
    assert!(cookie.starts_with("__Host-vestibule="), "{cookie}");
    jar.take_in([cookie.as_str()]);
    let second = opened(&desk, &jar);
    assert_eq!(
        (second.signed_in(), second.sealed()),
        (first.signed_in(), NOW.plus(10))
    );
    assert_eq!(second.id_token(), first.id_token());
    assert_eq!(second.refresh_token(), first.refresh_token());
    assert_eq!(
        first.encode(NOW)[..21],
        second.encode(NOW)[..21],
        "the same session"
    );
    // Once is enough, and now the old key can go.
    assert!(desk.forward(&page().cookies(&jar)).set_cookies.is_empty());
    rotated.session.keys = vec![secret_key(2)];
    assert_eq!(
        user(&mut Desk::new(&rotated), &jar),
        "kirsten.holm@example.org"
    );
    rotated.session.keys = vec![secret_key(3)];
    assert_eq!(why(&mut Desk::new(&rotated), &jar), "cookie_key_retired");
}

#[test]
fn an_old_key_gives_no_cookie_where_no_one_is_let_through() {
    let (_, jar) = signed_in_with(&config(), &json!({ "custom:access_right": ["a", "b"] }));
    let mut rotated = config();
    rotated.session.keys = vec![secret_key(2), secret_key(1)];
    rotated.routes = vec![route(&["/public/"], Access::Public)];
    let mut desk = Desk::new(&rotated);
    assert!(set_cookies(&desk.reply(&page().cookies(&jar))).is_empty());
    assert!(
        desk.forward(&Req::open("/public/x").cookies(&jar))
            .set_cookies
            .is_empty()
    );
    desk.now = NOW.plus(9 * 3600);
    assert_eq!(why(&mut desk, &jar), "session_lifetime");
}

#[test]
fn keys_that_were_never_seen_are_503_and_the_cookie_stays() {
    let (mut desk, jar) = signed_in();
    desk.keys = None;
    for req in [
        page(),
        Req::get("/api"),
        Req::open("/").with("sec-fetch-dest", "iframe"),
        Req::open("/_vestibule/session"),
        Req::open("/_vestibule/whoami"),
    ] {
        let reply = desk.reply(&req.cookies(&jar));
        assert_eq!(
            (reply.status.as_u16(), reply.note.reason),
            (503, Some("provider_keys_missing"))
        );
        assert_eq!(header_of(&reply, "retry-after"), Some("5"));
        assert!(set_cookies(&reply).is_empty());
    }
    // Without a session there is nothing to lose.
    assert_eq!(why(&mut desk, &Jar::default()), "no_cookie");
    assert_eq!(why(&mut desk, &Jar::of(COOKIE, "x")), "cookie_malformed");
}

#[test]
fn the_newer_of_two_seals_wins() {
    let mut desk = Desk::new(&config());
    let (mut older, mut newer) = (Jar::default(), Jar::default());
    let named = |email: &str| changed(id_claims(), &json!({ "email": email }));
    desk.sign_in_as("/", &named("older@example.org"), &mut older);
    desk.now = NOW.plus(60);
    desk.sign_in_as("/", &named("newer@example.org"), &mut newer);
    let (old, new) = (&older.0[COOKIE], &newer.0[COOKIE]);
    for header in [
        format!("{COOKIE}={old}; {COOKIE}={new}"),
        format!("{COOKIE}={new}; {COOKIE}={old}"),
        format!("{COOKIE}={old}; {COOKIE}.1={new}"),
        format!("{COOKIE}.1={old}; {COOKIE}={new}"),
        format!(
            "{COOKIE}.1={}; {COOKIE}={old}; {COOKIE}.2={}",
            &new[..100],
            &new[100..]
        ),
        format!("{COOKIE}=garbage; {COOKIE}={new}; {COOKIE}.1=garbage"),
    ] {
        let forward = desk.forward(&page().with("cookie", &header));
        assert_eq!(forward.permit.who().unwrap().user, "newer@example.org");
    }
}

#[test]
fn a_new_login_never_reuses_a_session() {
    // field.md R9.
    let (mut desk, mut jar) = signed_in();
    let mut ids = vec![opened(&desk, &jar).encode(NOW)[1..17].to_vec()];
    for _ in 0..5 {
        desk.sign_in(&mut jar);
        let id = opened(&desk, &jar).encode(NOW)[1..17].to_vec();
        assert!(!ids.contains(&id));
        ids.push(id);
    }
}

#[test]
fn chunks_out_of_order_or_missing() {
    let groups: Vec<String> = (0..100).map(|n| format!("{n:042}")).collect();
    let (mut desk, jar) = signed_in_with(&config(), &json!({ "cognito:groups": groups }));
    let (one, two) = (&jar.0["__Host-vestibule.1"], &jar.0["__Host-vestibule.2"]);
    assert_eq!(one.len(), VALUE_MAX);
    let crossed = format!("{COOKIE}.2={two}; {COOKIE}.1={one}");
    assert!(
        desk.forward(&page().with("cookie", &crossed))
            .permit
            .who()
            .is_some()
    );
    for header in [
        format!("{COOKIE}.1={one}"),
        format!("{COOKIE}.1={two}; {COOKIE}.2={one}"),
        format!("{COOKIE}.1={one}; {COOKIE}.2={two}; {COOKIE}.3={two}"),
    ] {
        let reply = desk.reply(&page().with("cookie", &header));
        assert_eq!(reply.status, 302);
    }
    let reply = desk.reply(&page().with("cookie", &format!("{COOKIE}.2={two}")));
    assert_eq!(reply.note.reason, Some("no_cookie"));
}

#[test]
fn what_the_app_sees_of_the_cookies() {
    let mut config = config();
    config
        .server
        .origins
        .push(PublicOrigin::parse("http://localhost:8080").unwrap());
    let (desk, jar) = signed_in_with(&config, &json!({}));
    let header = format!(
        "a=b; {}; c=\"d e\"; vestibule.1=x; {LOGIN_COOKIE}=y",
        jar.header()
    );
    let rest = desk.gate.strip_cookies(header.as_bytes());
    let rest = rest.of(header.as_bytes()).unwrap();
    assert_eq!(String::from_utf8(rest).unwrap(), "a=b; c=\"d e\"");
    assert!(desk.gate.strip_cookies(jar.header().as_bytes()) == Stripped::Nothing);
    for (set_cookie, ours) in [
        ("__Host-vestibule=x; Path=/", true),
        ("__Host-vestibule.2=x", true),
        ("vestibule-login=x", true),
        ("session=x", false),
    ] {
        assert_eq!(
            desk.gate.is_our_set_cookie(set_cookie.as_bytes()),
            ours,
            "{set_cookie}"
        );
    }
}

#[test]
fn what_counts_for_nothing_on_an_optional_route_is_said_in_the_log() {
    // The edge goes by it to fetch keys that it does not know yet.
    let mut config = config();
    config.routes = vec![route(&["/maybe"], Access::Optional)];
    let (mut desk, jar) = signed_in_with(&config, &json!({}));
    let reason = |desk: &mut Desk, req: Req| desk.forward(&req).note.reason;
    assert_eq!(reason(&mut desk, Req::get("/maybe")), None, "no cookie");
    let asked = || Req::get("/maybe").cookies(&jar);
    assert_eq!(reason(&mut desk, asked()), None, "a person");
    let other = dev_idp::jws::SigningKey::generate();
    desk.keys = Some(key_set_of(jwks(&[&other])));
    assert_eq!(reason(&mut desk, asked()), Some("token_unknown_kid"));
    assert!(desk.forward(&asked()).permit.who().is_none());
}
