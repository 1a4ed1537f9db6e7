//! Three providers at once in one process: two pools of the emulator, and one that nobody here wrote.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::third_party;
use crate::support::dev_idp::{KIRSTEN, OLA_OF_POOL2};
use crate::support::several::{PARTNERS_CLIENT, PARTNERS_POOL};
use crate::support::{Browser, Harness, Response, Setup};

mod choosing;
mod outages;

/// What `corp` speaks for; its further keys follow.
const CORPS: &str = "email_domains = [\"example.org\", \"example.com\"]\n";

fn setup() -> Setup {
    Setup {
        several: true,
        provider: CORPS.to_owned(),
        ..Setup::default()
    }
}

fn link(id: &str) -> String {
    format!("/_vestibule/login/{id}?rd=%2Fpage")
}

/// Signs in through one of them, by a link that names it.
fn signed_in(chain: &Harness, id: &str, name: &str) -> Browser {
    let mut browser = chain.browser();
    let page = match id {
        "third" => third_party::sign_in(&mut browser, &link(id), name),
        _ => browser.sign_in(&link(id), name, chain.idp().password(name)),
    };
    assert_eq!(page.status, 200, "{id}: {:?}", browser.trail);
    assert_eq!(page.url, format!("{}/page", chain.origin), "{id}");
    browser
}

/// What the app was told the last time.
fn told(chain: &Harness) -> [Option<String>; 3] {
    let seen = chain.echo.last();
    [
        "X-Forwarded-User",
        "X-Forwarded-Email",
        "X-Forwarded-Groups",
    ]
    .map(|name| seen.header(name).map(str::to_owned))
}

fn some(texts: [&str; 3]) -> [Option<String>; 3] {
    texts.map(|text| Some(text.to_owned()))
}

#[test]
fn each_login_lands_with_its_own_identity_and_stays_itself() {
    let chain = setup().start();
    let mut kirsten = signed_in(&chain, "corp", KIRSTEN);
    let hers = some([KIRSTEN, KIRSTEN, "Editors,Brand-Nordics"]);
    assert_eq!(told(&chain), hers);
    let mut ola = signed_in(&chain, "partner", OLA_OF_POOL2);
    let olas = some([OLA_OF_POOL2, OLA_OF_POOL2, "Guests of partners"]);
    assert_eq!(told(&chain), olas);
    let mut frida = signed_in(&chain, "third", "frida");
    let fridas = some(["frida@third.example", "frida@third.example", "readers"]);
    assert_eq!(told(&chain), fridas);
    // Each goes on as who they are, whatever the others do.
    for (browser, expected, provider) in [
        (&mut kirsten, &hers, "corp"),
        (&mut ola, &olas, "partner"),
        (&mut frida, &fridas, "third"),
    ] {
        assert_eq!(browser.get("/next").status, 200);
        assert_eq!(&told(&chain), expected);
        let session = browser.script("GET", "/_vestibule/session");
        let session: serde_json::Value = serde_json::from_slice(&session.body).expect("JSON");
        assert_eq!(session["provider"], provider);
        assert_eq!(browser.cookie("vestibule-provider"), Some(provider));
    }
    for seen in chain.echo.seen() {
        assert!(!seen.head.contains("vestibule-provider"), "{}", seen.head);
    }
}

/// From the login page of a provider to its answer, which is not followed.
fn answer_of(browser: &mut Browser, chain: &Harness, id: &str, name: &str) -> Response {
    let page = browser.arrive(&link(id));
    let mut answer = match id {
        "third" => {
            let answer = browser.click(&page, None, &[("login", name), ("password", "any")]);
            let consent = browser.finish(answer);
            browser.click(&consent, None, &[])
        }
        _ => {
            let fields = [("username", name), ("password", chain.idp().password(name))];
            browser.click(&page, Some("signIn"), &fields)
        }
    };
    while !answer.location().starts_with(&chain.origin) {
        answer = browser.follow(&answer);
    }
    answer
}

