//! Several providers: whose a login, a session and an email are.

use http::Method;
use serde_json::json;

use crate::config::{
    Config, Identity, LogoutReach, LogoutThen, Provider, ProviderId, ProviderKind,
};
use crate::gate::Effect;
use crate::gate::email::EmailDomains;
use crate::gate::reply::Reply;
use crate::gate::route::Access;
use crate::gate::rule::{Condition, Rule, Rules, Values};
use crate::gate::{Decision, Gate, Known, Seen};

use super::support::*;

pub(in crate::gate) const PARTNER: &str = "https://id.partner.example";
const PARTNERS_CLIENT: &str = "wiki-at-partner";

/// `corp` speaks for `example.org`, `partner` for `partner.example`, and
/// `guests`, which only a link leads to, for all others.
pub(in crate::gate) fn several() -> Config {
    let only = |domain: &str| EmailDomains::Only(vec![domain.to_owned()]);
    let listed = ["example.org", "partner.example"].map(str::to_owned);
    let oidc = |id: &str, issuer: &str, client: &str| Provider {
        id: ProviderId(id.to_owned()),
        kind: ProviderKind::Oidc,
        issuer: issuer.to_owned(),
        client_id: Some(client.to_owned()),
        identity: Identity {
            groups: rule(&["groups"]),
            access_right: None,
            ..identity()
        },
        ..provider()
    };
    let mut config = config();
    config.providers = vec![
        Provider {
            email_domains: only("example.org"),
            display_name: Some("Example".to_owned()),
            ..provider()
        },
        Provider {
            email_domains: only("partner.example"),
            ..oidc("partner", PARTNER, PARTNERS_CLIENT)
        },
        Provider {
            email_domains: EmailDomains::AllBut(listed.to_vec()),
            hidden: true,
            ..oidc("guests", "https://id.guests.example", "wiki-of-guests")
        },
    ];
    config
}

/// What the partner's directory says of its people.
fn partners(changes: &serde_json::Value) -> serde_json::Value {
    let claims = json!({
        "iss": PARTNER, "aud": PARTNERS_CLIENT, "token_use": null, "cognito:groups": null,
        "email": "ana@partner.example", "groups": ["Readers"],
    });
    changed(changed(id_claims(), &claims), changes)
}

fn callback_at(id: &str, state: &str) -> Req {
    Req::open(&format!(
        "/_vestibule/callback/{id}?code=the-code&state={state}"
    ))
    .with("sec-fetch-site", "cross-site")
}

/// The whole way through one of them.
pub(in crate::gate) fn sign_in_by(
    desk: &mut Desk,
    id: &str,
    claims: &serde_json::Value,
    jar: &mut Jar,
) -> Reply {
    let asked = Req::open(&format!("/_vestibule/login/{id}?rd=/page")).cookies(jar);
    let started = desk.start(&asked, jar);
    let back = callback_at(id, &started.state).cookies(jar);
    let exchange = desk.exchange(&back);
    let claims = changed(claims.clone(), &json!({ "nonce": started.nonce }));
    let reply = desk.finish(&back, &exchange, tokens(&claims), &started.nonce);
    jar.take_in(set_cookies(&reply));
    reply
}

fn session_of(desk: &mut Desk, jar: &Jar) -> serde_json::Value {
    body(&desk.reply(&Req::get("/_vestibule/session").cookies(jar)))
}

fn why(desk: &mut Desk, jar: &Jar) -> &'static str {
    let reply = desk.reply(&Req::get("/page").cookies(jar));
    reply.note.reason.unwrap()
}

