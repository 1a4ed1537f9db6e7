//! The checklist of cognito.md 6, as far as it is about who the app sees: one test for each of its
//! rows 2, 10 to 20, 22, 24 and 29, through the running proxy to an app that reports what it got.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::dev_idp::{KIRSTEN, NADIA_BUTTON, OLA, OLA_OF_POOL2, SOREN};
use crate::support::peers::root;
use crate::support::{Harness, Setup};

/// Mapping files in the shape that systems hold them, values of invented companies.
const RIGHTS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><MappingDocument><Mapping><ExternalSystemAccess>Global Company</ExternalSystemAccess><EncodeAccessRight>Admin</EncodeAccessRight></Mapping><Mapping><ExternalSystemAccess>Local Company</ExternalSystemAccess><EncodeAccessRight>Sales Manager</EncodeAccessRight></Mapping></MappingDocument>"#;
const GROUPS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><MappingDocument><Mapping><ExternalSystemAccess>Local Company</ExternalSystemAccess><EncodeGroup>Argentina, Chile, Bolivia</EncodeGroup></Mapping></MappingDocument>"#;

fn with(identity: &str, tables: &str) -> Harness {
    Setup {
        identity: identity.to_owned(),
        tables: tables.to_owned(),
        ..Setup::default()
    }
    .start()
}

/// Changes what the pool knows of a person.
fn change(chain: &Harness, username: &str, changes: &Value) {
    let path = format!("/users/{}/{username}", chain.idp().pool);
    chain.idp().call("PATCH", &path, changes);
}

/// Changes the app client.
fn change_client(chain: &Harness, changes: &Value) {
    let path = format!("/clients/{}", chain.idp().client_id);
    chain.idp().call("PATCH", &path, changes);
}

/// What the app was told last: each of these headers, or that there is none.
fn assert_told(chain: &Harness, expected: &[(&str, Option<&str>)]) {
    let seen = chain.echo.last();
    for (name, value) in expected {
        assert_eq!(seen.header(name), *value, "{name}: {}", seen.head);
    }
}

#[test]
fn row_2_email_domains_are_an_allow_list_and_without_one_any_will_do() {
    let chain = with(
        "",
        "[[route]]\npath = \"/ours/*\"\naccess = { email_domains = [\"EXAMPLE.org\", \"example.net\"] }\n",
    );
    let mut kirsten = chain.signed_in(KIRSTEN);
    assert_eq!(kirsten.get("/ours/x").status, 200);
    assert_told(&chain, &[("X-Forwarded-Email", Some(KIRSTEN))]);
    // Nadia is of example.com.
    let mut nadia = chain.browser();
    assert_eq!(nadia.sign_in_by_entra("/", NADIA_BUTTON).status, 200);
    assert_eq!(nadia.get("/ours/x").status, 403);
}

#[test]
fn row_10_scopes_are_taken_with_commas_or_spaces() {
    for scopes in [
        "\"openid,profile,email\"",
        "\"openid profile  email\"",
        "[\"openid\", \"profile\", \"email\"]",
    ] {
        let chain = Setup {
            provider: format!("scopes = {scopes}"),
            identity: "attributes.scope = { claim = \"scope\", from = \"access_token\", type = \"list\", split = \" \" }".to_owned(),
            tables: "[headers]\nset = { X-Scopes = \"{attribute.scope}\" }".to_owned(),
            ..Setup::default()
        }
        .start();
        chain.signed_in(KIRSTEN);
        let seen = chain.echo.last();
        let mut granted: Vec<_> = seen
            .header("X-Scopes")
            .expect("scopes")
            .split(',')
            .collect();
        granted.sort_unstable();
        assert_eq!(granted, ["email", "openid", "profile"], "{scopes}");
    }
}

#[test]
fn row_11_the_user_is_the_email_or_any_other_claim() {
    let chain = with("", "");
    chain.signed_in(KIRSTEN);
    assert_told(&chain, &[("X-Forwarded-User", Some(KIRSTEN))]);
    let chain = with("user = \"custom:employee_id\"", "");
    change(
        &chain,
        KIRSTEN,
        &json!({ "attributes": { "custom:employee_id": "00471" } }),
    );
    chain.signed_in(KIRSTEN);
    assert_told(
        &chain,
        &[
            ("X-Forwarded-User", Some("00471")),
            ("X-Forwarded-Email", Some(KIRSTEN)),
        ],
    );
}

