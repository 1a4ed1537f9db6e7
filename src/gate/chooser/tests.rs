//! Who may be chosen, by whom, and how.

use std::sync::Arc;

use crate::config::Config;
use crate::gate::reply::Reply;
use crate::gate::route::Access;
use crate::gate::rule::{Condition, Rule, Rules, Values};
use crate::gate::tests::several::several;
use crate::gate::tests::support::*;
use crate::gate::{Decision, Effect};

/// What somebody gets who goes on by themselves until they are asked.
fn asked(desk: &mut Desk, req: &Req) -> Reply {
    match desk.decide_onward(req) {
        Decision::Reply(reply) => {
            assert_eq!(reply.status, 200, "{reply:?}");
            assert!(set_cookies(&reply).is_empty(), "nothing has begun");
            reply
        }
        other => panic!("nobody is asked: {other:?}"),
    }
}

/// The provider that a login goes to, and what is passed on to it.
fn chosen(desk: &mut Desk, req: &Req) -> (String, Vec<(String, String)>) {
    match desk.decide_onward(req) {
        Decision::Perform(Effect::Authorize(ask)) => (ask.provider, ask.passed_on),
        other => panic!("no login begins: {other:?}"),
    }
}

/// Where the buttons lead, in their order.
fn buttons(reply: &Reply) -> Vec<String> {
    let html = text(reply);
    let links = html.split("href=\"").skip(1);
    links
        .map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"))
        .collect()
}

fn by_providers(ids: &[&str]) -> Rule {
    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
    Rule::new(vec![Condition::Provider(Values::new(ids).unwrap())]).unwrap()
}

fn rules(rules: Vec<Rule>) -> Access {
    Access::Rules(Arc::new(Rules::new(rules).unwrap()))
}

#[test]
fn whoever_names_none_of_several_is_asked() {
    let mut desk = Desk::new(&several());
    let reply = asked(
        &mut desk,
        &Req::open("/_vestibule/login?rd=/a%3Fb%3D1&fragment=none&lang=de"),
    );
    assert_eq!(
        buttons(&reply),
        [
            "/_vestibule/login/corp?rd=%2Fa%3Fb%3D1&fragment=none&lang=de",
            "/_vestibule/login/partner?rd=%2Fa%3Fb%3D1&fragment=none&lang=de",
        ]
    );
    let html = text(&reply);
    assert!(html.contains(">Sign in with Example</a>"), "{html}");
    assert!(html.contains(">Sign in with partner</a>"), "{html}");
    assert!(!html.contains("guests"), "hidden: {html}");
    // The same page without Fetch Metadata, and for whoever says nothing of HTML.
    let page = asked(&mut desk, &Req::get("/_vestibule/login"));
    assert_eq!(buttons(&page).len(), 2);
    let json = asked(
        &mut desk,
        &Req::get("/_vestibule/login").with("accept", "*/*"),
    );
    assert_eq!(
        body(&json)["choose"][1],
        serde_json::json!({
            "provider": "partner", "name": "partner",
            "login_url": format!("{ORIGIN}/_vestibule/login/partner"),
        })
    );
}

#[test]
fn a_fragment_is_asked_for_before_and_kept_by_every_button() {
    let mut desk = Desk::new(&several());
    let first = desk.reply(&Req::open("/_vestibule/login?rd=/a"));
    assert_eq!(first.note.reason, Some("fragment_asked"));
    let chooser = asked(&mut desk, &Req::open(&onward(&first).unwrap()));
    for button in buttons(&chooser) {
        assert!(button.ends_with("?rd=%2Fa&fragment=none"), "{button}");
        let (provider, _) = chosen(&mut desk, &Req::open(&button));
        assert!(button.contains(&provider));
    }
}

#[test]
fn whoever_names_one_is_not_asked() {
    let mut desk = Desk::new(&several());
    for (target, provider) in [
        ("/_vestibule/login/corp", "corp"),
        ("/_vestibule/login?provider=partner", "partner"),
        ("/_vestibule/login/guests", "guests"),
        ("/_vestibule/sign_in?provider=guests", "guests"),
    ] {
        assert_eq!(
            chosen(&mut desk, &Req::open(target)).0,
            provider,
            "{target}"
        );
    }
    for target in [
        "/_vestibule/login/other",
        "/_vestibule/login/corp?provider=partner",
        "/_vestibule/login?provider=corp&provider=partner",
    ] {
        let reply = desk.reply(&Req::open(target));
        assert_eq!(reply.note.reason, Some("provider_unknown"), "{target}");
    }
}

#[test]
fn the_last_choice_comes_first_and_skips_nothing() {
    let mut desk = Desk::new(&several());
    let cookie = format!("{COOKIE}-provider");
    let page = |desk: &mut Desk, said: &str| {
        let jar = Jar::of(&cookie, said);
        buttons(&asked(desk, &Req::open("/_vestibule/login").cookies(&jar)))
    };
    let first = |buttons: &[String]| buttons[0].contains("/login/partner");
    assert!(first(&page(&mut desk, "partner")));
    assert!(!first(&page(&mut desk, "corp")));
    // What nobody can choose here is no choice.
    for forged in ["guests", "nobody", "", "%22%3E%3Cb%3E", "partner/../corp"] {
        let buttons = page(&mut desk, forged);
        assert!(!first(&buttons) && buttons.len() == 2, "{forged}");
    }
    let jar = Jar::of(&cookie, "partner");
    let reply = asked(&mut desk, &Req::open("/_vestibule/login").cookies(&jar));
    let quiet = text(&reply).matches("class=\"action quiet\" href").count();
    assert_eq!(quiet, 1, "the other one");
}

