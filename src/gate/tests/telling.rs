//! `/session` and `/whoami`: who is signed in, and never a token.

use serde_json::{Value, json};

use super::support::{
    Desk, EXP, Jar, NOW, Req, body, changed, config, header_of, id_claims, location,
    signed_in_without_refresh, text,
};
use crate::gate::reply::Reply;

fn signed_in(changes: &Value) -> (Desk, Jar) {
    let mut desk = Desk::new(&config());
    let mut jar = Jar::default();
    desk.sign_in_as("/", &changed(id_claims(), changes), &mut jar);
    (desk, jar)
}

fn holds_no_token(reply: &Reply, jar: &Jar) {
    let all = format!("{} {:?}", text(reply), reply.headers);
    for secret in ["eyJ", "a-refresh-token", "nonce", "origin_jti", "0b1c2d3e"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
    for value in jar.0.values() {
        assert!(!all.contains(value.as_str()));
    }
}

#[test]
fn a_script_of_the_app_learns_who_is_signed_in() {
    for target in ["/_vestibule/session", "/_vestibule/userinfo"] {
        let (mut desk, jar) = signed_in(&json!({}));
        desk.now = NOW.plus(100);
        let reply = desk.reply(&Req::get(target).cookies(&jar));
        assert_eq!(reply.status, 200);
        assert_eq!(
            body(&reply),
            json!({
                "user": "kirsten.holm@example.org",
                "email": "kirsten.holm@example.org",
                "name": "Kirsten Holm",
                "groups": ["Editors", "Brand-Nordics"],
                "access_right": "Local Company",
            "attributes": {},
                "provider": "corp",
                "signed_in_at": NOW.secs(),
                "expires_at": NOW.secs() + 8 * 3600,
                "expires_in": 8 * 3600 - 100,
                "login_url": "https://wiki.example.com/_vestibule/login",
                "logout_url": "https://wiki.example.com/_vestibule/logout",
            })
        );
        holds_no_token(&reply, &jar);
    }
}

#[test]
fn a_session_ends_with_its_lifetime_or_where_nothing_renews_it_with_its_token() {
    let (mut desk, jar) = signed_in(&json!({ "exp": EXP + 1_000_000 }));
    let reply = desk.reply(&Req::get("/_vestibule/session").cookies(&jar));
    assert_eq!(body(&reply)["expires_in"], 8 * 3600);
    let mut desk = Desk::new(&config());
    let jar = signed_in_without_refresh(&mut desk);
    let reply = desk.reply(&Req::get("/_vestibule/session").cookies(&jar));
    assert_eq!(body(&reply)["expires_at"], EXP);
    // Within the leeway of an expired token nothing is left, and nothing wraps.
    desk.now = crate::gate::time::UnixTime::from_secs(EXP + 5);
    let reply = desk.reply(&Req::get("/_vestibule/session").cookies(&jar));
    assert_eq!(body(&reply)["expires_in"], 0);
}

#[test]
fn signed_out_a_script_gets_401_with_a_login_url() {
    let mut desk = Desk::new(&config());
    for req in [
        Req::get("/_vestibule/session"),
        Req::open("/_vestibule/session"),
    ] {
        let reply = desk.reply(&req.with("referer", "https://wiki.example.com/app?x=1"));
        assert_eq!(reply.status, 401, "never a redirect");
        assert_eq!(
            body(&reply)["login_url"],
            "https://wiki.example.com/_vestibule/login?rd=%2Fapp%3Fx%3D1"
        );
        assert!(
            header_of(&reply, "www-authenticate")
                .unwrap()
                .starts_with("Bearer ")
        );
    }
}

#[test]
fn a_person_sees_what_the_app_is_told() {
    let (mut desk, jar) = signed_in(&json!({ "name": "Jørgen <b>Berg</b>" }));
    let reply = desk.reply(&Req::open("/_vestibule/whoami").cookies(&jar));
    assert_eq!(reply.status, 200);
    let html = text(&reply);
    for shown in [
        "X-Forwarded-User",
        "kirsten.holm@example.org",
        "X-Forwarded-Groups",
        "Editors,Brand-Nordics",
        "X-Access-Right",
        "Local Company",
        "J%C3%B8rgen &lt;b&gt;Berg&lt;/b&gt;",
        "corp",
        "480 min<",
        "<form method=\"post\" action=\"/_vestibule/logout\">",
    ] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
    holds_no_token(&reply, &jar);
    let json = desk.reply(&Req::get("/_vestibule/whoami").cookies(&jar));
    holds_no_token(&json, &jar);
    assert_eq!(
        body(&json)["headers"],
        json!({
            "X-Forwarded-User": "kirsten.holm@example.org",
            "X-Forwarded-Email": "kirsten.holm@example.org",
            "X-Forwarded-Name": "J%C3%B8rgen <b>Berg</b>",
            "X-Forwarded-Groups": "Editors,Brand-Nordics",
            "X-Access-Right": "Local Company",
        })
    );
    assert_eq!(body(&json)["user"], "kirsten.holm@example.org");
}

#[test]
fn a_person_sees_which_claim_became_what_and_what_was_left_out() {
    let pool = crate::gate::tests::support::POOL;
    let (mut desk, jar) = signed_in(&json!({
        "cognito:groups": ["Editors", format!("{pool}_entra")],
        "identities": [{ "providerName": "entra" }],
    }));
    let reply = desk.reply(&Req::open("/_vestibule/whoami").cookies(&jar));
    let html = text(&reply);
    for shown in [
        "Where it comes from",
        "&quot;Editors&quot; from cognito:groups (ID token)",
        "left out, the pool&#39;s automatic group",
        "name (ID token): not there",
    ] {
        assert!(html.contains(shown), "{shown}: {html}");
    }
    holds_no_token(&reply, &jar);
    let json = desk.reply(&Req::get("/_vestibule/whoami").cookies(&jar));
    holds_no_token(&json, &jar);
    let identity = body(&json)["identity"].clone();
    let groups = identity.as_array().unwrap();
    let groups = groups.iter().find(|one| one["what"] == "groups").unwrap();
    assert_eq!(groups["values"], json!(["Editors"]));
    assert_eq!(groups["from"][1]["fate"], "automatic");
}

#[test]
fn somebody_whom_the_claims_make_nobody_sees_what_is_missing() {
    let (mut desk, jar) = signed_in(&json!({ "email_verified": false }));
    let reply = desk.reply(&Req::open("/_vestibule/whoami").cookies(&jar));
    assert_eq!(reply.status, 403);
    assert_eq!(reply.note.reason, Some("no_user_claim"));
    let html = text(&reply);
    assert!(html.contains("no address or not vouched for"), "{html}");
    assert!(html.contains("Sign in as someone else"), "{html}");
    assert!(html.contains(reply.note.reference.as_deref().unwrap()));
    holds_no_token(&reply, &jar);
    let json = desk.reply(&Req::get("/_vestibule/whoami").cookies(&jar));
    assert_eq!(json.status, 403);
    assert_eq!(body(&json)["reason"], "no_user_claim");
    assert_eq!(body(&json)["claim"], "email");
    assert_eq!(json.note.claim.as_deref(), Some("email"));
    let session = desk.reply(&Req::get("/_vestibule/session").cookies(&jar));
    assert_eq!(body(&session)["claim"], "email");
    assert_eq!(body(&json)["identity"][0]["from"][0]["fate"], "unbelieved");
}

#[test]
fn whoever_is_nobody_comes_back_to_the_same_page_as_someone_else() {
    let (mut desk, jar) = signed_in(&json!({ "email_verified": false }));
    let reply = desk.reply(&Req::open("/wiki?x=1").cookies(&jar));
    assert_eq!(reply.status, 403);
    assert!(text(&reply).contains("/_vestibule/logout?rd=%2Fwiki%3Fx%3D1"));
}

#[test]
fn signed_out_a_person_is_sent_into_login() {
    let mut desk = Desk::new(&config());
    let reply = desk.reply(&Req::open("/_vestibule/whoami"));
    assert_eq!(
        location(&reply),
        "/_vestibule/login?rd=%2F_vestibule%2Fwhoami"
    );
    assert_eq!(desk.reply(&Req::get("/_vestibule/whoami")).status, 401);
}

#[test]
fn whoami_can_be_switched_off() {
    let mut off = config();
    off.server.whoami = false;
    let mut desk = Desk::new(&off);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    assert_eq!(
        desk.reply(&Req::open("/_vestibule/whoami").cookies(&jar))
            .status,
        404
    );
    assert_eq!(
        desk.reply(&Req::get("/_vestibule/session").cookies(&jar))
            .status,
        200
    );
}

#[test]
fn a_token_that_makes_no_person_is_403_here_too() {
    let groups: Vec<String> = (0..200).map(|n| format!("{n:042}")).collect();
    for (changes, session, whoami) in [
        (json!({ "email": null }), 403, 403),
        (json!({ "custom:access_right": ["a", "b"] }), 403, 403),
        // Too much for a header is no reason not to say who it is.
        (json!({ "cognito:groups": groups }), 200, 403),
    ] {
        let (mut desk, jar) = signed_in(&changes);
        assert_eq!(
            desk.reply(&Req::get("/_vestibule/session").cookies(&jar))
                .status,
            session
        );
        assert_eq!(
            desk.reply(&Req::open("/_vestibule/whoami").cookies(&jar))
                .status,
            whoami
        );
    }
}

#[test]
fn what_is_ours_but_nothing_is_404_for_every_method() {
    let (mut desk, jar) = signed_in(&json!({}));
    for target in [
        "/_vestibule",
        "/_vestibule/",
        "/_vestibule/nothing",
        "/_vestibule/Login",
        "/_vestibule/session/x",
    ] {
        for method in [http::Method::GET, http::Method::POST, http::Method::DELETE] {
            let reply = desk.reply(&Req::new(method, target).cookies(&jar));
            assert_eq!(
                (reply.status.as_u16(), reply.note.outcome),
                (404, "not_found"),
                "{target}"
            );
        }
    }
    for target in [
        "/_vestibule/session",
        "/_vestibule/whoami",
        "/_vestibule/signed-out",
    ] {
        let reply = desk.reply(&Req::new(http::Method::POST, target).cookies(&jar));
        assert_eq!(reply.status, 405, "{target}");
    }
}