#[test]
fn each_login_has_its_own_callback_and_lands_with_its_own_identity() {
    let mut desk = Desk::new(&several());
    for (id, claims, user, groups) in [
        (
            "corp",
            id_claims(),
            "kirsten.holm@example.org",
            json!(["Editors", "Brand-Nordics"]),
        ),
        (
            "partner",
            partners(&json!({})),
            "ana@partner.example",
            json!(["Readers"]),
        ),
    ] {
        let mut jar = Jar::default();
        let asked = Req::open(&format!("/_vestibule/login/{id}"));
        match desk.decide_onward(&asked) {
            Decision::Perform(Effect::Authorize(ask)) => {
                assert_eq!(ask.provider, id);
                assert_eq!(
                    ask.redirect_uri,
                    format!("{ORIGIN}/_vestibule/callback/{id}")
                );
            }
            other => panic!("{other:?}"),
        }
        let reply = sign_in_by(&mut desk, id, &claims, &mut jar);
        assert_eq!(location(&reply), "/page");
        let session = session_of(&mut desk, &jar);
        assert_eq!(session["provider"], id);
        assert_eq!(session["user"], user);
        assert_eq!(session["groups"], groups);
        assert_eq!(jar.0[&format!("{COOKIE}-provider")], id, "remembered");
    }
}

#[test]
fn a_state_is_good_at_its_own_callback_alone() {
    let mut desk = Desk::new(&several());
    let mut jar = Jar::default();
    let started = desk.start(&Req::open("/_vestibule/login/corp"), &mut jar);
    let theirs = desk.start(
        &Req::open("/_vestibule/login/partner").cookies(&jar),
        &mut jar,
    );
    for (path, state) in [
        ("callback/partner", &started.state),
        ("callback/guests", &started.state),
        // With several, the short form belongs to none.
        ("callback", &started.state),
        ("callback/corp", &theirs.state),
    ] {
        let target = format!("/_vestibule/{path}?code=x&state={state}");
        let reply = desk.reply(&Req::open(&target).cookies(&jar));
        let got = (reply.status.as_u16(), reply.note.reason);
        assert_eq!(got, (400, Some("provider_mismatch")), "{path}");
        assert!(
            set_cookies(&reply).is_empty(),
            "no login is used up: {path}"
        );
    }
    // Nobody's is no path of ours, whatever comes there.
    for path in ["callback/nobody", "callback/", "callback/CORP"] {
        for query in [
            "",
            &format!("?code=x&state={}", started.state),
            "?state=x&state=y",
        ] {
            let target = format!("/_vestibule/{path}{query}");
            for method in [Method::GET, Method::HEAD, Method::POST] {
                let reply = desk.reply(&Req::new(method, &target).cookies(&jar));
                let got = (reply.status.as_u16(), reply.note.outcome);
                assert_eq!(got, (404, "not_found"), "{target}");
                assert!(set_cookies(&reply).is_empty(), "{target}");
            }
        }
    }
    let mine = desk.exchange(&callback_at("corp", &started.state).cookies(&jar));
    assert_eq!(mine.exchange.login().provider(), "corp");
    let other = desk.exchange(&callback_at("partner", &theirs.state).cookies(&jar));
    assert_eq!(other.exchange.login().provider(), "partner");
}

#[test]
fn an_answer_that_names_another_issuer_is_refused_and_one_that_should_name_it_too() {
    let mut desk = Desk::new(&several());
    let mut jar = Jar::default();
    let started = desk.start(&Req::open("/_vestibule/login/partner"), &mut jar);
    let state = &started.state;
    let answer = |query: &str| {
        Req::open(&format!(
            "/_vestibule/callback/partner?state={state}&{query}"
        ))
        .cookies(&jar)
    };
    let is_refused = |desk: &mut Desk, query: &str| match desk.decide(&answer(query)) {
        Decision::Reply(reply) => reply.note.reason == Some("provider_mismatch"),
        _ => false,
    };
    assert!(is_refused(&mut desk, &format!("code=x&iss={ISSUER}")));
    assert!(!is_refused(&mut desk, "code=x"));
    assert!(!is_refused(&mut desk, &format!("code=x&iss={PARTNER}")));
    desk.names_itself = true;
    assert!(is_refused(&mut desk, "code=x"));
    assert!(is_refused(&mut desk, "code=x&iss="));
    assert!(!is_refused(&mut desk, &format!("code=x&iss={PARTNER}")));
    // An error signs nobody in, and is worth more than a riddle.
    assert!(!is_refused(&mut desk, "error=access_denied"));
}

