//! Who the app sees: claims of all sources, mapped by the configuration alone.

use std::fs;

use serde_json::json;

use crate::support::Setup;
use crate::support::dev_idp::{KIRSTEN, NADIA, NADIA_BUTTON, OLA_OF_POOL2};
use crate::support::echo::Seen;

#[test]
fn an_access_right_that_the_map_does_not_know_is_403() {
    let mut chain = Setup {
        identity: "access_right = { claim = \"custom:access_right\", map = { \"Global Company\" = \"Admin\" } }"
            .to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.browser();
    let page = browser.sign_in("/", KIRSTEN, chain.idp().password(KIRSTEN));
    assert_eq!(page.status, 403, "{:?}", browser.trail);
    let text = page.html();
    for part in ["no access right", KIRSTEN, "Sign in as someone else"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains("Local Company"), "{text}");
    assert_eq!(chain.echo.count(), 0);
    let reference = text.split("Reference: <code>").nth(1);
    let reference = reference.and_then(|rest| rest.split('<').next());
    let reference = reference.expect("a reference").to_owned();
    chain.await_log(&[&reference, "\"reason\":\"no_access_right\""]);
}

#[test]
fn of_several_rights_the_order_decides_and_without_one_nobody_guesses() {
    let right = |order: &str| {
        let chain = Setup {
            identity: format!("access_right = {{ claim = \"cognito:groups\"{order} }}"),
            ..Setup::default()
        }
        .start();
        let mut browser = chain.browser();
        let page = browser.sign_in("/", KIRSTEN, chain.idp().password(KIRSTEN));
        let seen = (page.status == 200).then(|| chain.echo.last());
        let right = seen.and_then(|seen| seen.header("X-Access-Right").map(str::to_owned));
        (page.status, right)
    };
    let ordered = right(", order = [\"Brand-Nordics\", \"Editors\"]");
    assert_eq!(ordered, (200, Some("Brand-Nordics".to_owned())));
    assert_eq!(right(""), (403, None));
}

#[test]
fn entra_people_bring_their_groups_whatever_their_number() {
    let chain = Setup {
        identity: "groups = [\"cognito:groups\", \"custom:entra_groups\"]".to_owned(),
        ..Setup::default()
    }
    .start();
    for (button, count) in [
        ("user-no-groups", 0),
        (NADIA_BUTTON, 5),
        ("user-many-groups", 53),
    ] {
        let mut browser = chain.browser();
        let page = browser.sign_in_by_entra("/", button);
        assert_eq!(page.status, 200, "{button}: {:?}", browser.trail);
        let groups = groups_of(&chain.echo.last());
        let expected: Vec<String> = (1..=count)
            .map(|number| format!("5b1c0f0e-1111-4222-8333-0a0b0c0d{number:04x}"))
            .collect();
        // Nor the automatic group of the pool.
        assert_eq!(groups, expected, "{button}");
    }
}

/// The recipe of the example and of docs/cognito.md, taken from there.
fn recipe(text: &str, begin: &str, comment: &str) -> String {
    let lines = text
        .lines()
        .skip_while(|line| !line.contains(begin))
        .skip(1);
    let recipe: Vec<&str> = lines
        .skip_while(|line| line.trim_start_matches(comment).trim() != "[identity]")
        .skip(1)
        .take_while(|line| {
            line.trim() == comment.trim() || line.starts_with(comment) && !line.starts_with("```")
        })
        .map(|line| line.strip_prefix(comment).unwrap_or(""))
        .collect();
    recipe.join("\n")
}

#[test]
fn the_recipe_for_entra_behind_cognito_brings_its_roles_and_groups_to_the_app() {
    let example = include_str!("../../config.example.toml");
    let page = include_str!("../../docs/cognito.md");
    let example = recipe(example, "# Microsoft Entra behind Cognito", "#   ");
    let page = recipe(page, "## People from Microsoft Entra", "");
    for recipe in [example, page] {
        let chain = Setup {
            identity: recipe.clone(),
            ..Setup::default()
        }
        .start();
        let mut nadia = chain.browser();
        let page = nadia.sign_in_by_entra("/", NADIA_BUTTON);
        assert_eq!(page.status, 200, "{recipe}\n{:?}", nadia.trail);
        let seen = chain.echo.last();
        assert_eq!(seen.header("X-Access-Right"), Some("Admin"), "{recipe}");
        assert_eq!(groups_of(&seen), ["Editors", "Staff"], "{recipe}");
        let before = chain.echo.count();
        let nobody = chain.browser().sign_in_by_entra("/", "user-no-groups");
        assert_eq!(nobody.status, 403, "{recipe}");
        assert_eq!(chain.echo.count(), before);
    }
}

#[test]
fn people_of_a_second_pool_bring_their_groups_through_an_attribute() {
    let chain = Setup {
        identity: "groups = [\"cognito:groups\", \"custom:pool2_groups\"]".to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.browser();
    let password = chain.idp().password(OLA_OF_POOL2);
    let page = browser.sign_in_by_pool2("/", OLA_OF_POOL2, password);
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    let seen = chain.echo.last();
    assert_eq!(seen.header("X-Forwarded-User"), Some(OLA_OF_POOL2));
    assert_eq!(seen.header("X-Forwarded-Name"), Some("Ola Upstream"));
    // Not the automatic group of the first pool.
    assert_eq!(groups_of(&seen), ["Partners"]);
    // What the first pool says of its own people is as ever.
    chain.signed_in(KIRSTEN);
    assert_eq!(groups_of(&chain.echo.last()), ["Editors", "Brand-Nordics"]);
}

#[test]
fn the_automatic_group_stays_if_it_is_to() {
    let chain = Setup {
        identity: "groups = { keep_provider_group = true }".to_owned(),
        ..Setup::default()
    }
    .start();
    chain.browser().sign_in_by_entra("/", NADIA_BUTTON);
    let groups = groups_of(&chain.echo.last());
    assert_eq!(groups, [format!("{}_entra", chain.idp().pool)]);
}

#[test]
fn claims_of_userinfo_reach_the_app() {
    let chain = Setup {
        provider: "userinfo = true".to_owned(),
        identity: "name = \"preferred_name\"\n\
                   groups = { claim = \"custom:teams\", from = \"userinfo\" }\n\
                   access_right = { claim = \"email_verified\", from = \"userinfo\" }"
            .to_owned(),
        ..Setup::default()
    }
    .start();
    let user = format!("/users/{}/{KIRSTEN}", chain.idp().pool);
    let attributes = json!({ "attributes": { "custom:teams": "[Local+Company, b]" } });
    chain.idp().call("PATCH", &user, &attributes);
    let mut browser = chain.signed_in(KIRSTEN);
    let seen = chain.echo.last();
    assert_eq!(groups_of(&seen), ["Local Company", "b"]);
    assert_eq!(seen.header("X-Access-Right"), Some("true"));
    // Once per login, not per request.
    browser.get("/again");
    browser.get("/and-again");
    assert_eq!(groups_of(&chain.echo.last()), ["Local Company", "b"]);
    assert_eq!(
        chain.idp().asked("domain:userinfo"),
        1,
        "{}",
        chain.idp().counters()
    );
}

#[test]
fn a_restart_with_another_map_maps_the_same_login_anew() {
    let mut chain = Setup {
        provider: "userinfo = true".to_owned(),
        identity: "groups = { claim = \"email\", from = \"userinfo\" }".to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.signed_in(KIRSTEN);
    assert_eq!(groups_of(&chain.echo.last()), [KIRSTEN]);
    let text = fs::read_to_string(&chain.config).unwrap();
    let map = format!("from = \"userinfo\", map = {{ \"{KIRSTEN}\" = [\"one\", \"two\"] }} }}");
    fs::write(&chain.config, text.replace("from = \"userinfo\" }", &map)).unwrap();
    chain.restart();
    assert_eq!(browser.get("/").status, 200);
    assert_eq!(groups_of(&chain.echo.last()), ["one", "two"]);
    assert_eq!(chain.idp().asked("domain:userinfo"), 1);
}

#[test]
fn without_a_userinfo_answer_there_is_no_login() {
    for (status, expected) in [(503, 503), (429, 503), (401, 502), (302, 503)] {
        let chain = Setup {
            provider: "userinfo = true".to_owned(),
            ..Setup::default()
        }
        .start();
        let fault = json!({ "endpoint": "domain:userinfo", "kind": "status", "status": status, "times": -1 });
        chain.idp().call("POST", "/faults", &fault);
        let mut browser = chain.browser();
        let page = browser.sign_in("/", KIRSTEN, chain.idp().password(KIRSTEN));
        assert_eq!(page.status, expected, "{status}: {:?}", browser.trail);
        assert_eq!(chain.echo.count(), 0);
    }
}

#[test]
fn claims_of_the_access_token_reach_the_app() {
    let chain = Setup {
        identity: "user = [\"email\"]\n\
                   groups = { claim = \"scope\", from = \"access_token\", split = \" \" }"
            .to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.signed_in(KIRSTEN);
    let mut groups = groups_of(&chain.echo.last());
    groups.sort_unstable();
    assert_eq!(groups, ["email", "openid", "profile"]);
    browser.get("/again");
    assert_eq!(groups_of(&chain.echo.last()).len(), 3);
}

#[test]
fn attributes_show_in_the_session() {
    let chain = Setup {
        identity: "[identity.attributes]\n\
                   mail = \"email\"\n\
                   verified = { claim = \"email_verified\", type = \"bool\" }\n\
                   since = { claim = \"auth_time\", type = \"number\" }\n\
                   teams = { claim = \"cognito:groups\", type = \"list\" }\n\
                   missing = \"custom:nothing\""
            .to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.signed_in(KIRSTEN);
    let answer = browser.get("/_vestibule/session");
    let session: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let attributes = &session["attributes"];
    assert_eq!(attributes["mail"], KIRSTEN);
    assert_eq!(attributes["verified"], "true");
    assert!(attributes["since"].as_str().unwrap().parse::<u64>().is_ok());
    assert_eq!(attributes["teams"], json!(["Editors", "Brand-Nordics"]));
    assert_eq!(attributes.get("missing"), None);
}

#[test]
fn an_entra_person_is_mapped_by_their_email() {
    let chain = Setup {
        identity: format!(
            "user = {{ claim = \"email\", map = {{ \"{NADIA}\" = \"nberg\" }} }}\n\
             groups = {{ claim = \"custom:entra_groups\", unmapped = \"drop\", default = \"Guests\", \
             map = {{ \"5b1c0f0e-1111-4222-8333-0a0b0c0d0001\" = [\"Sales\", \"Staff\"] }} }}"
        ),
        ..Setup::default()
    }
    .start();
    chain.browser().sign_in_by_entra("/", NADIA_BUTTON);
    let seen = chain.echo.last();
    assert_eq!(seen.header("X-Forwarded-User"), Some("nberg"));
    assert_eq!(groups_of(&seen), ["Sales", "Staff"]);
    chain.browser().sign_in_by_entra("/", "user-no-groups");
    assert_eq!(groups_of(&chain.echo.last()), ["Guests"]);
}

fn groups_of(seen: &Seen) -> Vec<String> {
    let groups = seen.header("X-Forwarded-Groups");
    let groups = groups.into_iter().flat_map(|groups| groups.split(','));
    groups.map(str::to_owned).collect()
}
