//! Bearer tokens at the core: which header is one, whom it lets through where,
//! and what it never helps or harms.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::*;
use crate::config::{Config, EmailVerified};
use crate::gate::claims::ClaimPath;
use crate::gate::email::EmailDomains;
use crate::gate::headers::preset::Preset;
use crate::gate::reply::Reply;
use crate::gate::route::{Access, Manner, Route};
use crate::gate::rule::{Condition, Rule, Rules, Values};
use crate::gate::tests::support::{
    CLIENT, Desk, EXP, Jar, NOW, Req, access_claims, at, body, changed, config, header_of,
    id_claims, jwks, key, key_set_of, route, rule,
};

mod lasting;
mod providers;

const MACHINE: &str = "7machineclient000000000000";
const KIRSTEN: &str = "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d";

fn values(all: &[&str]) -> Values {
    Values::new(all.iter().map(|one| (*one).to_owned()).collect()).unwrap()
}

fn scopes(all: &[&str]) -> Condition {
    Condition::Scopes(values(all))
}

fn rules(tables: Vec<Vec<Condition>>) -> Access {
    let tables = tables.into_iter().map(|table| Rule::new(table).unwrap());
    Access::Rules(Arc::new(Rules::new(tables.collect()).unwrap()))
}

fn api(path: &str, access: Access) -> Route {
    let mut route = route(&[path], access);
    route.manner.is_api = true;
    route
}

/// A configuration in which people's access tokens say who they are.
fn api_config() -> Config {
    let mut config = config();
    config.providers[0].identity.user = rule(&["email", "username"]);
    config.providers[0].identity.access_right = None;
    let clients = config.providers[0].api.clients.as_mut().unwrap();
    clients.push(MACHINE.to_owned());
    let department = ClaimPath::parse("client_id").unwrap();
    config.routes = vec![
        api("/people/", Access::SignedIn),
        api(
            "/orders/",
            rules(vec![vec![scopes(&["orders/read", "orders/all"])]]),
        ),
        api(
            "/editors/",
            rules(vec![vec![Condition::Groups(values(&["Editors"]))]]),
        ),
        api(
            "/corp/",
            rules(vec![vec![Condition::Provider(values(&["corp"]))]]),
        ),
        api(
            "/one/",
            rules(vec![vec![
                scopes(&["orders/read"]),
                Condition::Claim(department.clone(), values(&[MACHINE])),
            ]]),
        ),
        api(
            "/claim/",
            rules(vec![vec![Condition::Claim(department, values(&[MACHINE]))]]),
        ),
        api(
            "/either/",
            rules(vec![
                vec![Condition::Groups(values(&["Nobody"])), scopes(&["x"])],
                vec![Condition::Groups(values(&["Editors"])), scopes(&["a", "b"])],
            ]),
        ),
        api("/optional/", Access::Optional),
        api("/public/", Access::Public),
        route(&["/pages/"], Access::SignedIn),
    ];
    config
}

fn machine_claims() -> Value {
    changed(
        access_claims(),
        &json!({
            "sub": MACHINE, "client_id": MACHINE, "scope": "orders/read orders/write",
            "username": null, "cognito:groups": null, "origin_jti": null,
        }),
    )
}

fn token(claims: &Value) -> String {
    key().sign(claims)
}

fn person() -> String {
    token(&access_claims())
}

fn machine() -> String {
    token(&machine_claims())
}

fn with(target: &str, token: &str) -> Req {
    Req::get(target).with("authorization", &format!("Bearer {token}"))
}

fn told(desk: &mut Desk, req: &Req) -> Vec<(String, String)> {
    let forward = desk.forward(req);
    let told = forward.edits.told();
    told.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect()
}

fn user(desk: &mut Desk, req: &Req) -> Option<String> {
    let told = told(desk, req).into_iter();
    told.filter(|(name, _)| name == "X-Forwarded-User")
        .map(|(_, value)| value)
        .next()
}

fn refused(desk: &mut Desk, req: &Req, reason: &str) -> Reply {
    let reply = desk.reply(req);
    assert_eq!(reply.status, 401, "{reply:?}");
    assert_eq!(reply.note.reason, Some(reason), "{reply:?}");
    let challenge = "Bearer realm=\"wiki.example.com\", error=\"invalid_token\"";
    assert_eq!(header_of(&reply, "www-authenticate"), Some(challenge));
    assert_eq!(body(&reply), json!({ "error": "invalid_token" }));
    reply
}

