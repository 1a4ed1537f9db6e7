//! Rules on who somebody is, and on methods: who is let through, and what the others are told.

use serde_json::json;

use crate::support::dev_idp::{KIRSTEN, OLA};
use crate::support::{Harness, Response, Setup};

const ROUTES: &str = "\
[[route]]
path = \"/editors/*\"
access = { groups = [\"Editors\", \"Reviewers\"] }
[[route]]
path = \"/both/*\"
access = { all_groups = [\"Editors\", \"Brand-Nordics\"], email_domains = [\"Example.org\"] }
[[route]]
path = \"/rights/*\"
access = [{ access_right = \"Global Company\" }, { claim = \"cognito:groups\", any_of = [\"Brand-Nordics\"] }]
[[route]]
path = \"/elsewhere/*\"
access = { provider = \"corp\", email_domains = [\"corp.example\"] }
[[route]]
path = \"/api/*\"
methods = \"GET\"
[[route]]
path = \"/api/*\"
methods = [\"PUT\", \"DELETE\"]
access = { groups = [\"Admins\"] }
[[route]]
path = \"/\"
access = \"public\"
[[route]]
path = \"/projects/*\"
access = { groups = [\"Editors\"] }
allow_in_path = [\"%2F\"]
";

fn chain() -> Harness {
    Setup {
        identity: "access_right = \"custom:access_right\"\n".to_owned(),
        tables: ROUTES.to_owned(),
        log_user: Some("plain"),
        ..Setup::default()
    }
    .start()
}

#[test]
fn rules_open_for_whom_they_name_and_close_for_the_others() {
    let chain = chain();
    let mut kirsten = chain.signed_in_at("/api/x", KIRSTEN);
    let mut ola = chain.signed_in_at("/api/x", OLA);
    for (path, for_kirsten, for_ola) in [
        ("/editors/x", 200, 403),
        ("/both/x", 200, 403),
        ("/rights/x", 200, 200),
        ("/elsewhere/x", 403, 403),
        ("/projects/x", 200, 403),
        ("/projects/group%2fproject", 200, 403),
        ("/open", 200, 200),
    ] {
        let before = chain.echo.count();
        assert_eq!(kirsten.get(path).status, for_kirsten, "{path} for Kirsten");
        assert_eq!(ola.get(path).status, for_ola, "{path} for Ola");
        let passed = [for_kirsten, for_ola].iter().filter(|s| **s == 200).count();
        assert_eq!(chain.echo.count() - before, passed, "{path} at the app");
        let stranger = chain.browser().get(path).status;
        assert_eq!(stranger, if path == "/open" { 200 } else { 302 }, "{path}");
    }
    // What was matched is what was sent.
    kirsten.get("/projects/group%2fproject?x=%2f");
    assert_eq!(
        chain.echo.last().target(),
        "/projects/group%2Fproject?x=%2f"
    );
}

#[test]
fn a_rule_on_a_claim_that_the_id_token_lacks_looks_into_userinfo() {
    let chain = Setup {
        provider: "userinfo = true".to_owned(),
        tables: "[[route]]\npath = \"/teams/*\"\naccess = { claim = \"custom:teams\", any_of = [\"north\"] }\n\
                 [[route]]\npath = \"/others/*\"\naccess = { claim = \"custom:teams\", any_of = [\"west\"] }\n"
            .to_owned(),
        ..Setup::default()
    }
    .start();
    let user = format!("/users/{}/{KIRSTEN}", chain.idp().pool);
    let attributes = json!({ "attributes": { "custom:teams": "[north, south]" } });
    chain.idp().call("PATCH", &user, &attributes);
    let client = format!("/clients/{}", chain.idp().client_id);
    let trigger =
        json!({ "pre_token": { "version": "V2", "id_token": { "suppress": ["custom:teams"] } } });
    chain.idp().call("PATCH", &client, &trigger);
    let mut kirsten = chain.signed_in(KIRSTEN);
    assert_eq!(kirsten.get("/teams/x").status, 200);
    assert_eq!(kirsten.get("/others/x").status, 403);
    let mut ola = chain.signed_in(OLA);
    assert_eq!(ola.get("/teams/x").status, 403);
}

#[test]
fn a_refused_person_reads_what_is_needed_and_a_reference_that_the_log_has() {
    let mut chain = chain();
    let mut ola = chain.signed_in_at("/api/x", OLA);
    let page = ola.get("/editors/x");
    assert_eq!(page.status, 403);
    assert_eq!(page.header("location"), None, "never a redirect");
    let text = page.html();
    for part in [
        "one of the groups Editors, Reviewers",
        OLA,
        "Sign in as someone else",
        "/editors/*",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("Admins"), "{text}");
    let reference = text
        .split("Reference: <code>")
        .nth(1)
        .and_then(|rest| rest.split('<').next())
        .expect("a reference");
    let line = chain.await_log(&[reference]);
    for part in [
        "\"status\":403",
        "\"outcome\":\"forbidden\"",
        "\"reason\":\"rule_groups\"",
        "\"route\":\"route[0] /editors/*\"",
        OLA,
    ] {
        assert!(line.contains(part), "{part}\n{line}");
    }

    let answer = ola.script("GET", "/both/x");
    assert_eq!(answer.status, 403);
    let body = answer.json();
    assert_eq!(body["error"], "forbidden");
    assert_eq!(body["account"], OLA);
    let needs = body["needs_one_of"].to_string();
    assert!(
        needs.contains("all of the groups Editors, Brand-Nordics"),
        "{needs}"
    );
    assert!(
        needs.contains("an email address at Example.org (your account has this)"),
        "{needs}"
    );
    let reference = body["reference"].as_str().expect("a reference");
    chain.await_log(&[reference, "\"reason\":\"rule_all_groups\""]);
}

#[test]
fn signing_in_as_someone_else_ends_the_session_and_comes_back_to_the_page() {
    let chain = chain();
    let mut person = chain.signed_in_at("/api/x", OLA);
    let refused = person.get("/editors/x?page=2");
    assert_eq!(refused.status, 403);
    let out = person.click_link(&refused, "Sign in as someone else");
    let out = person.finish(out);
    assert!(out.url.contains("/_vestibule/signed-out"), "{}", out.url);
    assert_eq!(person.script("GET", "/_vestibule/session").status, 401);
    let login = person.click_link(&out, "Sign in again");
    let login = person.finish(login);
    let page = person.submit_login(&login, KIRSTEN, chain.idp().password(KIRSTEN));
    let page = person.finish(page);
    assert_eq!(page.status, 200, "{:?}", person.trail);
    assert!(page.url.ends_with("/editors/x?page=2"), "{}", page.url);
}

#[test]
fn a_method_is_judged_by_its_own_rule_and_never_by_a_weaker_one() {
    let mut chain = chain();
    let mut kirsten = chain.signed_in_at("/api/x", KIRSTEN);
    let mut ola = chain.signed_in_at("/api/x", OLA);
    let status = |answer: Response| answer.status;
    for (method, for_kirsten, for_ola) in [
        ("GET", 200, 200),
        ("HEAD", 200, 200),
        ("PUT", 403, 200),
        ("DELETE", 403, 200),
        ("POST", 403, 403),
        ("OPTIONS", 403, 403),
        ("BREW", 403, 403),
    ] {
        assert_eq!(
            status(kirsten.script(method, "/api/x")),
            for_kirsten,
            "{method}"
        );
        assert_eq!(status(ola.script(method, "/api/x")), for_ola, "{method}");
        // The front page's route is public, and is not asked.
        assert_ne!(
            status(chain.browser().script(method, "/api/x")),
            200,
            "{method}"
        );
        assert_eq!(
            status(chain.browser().script(method, "/open")),
            200,
            "{method}"
        );
    }
    chain.await_log(&[
        "\"method\":\"BREW\"",
        "\"reason\":\"no-rule-for-method\"",
        "\"route\":\"route[4] /api/*\"",
    ]);
    // A method named in a header is not the method.
    let header = [("X-HTTP-Method-Override", "PUT")];
    assert_eq!(status(kirsten.send("POST", "/api/x", &header, b"")), 403);
}