/// A parameter of an answer.
fn part(url: &str, name: &str) -> String {
    let url = url::Url::parse(url).expect("a URL");
    let found = url.query_pairs().find(|(other, _)| other == name);
    found.expect("the parameter").1.into_owned()
}

/// The answer as if another issuer had given it.
fn of_another_issuer(answer: &str) -> String {
    let other = "iss=https%3A%2F%2Fid.example.com";
    match answer.split_once("iss=") {
        Some((before, after)) => {
            let rest = after.split_once('&').map_or("", |(_, rest)| rest);
            format!("{before}{other}&{rest}")
                .trim_end_matches('&')
                .to_owned()
        }
        None => format!("{answer}&{other}"),
    }
}

#[test]
fn an_answer_at_anothers_callback_is_refused_before_any_token_call() {
    let chain = setup().start();
    for (id, name, others) in [
        ("corp", KIRSTEN, ["partner", "third"]),
        ("partner", OLA_OF_POOL2, ["corp", "third"]),
        ("third", "frida", ["corp", "partner"]),
    ] {
        let mut browser = chain.browser();
        let answer = answer_of(&mut browser, &chain, id, name).location();
        let callback = format!("/callback/{id}?");
        assert!(answer.contains(&callback), "{answer}");
        let before = chain.idp().asked("domain:token");
        for other in others
            .map(|other| format!("/callback/{other}?"))
            .iter()
            .map(String::as_str)
            .chain(["/callback?"])
        {
            // With the name of who has answered in it, and without.
            let unnamed = answer.split("&iss=").next().expect("the rest");
            for moved in [&answer, unnamed] {
                let moved = browser.get(&moved.replace(&callback, other));
                assert_eq!(moved.status, 400, "{id} {other}: {}", moved.text());
                let said = moved.text();
                assert!(said.contains("another provider"), "{id} {other}: {said}");
            }
        }
        let nobodys = browser.get(&answer.replace(&callback, "/callback/nobody?"));
        assert_eq!(nobodys.status, 404, "{id}");
        // One that says of itself who it is has to say so of the one that was asked.
        let named = browser.get(&of_another_issuer(&answer));
        assert_eq!(named.status, 400, "{id}");
        assert_eq!(chain.idp().asked("domain:token"), before, "no token call");
        assert!(!browser.has_session());
        // It is as good as before where it belongs: nobody has redeemed its code.
        let landed = browser.arrive(&answer);
        assert_eq!(landed.status, 200, "{:?}", browser.trail);
        let calls = u64::from(id != "third");
        assert_eq!(chain.idp().asked("domain:token"), before + calls, "{id}");
    }
    // The state of one with the code of another, at the callback of the latter.
    let mut browser = chain.browser();
    let corps = answer_of(&mut browser, &chain, "corp", KIRSTEN).location();
    let partners = answer_of(&mut browser, &chain, "partner", OLA_OF_POOL2).location();
    let before = chain.idp().asked("domain:token");
    let (state, code) = (part(&corps, "state"), part(&partners, "code"));
    let mixed = browser.get(&format!(
        "/_vestibule/callback/partner?code={code}&state={state}"
    ));
    assert_eq!(mixed.status, 400);
    assert_eq!(chain.idp().asked("domain:token"), before);
    assert!(!browser.has_session());
}

