use serde_json::{Value, json};

use crate::support::{Browser, Idp, VERIFIER, base64url, form};

fn get(idp: &Idp, path: &str) -> Value {
    idp.set("GET", path, Value::Null)
}

fn mint(idp: &Idp, changes: Value) -> String {
    let mut order = json!({ "pool": Idp::POOL, "client_id": Idp::CLIENT, "token_use": "id" });
    for (name, value) in changes.as_object().unwrap() {
        order[name] = value.clone();
    }
    let answer = idp.set("POST", "/mint", order);
    answer["token"].as_str().unwrap().to_owned()
}

fn part(token: &str, index: usize) -> Value {
    serde_json::from_str(&base64url(token.split('.').nth(index).unwrap())).unwrap()
}

#[test]
fn e17_health_and_unknown_calls() {
    let idp = Idp::start();
    assert_eq!(get(&idp, "/health"), json!({ "status": "ok" }));
    assert_eq!(idp.admin("GET", "/nothing", Value::Null).status, 404);
    assert_eq!(idp.admin("DELETE", "/users", Value::Null).status, 404);
    for path in [
        "/users",
        "/clients",
        "/mint",
        "/clock",
        "/keys/rotate",
        "/switches",
        "/faults",
    ] {
        let response = idp.admin("POST", path, json!({ "wrong": 1 }));
        assert_eq!(response.status, 400, "{path}");
        assert!(response.json()["error"].is_string());
    }
}

#[test]
fn e17_counters_per_host_and_endpoint() {
    let idp = Idp::start();
    idp.tokens_of(Idp::KIRSTEN, &[]);
    idp.jwks(Idp::POOL);
    let counters = get(&idp, "/counters");
    assert_eq!(
        counters,
        json!({ "domain:authorize": 1, "domain:login": 2, "domain:token": 1, "issuer:jwks": 1 })
    );
    idp.set("POST", "/counters/reset", Value::Null);
    assert_eq!(get(&idp, "/counters"), json!({}));
}

#[test]
fn e17_the_log_has_names_of_fields_and_no_values() {
    let idp = Idp::start();
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let log = get(&idp, "/log");
    let entry = &log["domain:token"][0];
    assert_eq!(entry["method"], "POST");
    assert_eq!(entry["client_auth"], "basic");
    assert_eq!(entry["grant_type"], "authorization_code");
    assert_eq!(entry["status"], 200);
    assert_eq!(
        entry["form"],
        json!(["grant_type", "code", "redirect_uri", "code_verifier"])
    );
    let everything = format!("{log}{}{}", get(&idp, "/codes"), get(&idp, "/tokens"));
    for secret in [
        Idp::KIRSTEN.1,
        idp.secret(),
        VERIFIER,
        "st4te",
        tokens["refresh_token"].as_str().unwrap(),
        tokens["access_token"].as_str().unwrap(),
    ] {
        assert!(!everything.contains(secret), "{secret} shows");
    }
}

#[test]
fn e17_the_log_tells_how_a_client_proved_itself() {
    let idp = Idp::start();
    let url = idp.domain("/oauth2/token");
    Browser::default().post(&url, &form(&[("client_id", "a"), ("client_secret", "b")]));
    Browser::default().post(&url, &form(&[("client_id", "a")]));
    Browser::default().post(&url, "");
    let log = get(&idp, "/log");
    let methods: Vec<&Value> = log["domain:token"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["client_auth"])
        .collect();
    assert_eq!(methods, [&json!("post"), &json!("none"), &Value::Null]);
}

#[test]
fn e17_codes_and_tokens_by_id() {
    let idp = Idp::start();
    idp.sign_in(&mut Browser::default(), Idp::KIRSTEN, &[]);
    assert_eq!(get(&idp, "/codes")[0]["standing"], "issued");
    idp.clock(301);
    assert_eq!(get(&idp, "/codes")[0]["standing"], "expired");
    idp.clock(0);
    let tokens = idp.tokens_of(Idp::KIRSTEN, &[]);
    let listed = get(&idp, "/tokens");
    let kinds: Vec<&str> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|token| token["kind"].as_str().unwrap())
        .collect();
    assert_eq!(kinds, ["access", "id", "refresh"]);
    let id = idp.claims(&tokens["id_token"]);
    assert_eq!(listed[1]["id"], id["jti"]);
    assert_eq!(listed[1]["revoked"], false);
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let pairs = [
        ("token", refresh),
        ("client_id", Idp::CLIENT),
        ("client_secret", idp.secret()),
    ];
    Browser::default().post(&idp.domain("/oauth2/revoke"), &form(&pairs));
    let listed = get(&idp, "/tokens");
    assert!(
        listed
            .as_array()
            .unwrap()
            .iter()
            .all(|token| token["revoked"] == true)
    );
}