#[test]
fn only_the_provider_of_a_login_verifies_its_token() {
    let mut desk = Desk::new(&several());
    let mut jar = Jar::default();
    let reply = sign_in_by(&mut desk, "partner", &id_claims(), &mut jar);
    assert_eq!(reply.note.reason, Some("token_issuer"));
    let reply = sign_in_by(&mut desk, "corp", &partners(&json!({})), &mut jar);
    assert_eq!(reply.note.reason, Some("token_issuer"));
    assert!(!jar.0.contains_key(COOKIE));
}

#[test]
fn only_the_provider_that_a_session_names_verifies_it() {
    let mut desk = Desk::new(&several());
    let mut jar = Jar::default();
    sign_in_by(&mut desk, "corp", &id_claims(), &mut jar);
    // The same keys and issuers, under each other's names.
    let mut swapped = several();
    swapped.providers[0].id = ProviderId("partner".to_owned());
    swapped.providers[1].id = ProviderId("corp".to_owned());
    assert_eq!(why(&mut Desk::new(&swapped), &jar), "token_issuer");
    // Another order is no other provider.
    let mut turned = several();
    turned.providers.reverse();
    desk.forward(&Req::get("/page").cookies(&jar));
    Desk::new(&turned).forward(&Req::get("/page").cookies(&jar));
    // Gone from the configuration.
    let mut fewer = several();
    fewer.providers.remove(0);
    assert_eq!(why(&mut Desk::new(&fewer), &jar), "session_provider");
}

#[test]
fn a_partner_speaks_neither_for_our_domain_nor_for_our_groups() {
    let mut config = several();
    let needs = |condition| {
        Access::Rules(std::sync::Arc::new(
            Rules::new(vec![Rule::new(vec![condition]).unwrap()]).unwrap(),
        ))
    };
    let values = |text: &str| Values::new(vec![text.to_owned()]).unwrap();
    config.routes = vec![
        route(
            &["/ours/*"],
            needs(Condition::EmailDomains(values("example.org"))),
        ),
        route(&["/admin/*"], needs(Condition::Groups(values("Admins")))),
    ];
    let map = [("Admins".to_owned(), vec!["Partner admins".to_owned()])];
    let groups = &mut config.providers[1].identity.groups;
    groups.map = Some(map.into_iter().collect());
    groups.unmapped = crate::gate::identity::rule::Unmapped::Drop;
    let claims = json!({ "email": "ceo@example.org", "groups": ["Admins", "Editors"] });

    // An account without a name of its own is nobody.
    let mut desk = Desk::new(&config);
    let mut jar = Jar::default();
    sign_in_by(&mut desk, "partner", &partners(&claims), &mut jar);
    let reply = desk.reply(&Req::open("/page").cookies(&jar));
    assert_eq!(reply.note.reason, Some("no_user_claim"));

    // With another name, the email is absent everywhere.
    config.providers[1].identity.user = rule(&["email", "sub"]);
    let mut desk = Desk::new(&config);
    let session = session_of(&mut desk, &jar);
    assert_eq!(session["email"], json!(null));
    assert_eq!(session["user"], id_claims()["sub"]);
    assert_eq!(session["groups"], json!(["Partner admins"]));
    for (path, reason) in [
        ("/ours/x", "rule_email_domains"),
        ("/admin/x", "rule_groups"),
    ] {
        let reply = desk.reply(&Req::open(path).cookies(&jar));
        assert_eq!(
            (reply.status.as_u16(), reply.note.reason),
            (403, Some(reason))
        );
    }

    // Nor by another claim that holds an address.
    config.providers[1].identity.user = rule(&["preferred_username"]);
    config.providers[1].identity.email = rule(&["preferred_username"]);
    let mut desk = Desk::new(&config);
    for name in [
        "ceo@example.org",
        "ceo@EXAMPLE.org.",
        "entra_ceo@example.org",
    ] {
        let mut jar = Jar::default();
        let claims = partners(&json!({ "preferred_username": name }));
        sign_in_by(&mut desk, "partner", &claims, &mut jar);
        let reply = desk.reply(&Req::open("/page").cookies(&jar));
        assert_eq!(reply.note.reason, Some("user_email_domain"), "{name}");
    }
    // Our own people are who they were.
    let mut jar = Jar::default();
    sign_in_by(&mut desk, "corp", &id_claims(), &mut jar);
    desk.forward(&Req::open("/ours/x").cookies(&jar));
}