#[test]
fn row_12_standard_and_custom_attributes_are_mapped_by_configuration_alone() {
    let chain = with(
        "attributes = { first = \"given_name\", site = \"custom:site\", missing = \"custom:nothing\" }",
        "[headers]\nset = { X-First = \"{attribute.first}\", X-Site = \"{attribute.site}\", X-Missing = \"{attribute.missing}\" }",
    );
    change(
        &chain,
        KIRSTEN,
        &json!({ "attributes": { "custom:site": "Oslo" } }),
    );
    chain.signed_in(KIRSTEN);
    assert_told(
        &chain,
        &[
            ("X-First", Some("Kirsten")),
            ("X-Site", Some("Oslo")),
            ("X-Missing", None),
        ],
    );
}

#[test]
fn row_13_the_source_of_a_claim_is_chosen() {
    let source = |from: &str| format!("{from} = {{ claim = \"level\", from = \"{from}\" }}\n");
    let chain = Setup {
        provider: "userinfo = true".to_owned(),
        identity: format!(
            "[identity.attributes]\n{}{}{}first = \"level\"\nlater = \"custom:only_here\"\n",
            source("id_token"),
            source("access_token"),
            "userinfo = { claim = \"custom:only_here\", from = \"userinfo\" }\n",
        ),
        tables: "[headers.set]\nX-Id = \"{attribute.id_token}\"\nX-Access = \"{attribute.access_token}\"\n\
                 X-Userinfo = \"{attribute.userinfo}\"\nX-First = \"{attribute.first}\"\nX-Later = \"{attribute.later}\"\n"
            .to_owned(),
        ..Setup::default()
    }
    .start();
    change(
        &chain,
        KIRSTEN,
        &json!({ "attributes": { "custom:only_here": "of userinfo" } }),
    );
    change_client(
        &chain,
        &json!({ "pre_token": { "version": "V2",
            "id_token": { "add": { "level": "of the ID token" }, "suppress": ["custom:only_here"] },
            "access_token": { "add": { "level": "of the access token" } } } }),
    );
    chain.signed_in(KIRSTEN);
    assert_told(
        &chain,
        &[
            ("X-Id", Some("of the ID token")),
            ("X-Access", Some("of the access token")),
            ("X-Userinfo", Some("of userinfo")),
            // By default the ID token, then userinfo.
            ("X-First", Some("of the ID token")),
            ("X-Later", Some("of userinfo")),
        ],
    );
}

#[test]
fn row_14_a_dot_of_a_claims_name_is_escaped_and_any_other_is_a_step() {
    let chain = with(
        "attributes = { one = { claim = \"https://example\\\\.com/groups\", type = \"list\" }, two = \"address.country\" }",
        "[headers]\nset = { X-One = \"{attribute.one}\", X-Two = \"{attribute.two}\" }",
    );
    change_client(
        &chain,
        &json!({ "pre_token": { "version": "V2", "id_token": { "add": {
            "https://example.com/groups": ["a", "b"], "address": { "country": "DK" } } } } }),
    );
    chain.signed_in(KIRSTEN);
    assert_told(&chain, &[("X-One", Some("a,b")), ("X-Two", Some("DK"))]);
}

#[test]
fn row_15_each_attribute_has_a_type_and_what_is_none_is_absent() {
    let kinds = ["string", "list", "number", "bool"];
    let mut attributes = String::new();
    let mut set = String::new();
    for claim in ["text", "numeric", "truth"] {
        for kind in kinds {
            attributes +=
                &format!("{claim}_{kind} = {{ claim = \"custom:{claim}\", type = \"{kind}\" }}\n");
            set += &format!("X-{claim}-{kind} = \"{{attribute.{claim}_{kind}}}\"\n");
        }
    }
    let chain = with(
        &format!("[identity.attributes]\n{attributes}"),
        &format!("[headers.set]\n{set}"),
    );
    change(
        &chain,
        KIRSTEN,
        &json!({ "attributes": { "custom:text": "[a, b]", "custom:numeric": "4711", "custom:truth": "True" } }),
    );
    chain.signed_in(KIRSTEN);
    assert_told(
        &chain,
        &[
            ("X-text-string", Some("[a, b]")),
            ("X-text-list", Some("a,b")),
            ("X-text-number", None),
            ("X-text-bool", None),
            ("X-numeric-string", Some("4711")),
            ("X-numeric-list", Some("4711")),
            ("X-numeric-number", Some("4711")),
            ("X-numeric-bool", None),
            ("X-truth-string", Some("True")),
            ("X-truth-list", Some("True")),
            ("X-truth-number", None),
            ("X-truth-bool", Some("true")),
        ],
    );
}

