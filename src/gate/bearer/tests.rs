//! Bearer tokens at the core: which header is one, whom it lets through where,
//! and what it never helps or harms. Here is what those tests stand on.

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

mod judged;
mod lasting;
mod providers;
mod shown;

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