fn forbidden(desk: &mut Desk, req: &Req, reason: &str) -> Reply {
    let reply = desk.reply(req);
    assert_eq!(reply.status, 403, "{reply:?}");
    assert_eq!(reply.note.reason, Some(reason), "{reply:?}");
    reply
}

#[test]
fn one_field_with_the_scheme_is_a_bearer_and_no_other_spelling_is_overlooked() {
    let shown_of = |fields: &[&[u8]]| {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(AUTHORIZATION, http::HeaderValue::from_bytes(field).unwrap());
        }
        match shown(&headers) {
            Shows::Nothing => "nothing".to_owned(),
            Shows::Malformed => "malformed".to_owned(),
            Shows::Token(token) => token.to_owned(),
        }
    };
    for (field, expected) in [
        (&b"Bearer abc.def.ghi"[..], "abc.def.ghi"),
        (b"bearer abc", "abc"),
        (b"BEARER abc", "abc"),
        (b"Bearer   abc", "abc"),
        (b"  Bearer abc  ", "abc"),
        (b"Bearer abc==", "abc=="),
        (b"Bearer", "malformed"),
        (b"Bearer ", "malformed"),
        (b"Bearer\tabc", "malformed"),
        (b"Bearer \tabc", "malformed"),
        (b"Bearer abc def", "malformed"),
        (b"Bearer abc, Bearer def", "malformed"),
        (b"Bearer abc,def", "malformed"),
        (b"Bearer:abc", "malformed"),
        (b"Bearer=abc", "malformed"),
        (b"Bearer \"abc\"", "malformed"),
        (b"Bearer ab\xc3\xa9", "malformed"),
        (b"Bearer\xa0abc", "malformed"),
        (b"Basic YTpi", "nothing"),
        (b"BearerX abc", "nothing"),
        (b"Bear", "nothing"),
        (b"", "nothing"),
        (b"DPoP abc", "nothing"),
    ] {
        let what = String::from_utf8_lossy(field);
        assert_eq!(shown_of(&[field]), expected, "{what}");
        assert_eq!(
            shown_of(&[field, b"Basic YTpi"]),
            "malformed",
            "{what} and another"
        );
        assert_eq!(
            shown_of(&[b"Bearer abc", field]),
            "malformed",
            "another and {what}"
        );
    }
    assert_eq!(shown_of(&[]), "nothing");
}