#[test]
fn a_code_of_another_beside_a_good_state_is_no_session() {
    let chain = setup().start();
    // Whose good state and callback, and whose code. Nothing tells whose a code is but the provider that is asked for its
    // tokens: it has given none of this kind.
    for (whose, name, other, others_name) in [
        ("corp", KIRSTEN, "partner", OLA_OF_POOL2),
        ("partner", OLA_OF_POOL2, "corp", KIRSTEN),
        ("corp", KIRSTEN, "third", "frida"),
        ("third", "frida", "corp", KIRSTEN),
    ] {
        let mut browser = chain.browser();
        let own = answer_of(&mut browser, &chain, whose, name).location();
        let mut stranger = chain.browser();
        let foreign = answer_of(&mut stranger, &chain, other, others_name).location();
        let before = chain.idp().asked("domain:token");
        let mixed = own.replace(&part(&own, "code"), &part(&foreign, "code"));
        assert_ne!(mixed, own);
        let page = browser.get(&mixed);
        assert_eq!(page.status, 400, "{whose} {other}: {}", page.text());
        assert!(
            page.text().contains("did not accept this sign-in any more"),
            "{}",
            page.text()
        );
        let calls = chain.idp().asked("domain:token") - before;
        assert_eq!(calls, u64::from(whose != "third"), "{whose}: asked once");
        assert!(!browser.has_session(), "{whose} {other}");
        assert_eq!(browser.script("GET", "/page").status, 401);
        // Nor is what was tried of any further use: the sign-in begins anew, as after any lost login.
        let again = browser.get(&own);
        assert_ne!(again.status, 200, "{whose} {other}");
        assert_eq!(chain.idp().asked("domain:token") - before, calls);
        assert!(!browser.has_session(), "{whose} {other}");
    }
}

#[test]
fn a_provider_that_names_itself_has_to_in_each_answer() {
    let chain = setup().start();
    let mut browser = chain.browser();
    let answer = answer_of(&mut browser, &chain, "third", "frida").location();
    assert!(
        answer.contains("&iss="),
        "oidc-provider says who it is: {answer}"
    );
    let silent = answer.split("&iss=").next().expect("the rest");
    assert_eq!(browser.get(silent).status, 400);
    assert!(!browser.has_session());
    assert_eq!(browser.arrive(&answer).status, 200, "{:?}", browser.trail);
}

#[test]
fn a_partners_ceo_at_our_domain_and_its_admins_open_nothing() {
    let chain = Setup {
        tables: "[[route]]\npath = \"/ours/*\"\naccess = { email_domains = [\"example.org\"] }\n\
                 [[route]]\npath = \"/admin/*\"\naccess = { groups = [\"Admins\"] }\n\
                 [headers]\nset = { X-Mail = \"{claim.email}\", X-Attribute = \"{attribute.mail}\" }\n\
                 [identity.attributes]\nmail = \"email\"\n"
            .to_owned(),
        identity: "user = [\"email\", \"sub\"]\n".to_owned(),
        ..setup()
    }
    .start();
    let password = "Vestibule-Partner-1";
    chain.idp().call(
        "POST",
        "/users",
        &json!({
            "pool": PARTNERS_POOL, "username": "ceo@example.org", "password": password,
            "groups": ["Admins", "Partners"],
            "attributes": { "email_verified": "true" },
        }),
    );
    let mut ceo = chain.browser();
    let page = ceo.sign_in(&link("partner"), "ceo@example.org", password);
    assert_eq!(page.status, 200, "{:?}", ceo.trail);
    let [user, email, groups] = told(&chain);
    assert!(user.is_some_and(|user| !user.contains('@')), "a subject");
    assert_eq!(
        (email, groups.as_deref()),
        (None, Some("Guests of partners"))
    );
    let head = chain.echo.last().head;
    assert!(!head.contains("ceo@example.org"), "{head}");
    for path in ["/ours/x", "/admin/x"] {
        assert_eq!(ceo.get(path).status, 403, "{path}");
    }
    // Ours of the same domain and group get in.
    let mut kirsten = signed_in(&chain, "corp", KIRSTEN);
    assert_eq!(kirsten.get("/ours/x").status, 200);
}

#[test]
fn a_route_of_one_provider_leads_there_and_lets_nobody_else_in() {
    let chain = Setup {
        tables: "[[route]]\npath = \"/partners/*\"\naccess = { provider = [\"partner\"] }\n"
            .to_owned(),
        ..setup()
    }
    .start();
    let mut ola = chain.browser();
    let page = ola.sign_in(
        "/partners/x",
        OLA_OF_POOL2,
        chain.idp().password(OLA_OF_POOL2),
    );
    assert_eq!(page.status, 200, "{:?}", ola.trail);
    let mut kirsten = signed_in(&chain, "corp", KIRSTEN);
    assert_eq!(kirsten.get("/partners/x").status, 403);
}