#[test]
fn e17_people_can_be_made_and_changed() {
    let idp = Idp::start();
    let new = json!({
        "pool": Idp::POOL, "username": "new@example.org", "password": "pw",
        "groups": ["A"], "attributes": { "name": "New", "custom:level": 7 },
    });
    idp.set("POST", "/users", new.clone());
    assert_eq!(idp.admin("POST", "/users", new).status, 400, "twice");
    let tokens = idp.tokens_of(("new@example.org", "pw"), &[]);
    let claims = idp.claims(&tokens["id_token"]);
    assert_eq!(claims["custom:level"], "7", "text, whatever the type");
    assert_eq!(claims["cognito:groups"], json!(["A"]));
    let path = format!("/users/{}/new@example.org", Idp::POOL);
    idp.set("PATCH", &path, json!({ "password": "other", "groups": [] }));
    let tokens = idp.tokens_of(("new@example.org", "other"), &[]);
    assert!(
        idp.claims(&tokens["id_token"])
            .get("cognito:groups")
            .is_none()
    );
    let users = get(&idp, "/users");
    let shown = users
        .as_array()
        .unwrap()
        .iter()
        .find(|user| user["email"] == "new@example.org");
    assert_eq!(shown.unwrap()["kind"], "local");
    assert!(!users.to_string().contains("other"), "no passwords");
    for path in ["/users/nowhere/x", "/users/eu-central-1_ExAmP1e99/nobody"] {
        assert_eq!(idp.admin("PATCH", path, json!({})).status, 404);
    }
}

#[test]
fn e17_clients_are_checked_like_the_real_service_checks_them() {
    let idp = Idp::start();
    let with = |members: Value| {
        let mut client = json!({ "pool": Idp::POOL, "client_id": "c" });
        for (name, value) in members.as_object().unwrap() {
            client[name] = value.clone();
        }
        idp.admin("POST", "/clients", client).status
    };
    assert_eq!(with(json!({})), 200);
    for bad in [
        json!({ "callbacks": ["http://wiki.example.com/cb"] }),
        json!({ "callbacks": ["/relative"] }),
        json!({ "signouts": ["https://a/#b"] }),
        json!({ "secret": ["a", "b", "c"] }),
        json!({ "flows": ["code", "client_credentials"], "secret": "s" }),
        json!({ "flows": ["client_credentials"] }),
        json!({ "lifetimes": { "id": 0 } }),
        json!({ "client_id": "" }),
        json!({ "calbacks": [] }),
    ] {
        assert_eq!(with(bad.clone()), 400, "{bad}");
    }
    assert_eq!(with(json!({ "pool": "nowhere" })), 404);
}

#[test]
fn e17_numbers_that_would_overflow_are_refused() {
    let idp = Idp::start();
    for (path, body) in [
        ("/clock", json!({ "offset_seconds": i64::MAX })),
        ("/clock", json!({ "offset_seconds": i64::MIN })),
        (
            "/faults",
            json!({ "endpoint": "domain:token", "kind": "status", "status": 100 }),
        ),
        (
            "/clients",
            json!({ "pool": Idp::POOL, "client_id": "c", "lifetimes": { "id": i64::MAX } }),
        ),
        (
            "/clients",
            json!({ "pool": Idp::POOL, "client_id": "c", "clock_offset_seconds": i64::MIN }),
        ),
    ] {
        assert_eq!(idp.admin("POST", path, body.clone()).status, 400, "{body}");
    }
    idp.clock(10_000_000_000);
    idp.client(json!({ "clock_offset_seconds": 10_000_000_000_i64 }));
    idp.client(json!({ "lifetimes": { "id": 10_000_000_000_i64 } }));
    idp.tokens_of(Idp::KIRSTEN, &[]);
    idp.federated_tokens_of("nadia-berg", &[]);
}

#[test]
fn e17_strange_bytes_get_an_answer() {
    let idp = Idp::start();
    let junk = "%00%ff&&==&code=%&state=%F0%9F&client_id=%0d%0aSet-Cookie:x&redirect_uri=\\&token=..&_csrf";
    let origins = ["issuer_host", "domain", "entra", "admin"];
    let tenant = idp
        .at("entra_issuer")
        .rsplit('/')
        .nth(1)
        .unwrap()
        .to_owned();
    let paths = [
        "/",
        "//",
        "/a",
        "/a/b",
        "/%00",
        "/eu-central-1_ExAmP1e99",
        "/oauth2/authorize",
        "/login",
        "/oauth2/token",
        "/oauth2/userInfo",
        "/oauth2/revoke",
        "/oauth2/idpresponse",
        "/logout",
        "/error",
        "/signup",
        "/oidc/userinfo",
        "/users/%ff/%00",
        "/clients/%ff",
        "/mint",
        &format!("/{tenant}/oauth2/v2.0/authorize"),
        &format!("/{tenant}/oauth2/v2.0/token"),
        &format!("/{tenant}/oauth2/v2.0/logout"),
    ];
    for origin in origins {
        for path in paths {
            let url = format!("{}{path}?{junk}", idp.at(origin));
            for method in ["GET", "POST", "PATCH"] {
                for authorization in [
                    "Basic !!!",
                    "Basic Og==",
                    "Bearer ..",
                    "Bearer e30.e30.e30",
                    "",
                ] {
                    let headers = [
                        ("content-type", "application/x-www-form-urlencoded"),
                        ("authorization", authorization),
                        ("cookie", "=; ;cognito; csrf-state==; ESTSAUTH=x"),
                    ];
                    let answer = Browser::default().send(method, &url, &headers, Some(junk));
                    assert!(answer.status < 500, "{method} {url}: {answer:?}");
                    assert!(answer.header("x").is_none() && answer.set_cookie("x").is_none());
                }
            }
        }
    }
}