#[test]
fn a_sign_out_goes_through_the_provider_of_the_session() {
    let mut desk = Desk::new(&several());
    let client_of = |desk: &mut Desk, jar: &Jar| {
        let asked = Req::open("/_vestibule/logout").cookies(jar);
        match desk.decide(&asked) {
            Decision::Perform(Effect::Logout(mut logout)) => {
                let url = url::Url::parse(location(&logout.reply)).unwrap();
                let client = url.query_pairs().find(|(name, _)| name == "client_id");
                let client = client.map(|(_, client)| client.into_owned());
                (
                    logout.refresh_tokens.pop().map(|(provider, _)| provider),
                    client,
                )
            }
            other => panic!("{other:?}"),
        }
    };
    let mut jar = Jar::default();
    sign_in_by(&mut desk, "partner", &partners(&json!({})), &mut jar);
    let theirs = Some(PARTNERS_CLIENT.to_owned());
    let out = client_of(&mut desk, &jar);
    assert_eq!(out, (Some("partner".to_owned()), theirs.clone()));
    // Without a session, by the one that was signed in through the last time.
    jar.0.remove(COOKIE);
    assert_eq!(client_of(&mut desk, &jar), (None, theirs));
    // And if not even that is known, nowhere but here.
    assert_eq!(client_of(&mut desk, &Jar::default()), (None, None));
}

#[test]
fn where_several_sign_outs_go_on_each_returns_to_its_own_page() {
    let mut config = several();
    let then = |at: &str| Some(LogoutThen(format!("https://{at}.example/out")));
    config.providers[1].logout = LogoutReach::Then;
    config.providers[1].logout_then = then("behind-partner");
    let mut desk = Desk::new(&config);
    let next = |desk: &mut Desk, path: &str| {
        let reply = desk.reply(&Req::open(&format!("/_vestibule/logout/then{path}")));
        (reply.status.as_u16() == 302).then(|| location(&reply).to_owned())
    };
    let partners = Some("https://behind-partner.example/out".to_owned());
    assert_eq!(next(&mut desk, ""), partners, "the only one");
    assert_eq!(next(&mut desk, "/partner"), partners);
    assert_eq!(next(&mut desk, "/corp"), None);

    config.providers[0].logout = LogoutReach::Then;
    config.providers[0].logout_then = then("behind-corp");
    let mut desk = Desk::new(&config);
    assert_eq!(next(&mut desk, ""), None, "which of them?");
    assert_eq!(next(&mut desk, "/partner"), partners);
    let corps = Some("https://behind-corp.example/out".to_owned());
    assert_eq!(next(&mut desk, "/corp"), corps);
    assert_eq!(
        config.logout_then_path(&config.providers[0]),
        "/_vestibule/logout/then/corp"
    );
}

#[test]
fn what_is_known_of_one_provider_is_known_of_no_other() {
    let gate = Gate::new(&several()).unwrap();
    let mut desk = Desk::new(&several());
    let mut jar = Jar::default();
    sign_in_by(&mut desk, "partner", &partners(&json!({})), &mut jar);
    let (keys, none) = (key_set(), Seen::default());
    let seen = Seen {
        keys: Some(&keys),
        ..none
    };
    let req = Req::get("/page").cookies(&jar);
    let outcome = |providers: &[Seen<'_>]| {
        let known = Known {
            providers,
            refreshed: None,
            may_not_renew: false,
        };
        match gate.decide(&req.view(), known, None, NOW, &mut |_| Ok(())) {
            Decision::Forward(_) => None,
            Decision::Reply(reply) => reply.note.reason,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(outcome(&[none, seen, none]), None);
    assert_eq!(outcome(&[seen, none, seen]), Some("provider_keys_missing"));
    assert_eq!(outcome(&[]), Some("provider_keys_missing"));
}