#[test]
fn a_sign_out_goes_through_the_provider_that_signed_in() {
    let chain = setup().start();
    let third = &chain.third_party.as_ref().expect("the third one").issuer;
    for (id, name, at, client) in [
        (
            "corp",
            KIRSTEN,
            chain.idp().domain.as_str(),
            chain.idp().client_id.as_str(),
        ),
        (
            "partner",
            OLA_OF_POOL2,
            chain.idp().domain.as_str(),
            PARTNERS_CLIENT,
        ),
        ("third", "frida", third.as_str(), "vestibule-tests"),
    ] {
        let mut browser = signed_in(&chain, id, name);
        let out = browser.get("/_vestibule/logout").location();
        assert!(out.starts_with(at), "{id}: {out}");
        assert!(out.contains(&format!("client_id={client}")), "{id}: {out}");
        assert!(!browser.has_session());
    }
}

#[test]
fn a_secret_that_rotates_is_tried_after_the_one_that_is_refused_and_remembered() {
    let folder = tempfile::tempdir().expect("a directory");
    let old = folder.path().join("old");
    fs::write(&old, "no-longer-good").expect("the secret");
    let head = |chain: &Harness| {
        let good = chain.file("client-secret");
        let text = fs::read_to_string(&chain.config).expect("the config");
        let one = format!("client_secret = {{ file = \"{}\" }}", good.display());
        assert!(text.contains(&one), "{text}");
        let list = format!(
            "client_secret = [{{ file = \"{}\" }}, {{ file = \"{}\" }}]",
            old.display(),
            good.display()
        );
        fs::write(&chain.config, text.replacen(&one, &list, 1)).expect("the config");
    };
    let mut chain = Harness::start();
    head(&chain);
    chain.restart();
    let asked = |chain: &Harness| chain.idp().asked("domain:token");
    chain.signed_in(KIRSTEN);
    assert_eq!(asked(&chain), 2, "refused once");
    chain.signed_in(KIRSTEN);
    assert_eq!(asked(&chain), 3, "and remembered");
    // A sign-out right after a start goes on to the next one too.
    let mut browser = chain.signed_in(KIRSTEN);
    chain.restart();
    browser.get("/_vestibule/logout");
    assert_eq!(chain.idp().asked("domain:revoke"), 2, "refused once");
}

#[test]
fn the_commands_speak_of_each() {
    let chain = setup().start();
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        let output = command
            .args(arguments)
            .arg("--config")
            .arg(&chain.config)
            .output();
        let output = output.expect("the command");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    let (code, stdout, stderr) = run(&["check", "--online"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    for id in ["corp", "partner", "third"] {
        let callback = format!("{}/_vestibule/callback/{id}", chain.origin);
        assert!(
            stdout.contains(&format!("register for provider.{id}\n")),
            "{stdout}"
        );
        assert!(stdout.contains(&callback), "{stdout}");
        assert!(
            stdout.contains(&format!("\"provider\":\"{id}\"")),
            "asked: {stdout}"
        );
    }
    let claims = chain.file("claims.json");
    fs::write(&claims, "{\"sub\":\"1\",\"email\":\"ola@example.net\",\"cognito:groups\":[\"Partners\",\"Admins\"]}")
        .expect("the claims");
    let claims = claims.to_str().expect("a path");
    let explain = ["explain", "--claims", claims, "--request", "/x"];
    let by = |id: &str| run(&[&explain[..], &["--provider", id]].concat());
    let (code, stdout, _) = by("partner");
    assert_eq!(code, Some(0));
    assert!(
        stdout.contains("Guests of partners") && stdout.contains("ola@example.net"),
        "{stdout}"
    );
    // The same claims of another provider: an email that it may not speak for.
    let (code, stdout, _) = by("corp");
    assert_eq!(code, Some(0));
    assert!(stdout.contains("403"), "{stdout}");
    let (code, _, stderr) = run(&explain);
    assert_eq!(code, Some(64), "{stderr}");
    assert!(
        stderr.contains("--provider, one of corp, partner, third"),
        "{stderr}"
    );
    assert_eq!(by("other").0, Some(64));
}