#[test]
fn a_persons_token_is_that_person() {
    let mut desk = Desk::new(&api_config());
    let token = person();
    for path in ["/people/x", "/editors/x", "/corp/x", "/optional/x"] {
        assert_eq!(
            user(&mut desk, &with(path, &token)).as_deref(),
            Some(KIRSTEN),
            "{path}"
        );
        let again = told(&mut desk, &with(path, &token));
        let expected = [
            ("X-Forwarded-User", KIRSTEN),
            ("X-Forwarded-Groups", "Editors,Brand-Nordics"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(again, expected, "{path}: no email, no name, no right");
    }
    assert!(desk.forward(&with("/people/x", &token)).took_bearer);
    assert_eq!(desk.gate.verified_figures().checks, 1, "verified once");
}

#[test]
fn a_machines_token_opens_what_asks_for_scopes_and_nothing_for_people() {
    let mut desk = Desk::new(&api_config());
    let token = machine();
    let only = [("X-Forwarded-User".to_owned(), MACHINE.to_owned())];
    for path in ["/orders/x", "/one/x"] {
        assert_eq!(told(&mut desk, &with(path, &token)), only, "{path}");
    }
    let reply = forbidden(&mut desk, &with("/people/x", &token), "machine_token");
    assert_eq!(header_of(&reply, "www-authenticate"), None);
    assert_eq!(body(&reply)["error"], "forbidden");
    // Of one key alone, that key is what does not hold.
    forbidden(&mut desk, &with("/editors/x", &token), "rule_groups");
    forbidden(&mut desk, &with("/corp/x", &token), "rule_provider");
    forbidden(&mut desk, &with("/claim/x", &token), "rule_claim");
    let forward = desk.forward(&with("/optional/x", &token));
    assert!(forward.permit.who().is_none(), "nobody is signed in");
    assert!(forward.took_bearer, "and its token stays here");
}

#[test]
fn groups_and_email_of_a_machines_token_count_for_nothing() {
    let mut config = api_config();
    config.providers[0].email_verified = EmailVerified::Ignore;
    config.headers = crate::gate::headers::HeaderRules::new(
        &[Preset::ModAuthOpenidc, Preset::Vestibule],
        Vec::new(),
    );
    let mut desk = Desk::new(&config);
    let dressed_up = json!({
        "cognito:groups": ["Editors"], "email": "kirsten.holm@example.org", "email_verified": true,
        "name": "Kirsten", "custom:access_right": "Admin",
    });
    let token = token(&changed(machine_claims(), &dressed_up));
    forbidden(&mut desk, &with("/editors/x", &token), "rule_groups");
    forbidden(&mut desk, &with("/people/x", &token), "machine_token");
    for (name, value) in told(&mut desk, &with("/orders/x", &token)) {
        for of_people in ["Editors", "example.org", "Kirsten", "Admin"] {
            assert!(!value.contains(of_people), "{name}: {value}");
        }
    }
}

#[test]
fn scopes_that_lack_are_said_as_rfc_6750_says() {
    let mut desk = Desk::new(&api_config());
    let reply = forbidden(&mut desk, &with("/orders/x", &person()), "rule_scopes");
    let expected = "Bearer realm=\"wiki.example.com\", error=\"insufficient_scope\", scope=\"orders/read orders/all\"";
    assert_eq!(header_of(&reply, "www-authenticate"), Some(expected));
    assert_eq!(body(&reply)["error"], "insufficient_scope");
    // Of several tables, the one that only lacks scopes.
    let reply = forbidden(&mut desk, &with("/either/x", &person()), "rule_several");
    let header = header_of(&reply, "www-authenticate").unwrap();
    assert!(header.ends_with("scope=\"a b\""), "{header}");
    // What scopes would not open is no lack of scopes, and a session has none to show.
    let reply = forbidden(&mut desk, &with("/either/x", &machine()), "rule_groups");
    assert_eq!(header_of(&reply, "www-authenticate"), None);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    let reply = forbidden(
        &mut desk,
        &Req::get("/orders/x").cookies(&jar),
        "rule_scopes",
    );
    assert_eq!(header_of(&reply, "www-authenticate"), None);
    assert_eq!(body(&reply)["error"], "forbidden");
}

#[test]
fn a_bearer_is_judged_alone_and_a_cookie_only_without_one() {
    let mut desk = Desk::new(&api_config());
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    let by_cookie = Some("kirsten.holm@example.org");
    assert_eq!(
        user(&mut desk, &Req::get("/people/x").cookies(&jar)).as_deref(),
        by_cookie
    );
    // A bad one beside a good cookie, on every route that looks.
    for path in ["/people/x", "/editors/x", "/orders/x", "/optional/x"] {
        let bad = with(path, "a.b.c").cookies(&jar);
        refused(&mut desk, &bad, "token_malformed");
        let none = Req::get(path).with("authorization", "Bearer").cookies(&jar);
        refused(&mut desk, &none, "bearer_malformed");
        let two = with(path, &person())
            .and("authorization", "Basic YTpi")
            .cookies(&jar);
        refused(&mut desk, &two, "bearer_malformed");
    }
    // A good one beside a bad cookie, and beside a good one.
    let broken = Jar::of("__Host-vestibule", "AAAA");
    for jar in [&broken, &jar] {
        let good = with("/people/x", &person()).cookies(jar);
        assert_eq!(user(&mut desk, &good).as_deref(), Some(KIRSTEN));
        assert!(desk.forward(&good).set_cookies.is_empty());
    }
    // Another scheme is the app's.
    let basic = Req::get("/people/x")
        .with("authorization", "Basic YTpi")
        .cookies(&jar);
    assert_eq!(user(&mut desk, &basic).as_deref(), by_cookie);
    assert!(!desk.forward(&basic).took_bearer);
}

#[test]
fn where_no_bearer_is_taken_none_is_looked_at() {
    let mut desk = Desk::new(&api_config());
    let reply = desk.reply(&with("/pages/x", &person()));
    assert_eq!(
        (reply.status.as_u16(), reply.note.reason),
        (401, Some("bearer_not_taken"))
    );
    assert!(reply.note.remedy.unwrap().contains("api = true"));
    assert_eq!(
        header_of(&reply, "www-authenticate"),
        Some("Bearer realm=\"wiki.example.com\"")
    );
    assert_eq!(desk.gate.verified_figures().checks, 0);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    for path in ["/pages/x", "/public/x"] {
        let forward = desk.forward(&with(path, "a.b.c").cookies(&jar));
        assert!(!forward.took_bearer, "{path}: the app's own");
    }
    // Nor one in the query.
    let in_query = format!("/people/x?access_token={}", person());
    let reply = desk.reply(&Req::get(&in_query));
    assert_eq!(
        (reply.status.as_u16(), reply.note.reason),
        (401, Some("no_cookie"))
    );
    // Nor does ours at the pages of our own.
    let reply = desk.reply(&with("/_vestibule/session", &person()));
    assert_eq!(reply.status, 401);
}

#[test]
fn a_route_for_api_clients_redirects_nobody_and_shows_no_page() {
    let mut desk = Desk::new(&api_config());
    let form = Req::new(http::Method::POST, "/people/x")
        .navigates()
        .with("content-type", "application/x-www-form-urlencoded");
    for req in [Req::open("/people/x"), Req::open("/orders/x"), form] {
        let reply = desk.reply(&req);
        assert_eq!(reply.status, 401);
        assert_eq!(body(&reply)["error"], "unauthenticated");
        let challenge = header_of(&reply, "www-authenticate");
        assert_eq!(
            challenge,
            Some("Bearer realm=\"wiki.example.com\""),
            "no error: none was shown"
        );
    }
    let refused_page = with("/people/x", "a.b.c").navigates();
    refused(&mut desk, &refused_page, "token_malformed");
    let not_allowed = with("/people/x", &machine()).navigates();
    assert_eq!(
        body(&forbidden(&mut desk, &not_allowed, "machine_token"))["error"],
        "forbidden"
    );
    desk.keys = None;
    let reply = desk.reply(
        &with(
            "/people/x",
            &token(&changed(access_claims(), &json!({ "jti": "new" }))),
        )
        .navigates(),
    );
    assert_eq!(
        (reply.status.as_u16(), header_of(&reply, "retry-after")),
        (503, Some("5"))
    );
    assert_eq!(body(&reply)["error"], "provider_unavailable");
    assert_eq!(body(&reply)["reference"], json!(reply.note.reference));
    assert!(reply.note.reference.is_some());
}

#[test]
fn an_id_token_is_a_bearer_only_where_it_is_admitted() {
    let id_token = token(&id_claims());
    let mut desk = Desk::new(&api_config());
    refused(&mut desk, &with("/people/x", &id_token), "token_use");
    let mut config = api_config();
    config.providers[0].api.id = true;
    let mut desk = Desk::new(&config);
    let by_id = user(&mut desk, &with("/people/x", &id_token));
    assert_eq!(
        by_id.as_deref(),
        Some("kirsten.holm@example.org"),
        "that very person"
    );
    forbidden(&mut desk, &with("/orders/x", &id_token), "rule_scopes");
    assert_eq!(
        user(&mut desk, &with("/people/x", &person())).as_deref(),
        Some(KIRSTEN)
    );
    // Of another client it is nobody's.
    let other = token(&changed(id_claims(), &json!({ "aud": "another" })));
    refused(&mut desk, &with("/people/x", &other), "token_audience");
    // Scopes in it are no scopes.
    let with_scope = token(&changed(id_claims(), &json!({ "scope": "orders/read" })));
    forbidden(&mut desk, &with("/orders/x", &with_scope), "rule_scopes");
    config.providers[0].api.access = false;
    let mut desk = Desk::new(&config);
    refused(&mut desk, &with("/people/x", &person()), "token_use");
}

#[test]
fn a_person_without_the_user_claim_is_refused_and_told_which() {
    let mut config = api_config();
    config.providers[0].identity.user = rule(&["email"]);
    let mut desk = Desk::new(&config);
    let reply = forbidden(&mut desk, &with("/people/x", &person()), "no_user_claim");
    let words = body(&reply)["error_description"].to_string();
    assert!(words.contains("email"), "{words}");
    // Scopes alone make no person of somebody.
    let scoped = token(&changed(
        access_claims(),
        &json!({ "scope": "orders/read" }),
    ));
    forbidden(&mut desk, &with("/orders/x", &scoped), "no_user_claim");
}

#[test]
fn the_pools_automatic_group_is_no_group() {
    let pool = crate::gate::tests::support::POOL;
    let groups = json!({ "cognito:groups": [format!("{pool}_entra"), "Editors"] });
    let mut desk = Desk::new(&api_config());
    let token = token(&changed(access_claims(), &groups));
    let told = told(&mut desk, &with("/people/x", &token));
    assert!(
        told.contains(&("X-Forwarded-Groups".to_owned(), "Editors".to_owned())),
        "{told:?}"
    );
}

#[test]
fn a_token_goes_on_only_where_a_header_says_so() {
    let mut config = api_config();
    config.headers = crate::gate::headers::HeaderRules::new(&[Preset::Bearer], Vec::new());
    let mut desk = Desk::new(&config);
    let token = person();
    let sent = told(&mut desk, &with("/people/x", &token));
    assert_eq!(
        sent,
        [("Authorization".to_owned(), format!("Bearer {token}"))]
    );
    // Within the leeway it still lets through; the app would refuse it.
    desk.now = at(EXP + 10);
    assert_eq!(told(&mut desk, &with("/people/x", &token)), []);
}

#[test]
fn a_token_that_is_bound_to_a_key_is_no_bearer() {
    let mut config = api_config();
    config.providers[0].api.id = true;
    let mut desk = Desk::new(&config);
    for cnf in [json!({ "jkt": "x" }), json!({ "x5t#S256": "x" }), json!([])] {
        let bound = json!({ "cnf": cnf });
        let of = |claims: Value| token(&changed(claims, &bound));
        refused(
            &mut desk,
            &with("/people/x", &of(access_claims())),
            "token_use",
        );
        refused(&mut desk, &with("/people/x", &of(id_claims())), "token_use");
        refused(
            &mut desk,
            &with("/orders/x", &of(machine_claims())),
            "token_use",
        );
    }
}

#[test]
fn an_access_token_that_says_no_right_gives_nobody_the_default() {
    use crate::gate::identity::rule::Unmapped;
    let right = |unmapped| {
        let mut config = api_config();
        config.providers[0].api.id = true;
        let mut rule = rule(&["custom:access_right"]);
        rule.map = Some(
            [("User".to_owned(), vec!["Reader".to_owned()])]
                .into_iter()
                .collect(),
        );
        rule.unmapped = unmapped;
        rule.default = vec!["Guest".to_owned()];
        config.providers[0].identity.access_right = Some(rule);
        Desk::new(&config)
    };
    let told_right = |desk: &mut Desk, claims: &Value| {
        let told = told(desk, &with("/people/x", &token(claims))).into_iter();
        told.filter(|(name, _)| name == "X-Access-Right")
            .map(|(_, value)| value)
            .next()
    };
    let silent = access_claims();
    let none = changed(id_claims(), &json!({ "custom:access_right": null }));
    let unknown = changed(access_claims(), &json!({ "custom:access_right": "x" }));
    let known = changed(access_claims(), &json!({ "custom:access_right": "User" }));
    let guest = Some("Guest".to_owned());
    let mut desk = right(Unmapped::Deny);
    forbidden(
        &mut desk,
        &with("/people/x", &token(&silent)),
        "no_access_right",
    );
    forbidden(
        &mut desk,
        &with("/people/x", &token(&unknown)),
        "no_access_right",
    );
    assert_eq!(told_right(&mut desk, &known).as_deref(), Some("Reader"));
    assert_eq!(told_right(&mut desk, &none), guest);
    let mut desk = right(Unmapped::Default);
    assert_eq!(told_right(&mut desk, &silent), None);
    assert_eq!(told_right(&mut desk, &unknown), guest);
    assert_eq!(told_right(&mut desk, &none), guest);
}