#[test]
fn e17_mint_honest_and_forged() {
    let idp = Idp::start();
    let honest = mint(&idp, json!({}));
    assert_eq!(idp.verify(Idp::POOL, &honest).unwrap()["token_use"], "id");
    let id_kid = part(&honest, 0)["kid"].clone();

    let changed = mint(
        &idp,
        json!({ "claims": { "exp": 1, "email": null }, "header": { "typ": "JWT" } }),
    );
    let claims = idp.verify(Idp::POOL, &changed).unwrap();
    assert_eq!(claims["exp"], 1);
    assert!(claims.get("email").is_none());
    assert_eq!(part(&changed, 0)["typ"], "JWT");

    let foreign = mint(&idp, json!({ "key": "foreign" }));
    assert_eq!(part(&foreign, 0)["kid"], id_kid);
    assert!(
        idp.verify(Idp::POOL, &foreign)
            .unwrap_err()
            .contains("InvalidSignature")
    );

    let unsigned = mint(&idp, json!({ "key": "none" }));
    assert!(unsigned.ends_with('.') && part(&unsigned, 0)["alg"] == "none");

    let confused = mint(&idp, json!({ "key": "hs256-public" }));
    assert_eq!(part(&confused, 0)["alg"], "HS256");

    let swapped = mint(&idp, json!({ "key": "access" }));
    assert_ne!(part(&swapped, 0)["kid"], id_kid);
    assert!(idp.verify(Idp::POOL, &swapped).is_ok());

    let soren = mint(
        &idp,
        json!({ "username": "soren@example.org", "token_use": "access" }),
    );
    assert_eq!(
        part(&soren, 1)["username"],
        "b2c8d0e6-71a3-70f9-b4d7-8e1f3a5c6b20"
    );
}

#[test]
fn e17_mint_for_the_other_pool() {
    let idp = Idp::start();
    let pool = idp.at("upstream_pool").to_owned();
    let order = json!({ "pool": pool, "client_id": idp.at("upstream_client_id") });
    let token = mint(&idp, order);
    assert_eq!(idp.verify(Idp::POOL, &token).unwrap_err(), "unknown kid");
    assert_eq!(
        idp.verify(&pool, &token).unwrap()["iss"],
        idp.at("upstream_issuer")
    );
    let mixed = json!({ "pool": pool, "client_id": Idp::CLIENT, "token_use": "id" });
    assert_eq!(idp.admin("POST", "/mint", mixed).status, 400);
}

#[test]
fn e18_status_faults_are_spent_and_cleared() {
    let idp = Idp::start();
    let jwks = format!("{}/.well-known/jwks.json", idp.at("issuer"));
    let fetch = || Browser::default().get(&jwks).status;
    let fault = |times: i64, status: u16| {
        let body = json!({ "endpoint": "issuer:jwks", "times": times, "kind": "status", "status": status });
        idp.set("POST", "/faults", body);
    };
    fault(2, 503);
    fault(1, 429);
    assert_eq!([fetch(), fetch(), fetch(), fetch()], [503, 503, 429, 200]);
    fault(-1, 500);
    assert_eq!([fetch(), fetch()], [500, 500]);
    assert_eq!(get(&idp, "/faults")[0]["times"], -1);
    idp.set("DELETE", "/faults", Value::Null);
    assert_eq!(fetch(), 200);
    assert_eq!(
        get(&idp, "/counters")["issuer:jwks"],
        7,
        "failed ones count"
    );
}

#[test]
fn e18_tampering_reaches_one_token_of_one_response() {
    let idp = Idp::start();
    let tamper = |more: Value| {
        let mut fault = json!({ "endpoint": "domain:token", "times": 1, "kind": "tamper-token" });
        for (name, value) in more.as_object().unwrap() {
            fault[name] = value.clone();
        }
        idp.set("POST", "/faults", fault);
    };
    tamper(json!({ "claims": { "nonce": "wrong", "email": null } }));
    tamper(json!({ "token": "access", "key": "foreign" }));
    let bad = idp.tokens_of(Idp::KIRSTEN, &[]);
    let id = idp.claims(&bad["id_token"]);
    assert_eq!(id["nonce"], "wrong");
    assert!(id.get("email").is_none());
    let access = bad["access_token"].as_str().unwrap();
    assert!(idp.verify(Idp::POOL, access).is_err());
    let good = idp.tokens_of(Idp::KIRSTEN, &[]);
    assert_eq!(idp.claims(&good["id_token"])["nonce"], "n0nce");
    assert!(
        idp.verify(Idp::POOL, good["access_token"].as_str().unwrap())
            .is_ok()
    );
}