#[test]
fn row_16_access_rights_come_from_a_mapping_xml() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("rights.toml");
    let rights = imported(RIGHTS, "EncodeAccessRight", &["--no-split"]);
    for line in [
        "\"Global Company\" = \"Admin\"",
        "\"Local Company\" = \"Sales Manager\"",
    ] {
        assert!(rights.contains(line), "{rights}");
    }
    // This one as a file of its own, the next one pasted.
    fs::write(&file, rights).unwrap();
    let right = format!(
        "access_right = {{ claim = \"custom:access_right\", map_file = \"{}\" }}",
        file.display()
    );
    let chain = with(&right, "");
    chain.signed_in(KIRSTEN);
    assert_told(&chain, &[("X-Access-Right", Some("Sales Manager"))]);
    chain.signed_in(OLA);
    assert_told(&chain, &[("X-Access-Right", Some("Admin"))]);
}

#[test]
fn row_17_groups_come_from_a_mapping_xml_one_to_many() {
    let groups = imported(GROUPS, "EncodeGroup", &[]);
    let line = "\"Local Company\" = [\"Argentina\", \"Chile\", \"Bolivia\"]";
    assert!(groups.contains(line), "{groups}");
    let chain = with(
        &format!(
            "[identity.groups]\nclaim = \"custom:access_right\"\nunmapped = \"drop\"\n{groups}"
        ),
        "",
    );
    chain.signed_in(KIRSTEN);
    assert_told(
        &chain,
        &[("X-Forwarded-Groups", Some("Argentina,Chile,Bolivia"))],
    );
    chain.signed_in(OLA);
    assert_told(&chain, &[("X-Forwarded-Groups", None)]);
}

#[test]
fn row_18_rights_and_groups_are_evaluated_anew_at_every_login() {
    let chain = with("access_right = \"custom:access_right\"", "");
    chain.signed_in(KIRSTEN);
    assert_told(
        &chain,
        &[
            ("X-Forwarded-Groups", Some("Editors,Brand-Nordics")),
            ("X-Access-Right", Some("Local Company")),
        ],
    );
    let changed =
        json!({ "groups": ["Admins"], "attributes": { "custom:access_right": "Global Company" } });
    change(&chain, KIRSTEN, &changed);
    chain.signed_in(KIRSTEN);
    assert_told(
        &chain,
        &[
            ("X-Forwarded-Groups", Some("Admins")),
            ("X-Access-Right", Some("Global Company")),
        ],
    );
}

#[test]
fn row_19_whoever_has_nothing_gets_the_defaults() {
    let chain = with(
        "access_right = { claim = \"custom:access_right\", map = { \"Local Company\" = \"Editor\" }, default = \"Reader\" }\n\
         groups = { claim = \"custom:teams\", default = [\"Everybody\", \"Guests\"] }\n\
         [identity.attributes]\nportal = { claim = \"custom:portal\", default = \"/start\" }\n\
         language = { claim = \"locale\", default = \"en\" }\n",
        "[headers]\nset = { X-Portal = \"{attribute.portal}\", X-Language = \"{attribute.language}\" }",
    );
    let defaults = [
        ("X-Access-Right", Some("Reader")),
        ("X-Forwarded-Groups", Some("Everybody,Guests")),
        ("X-Portal", Some("/start")),
        ("X-Language", Some("en")),
    ];
    chain.signed_in(OLA);
    assert_told(&chain, &defaults);
    change(
        &chain,
        KIRSTEN,
        &json!({ "attributes": { "custom:teams": "north", "custom:portal": "/sales", "locale": "da" } }),
    );
    chain.signed_in(KIRSTEN);
    assert_told(
        &chain,
        &[
            ("X-Access-Right", Some("Editor")),
            ("X-Forwarded-Groups", Some("north")),
            ("X-Portal", Some("/sales")),
            ("X-Language", Some("da")),
        ],
    );
}