#[test]
fn an_email_address_finds_its_provider() {
    let mut config = several();
    config.providers[1].authorize_params.forwarded = vec!["login_hint".to_owned()];
    let mut desk = Desk::new(&config);
    let login = |email: &str| {
        let email: String = url::form_urlencoded::byte_serialize(email.as_bytes()).collect();
        Req::open(&format!("/_vestibule/login?rd=/a&email={email}"))
    };
    let hint = |email: &str| vec![("login_hint".to_owned(), email.to_owned())];
    for (email, provider, passed_on) in [
        ("kirsten@example.org", "corp", Vec::new()),
        (" Kirsten@EXAMPLE.org. ", "corp", Vec::new()),
        (
            "ana@partner.example",
            "partner",
            hint("ana@partner.example"),
        ),
    ] {
        let got = chosen(&mut desk, &login(email));
        assert_eq!(got, (provider.to_owned(), passed_on), "{email}");
    }
    // The one that speaks for all others is hidden.
    for email in [
        "x@elsewhere.example",
        "x@sub.example.org",
        "x",
        "@",
        "x@\"><b>",
    ] {
        let reply = asked(&mut desk, &login(email));
        assert_eq!(reply.note.reason, Some("chooser_email_unknown"), "{email}");
        let html = text(&reply);
        assert!(html.contains("role=\"alert\""), "{email}");
        assert!(
            !html.contains("<b>") && !html.contains("example.org</"),
            "{html}"
        );
        assert!(
            !html.contains("partner.example"),
            "no domain is told: {html}"
        );
        let buttons = buttons(&reply);
        assert!(
            buttons.iter().all(|button| !button.contains("email=")),
            "{buttons:?}"
        );
    }
    config.providers[2].hidden = false;
    let got = chosen(&mut Desk::new(&config), &login("x@elsewhere.example"));
    assert_eq!(got.0, "guests");
}

#[test]
fn a_route_narrows_the_login() {
    let mut config = several();
    config.routes = vec![
        route(&["/partners/*"], rules(vec![by_providers(&["partner"])])),
        route(
            &["/both/*"],
            rules(vec![by_providers(&["partner"]), by_providers(&["corp"])]),
        ),
        route(&["/guests/*"], rules(vec![by_providers(&["guests"])])),
        route(
            &["/any/*"],
            rules(vec![
                by_providers(&["partner"]),
                Rule::new(vec![Condition::Groups(
                    Values::new(vec!["Editors".to_owned()]).unwrap(),
                )])
                .unwrap(),
            ]),
        ),
    ];
    let mut desk = Desk::new(&config);
    let login = |rd: &str| {
        let rd: String = url::form_urlencoded::byte_serialize(rd.as_bytes()).collect();
        Req::open(&format!("/_vestibule/login?rd={rd}"))
    };
    assert_eq!(chosen(&mut desk, &login("/partners/x?y")).0, "partner");
    assert_eq!(chosen(&mut desk, &login("/guests/x")).0, "guests");
    assert_eq!(buttons(&asked(&mut desk, &login("/both/x"))).len(), 2);
    assert_eq!(buttons(&asked(&mut desk, &login("/any/x"))).len(), 2);
    assert_eq!(buttons(&asked(&mut desk, &login("/else"))).len(), 2);
    // By way of the page that puts a fragment back, too.
    let with_fragment = Req::open("/_vestibule/login?rd=%2Fpartners%2Fx&fragment=AAAAAAAAAAAA");
    assert_eq!(chosen(&mut desk, &with_fragment).0, "partner");
    // An app path that nobody is signed in for leads into it.
    let refused = desk.reply(&Req::open("/partners/x"));
    let on = Req::open(location(&refused));
    assert_eq!(chosen(&mut desk, &on).0, "partner");
    // Whoever names one gets it all the same: rules judge, links do not.
    let named = Req::open("/_vestibule/login/corp?rd=%2Fpartners%2Fx");
    assert_eq!(chosen(&mut desk, &named).0, "corp");
}

#[test]
fn the_query_of_a_target_is_no_part_of_its_path() {
    let mut config = several();
    config.providers[1].hidden = true;
    config.routes = vec![
        route(&["/partner/*"], rules(vec![by_providers(&["partner"])])),
        route(&["/only"], rules(vec![by_providers(&["partner"])])),
    ];
    let mut desk = Desk::new(&config);
    for target in [
        "/partner/x",
        "/partner/x?u=https://e/",
        "/partner/x?p=a%2Fb",
        "/partner/x?p=a%5Cb",
        "/partner/x?a;b",
        "/partner/x?../",
        "/partner?y=1",
        "/only?y=1",
    ] {
        let rd: String = url::form_urlencoded::byte_serialize(target.as_bytes()).collect();
        let login = Req::open(&format!("/_vestibule/login?rd={rd}"));
        assert_eq!(chosen(&mut desk, &login).0, "partner", "{target}");
    }
}

#[test]
fn a_name_is_shown_as_it_is() {
    let mut config: Config = several();
    config.providers[1].display_name = Some("<b>A & B</b>".to_owned());
    let reply = asked(&mut Desk::new(&config), &Req::open("/_vestibule/login"));
    let html = text(&reply);
    assert!(
        html.contains("Sign in with &lt;b&gt;A &amp; B&lt;/b&gt;</a>"),
        "{html}"
    );
    let policy = header_of(&reply, "content-security-policy").unwrap();
    assert!(!policy.contains("script-src"), "{policy}");
}

#[test]
fn a_prefetch_is_asked_nothing() {
    let reply = Desk::new(&several())
        .reply(&Req::open("/_vestibule/login").with("sec-purpose", "prefetch"));
    assert_eq!(reply.status, 401);
}