/// There is no store here that could know a person's first login. What an app needs to see one comes
/// with each request: all that makes an account, and which sign-in it is.
#[test]
fn row_20_each_request_brings_what_makes_an_account_and_which_sign_in_it_is() {
    let chain = with(
        "access_right = \"custom:access_right\"",
        "[headers.set]\nX-Sign-In = \"{claim.auth_time}/{claim.origin_jti}\"\n\
         X-Welcome = \"Welcome, {name}. You are {user}, reached at {email}.\"\n",
    );
    let mut first = chain.signed_in(KIRSTEN);
    let welcome = format!("Welcome, Kirsten Holm. You are {KIRSTEN}, reached at {KIRSTEN}.");
    assert_told(
        &chain,
        &[
            ("X-Welcome", Some(welcome.as_str())),
            ("X-Forwarded-User", Some(KIRSTEN)),
            ("X-Forwarded-Email", Some(KIRSTEN)),
            ("X-Forwarded-Name", Some("Kirsten Holm")),
            ("X-Forwarded-Groups", Some("Editors,Brand-Nordics")),
            ("X-Access-Right", Some("Local Company")),
        ],
    );
    let sign_in = |chain: &Harness| {
        let seen = chain.echo.last();
        seen.header("X-Sign-In").expect("a sign-in").to_owned()
    };
    let before = sign_in(&chain);
    first.get("/again");
    assert_eq!(sign_in(&chain), before);
    chain.signed_in(KIRSTEN);
    assert_ne!(sign_in(&chain), before);
}

#[test]
fn row_22_people_see_the_claims_that_count_and_no_token() {
    let chain = with(
        "groups = { claim = [\"cognito:groups\", \"custom:teams\"], map = { Editors = \"Writers\" }, unmapped = \"drop\" }",
        "",
    );
    let mut kirsten = chain.signed_in(KIRSTEN);
    let page = kirsten.get("/_vestibule/whoami").html();
    for part in [
        "Editors",
        "mapped to Writers",
        "Brand-Nordics",
        "left out",
        "custom:teams",
        "not there",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("eyJ"), "{page}");
    assert_told(&chain, &[("X-Forwarded-Groups", Some("Writers"))]);
}

#[test]
fn row_24_two_pools_in_a_chain_and_endpoints_by_hand_where_discovery_fails() {
    let mut chain = with(
        "groups = { claim = [\"cognito:groups\", \"custom:pool2_groups\"] }",
        "",
    );
    // A restart that has to do without discovery.
    let fault =
        json!({ "endpoint": "issuer:discovery", "kind": "status", "status": 500, "times": -1 });
    chain.idp().call("POST", "/faults", &fault);
    let (issuer, domain) = (&chain.idp().issuer, &chain.idp().domain);
    let endpoints = format!(
        "endpoints = {{ authorization = \"{domain}/oauth2/authorize\", token = \"{domain}/oauth2/token\", \
         jwks = \"{issuer}/.well-known/jwks.json\", userinfo = \"{domain}/oauth2/userInfo\", \
         revocation = \"{domain}/oauth2/revoke\", logout = \"{domain}/logout\" }}\n"
    );
    let text = fs::read_to_string(&chain.config).unwrap();
    let changed = text.replace(
        "[provider.corp]\n",
        &format!("[provider.corp]\n{endpoints}"),
    );
    assert_ne!(changed, text);
    fs::write(&chain.config, changed).unwrap();
    chain.restart();
    let mut browser = chain.browser();
    let password = chain.idp().password(OLA_OF_POOL2);
    let page = browser.sign_in_by_pool2("/", OLA_OF_POOL2, password);
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    assert_told(
        &chain,
        &[
            ("X-Forwarded-User", Some(OLA_OF_POOL2)),
            ("X-Forwarded-Name", Some("Ola Upstream")),
            ("X-Forwarded-Groups", Some("Partners")),
        ],
    );
}

#[test]
fn row_29_custom_attributes_come_whole_if_the_client_may_read_them() {
    let chain = with(
        "attributes = { long = \"custom:long\", hidden = \"custom:hidden\" }",
        "[headers]\nset = { X-Long = \"{attribute.long}\", X-Hidden = \"{attribute.hidden}\" }",
    );
    // The longest that a pool takes (cognito.md 3.3).
    let longest = "o".repeat(2_048);
    let attributes = json!({ "attributes": { "custom:long": longest, "custom:hidden": "x" } });
    for username in [KIRSTEN, SOREN] {
        change(&chain, username, &attributes);
    }
    chain.signed_in(SOREN);
    assert_told(
        &chain,
        &[("X-Long", Some(longest.as_str())), ("X-Hidden", Some("x"))],
    );
    let readable = ["email", "email_verified", "name", "custom:long"];
    change_client(&chain, &json!({ "readable": readable }));
    chain.signed_in(KIRSTEN);
    assert_told(
        &chain,
        &[("X-Long", Some(longest.as_str())), ("X-Hidden", None)],
    );
}

fn imported(xml: &str, value: &str, more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mapping.xml");
    fs::write(&file, xml).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["import", "mapping"])
        .arg(&file)
        .args(["--key", "ExternalSystemAccess", "--value", value])
        .args(more)
        .current_dir(root())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""));
    String::from_utf8(output.stdout).unwrap()
}
