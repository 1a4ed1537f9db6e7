//! Which provider behind the pool a login leads to: by configuration, and by a link where that lets it.

use crate::support::Setup;
use crate::support::dev_idp::KIRSTEN;

#[test]
fn people_come_in_through_the_configured_identity_provider_alone() {
    let chain = Setup {
        provider: "identity_provider = \"entra\"\nauthorize_params = { lang = \"de\" }\n\
                   forward_params = [\"login_hint\"]\n"
            .to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.browser();
    let login = browser.get("/_vestibule/login?login_hint=nadia&prompt=none");
    for (name, expected) in [
        ("identity_provider", Some("entra")),
        ("lang", Some("de")),
        ("login_hint", Some("nadia")),
        ("prompt", None),
    ] {
        assert_eq!(login.location_param(name).as_deref(), expected, "{name}");
    }
    // Somebody edits the URL, and signs in as one of the pool's own people.
    let edited = login
        .location()
        .replace("identity_provider=entra", "identity_provider=COGNITO");
    assert_ne!(edited, login.location());
    let form = browser.arrive(&edited);
    let page = browser.submit_login(&form, KIRSTEN, chain.idp().password(KIRSTEN));
    assert_eq!(page.status, 403, "{:?}", browser.trail);
    assert!(page.html().contains("another way"), "{}", page.html());
    assert!(!browser.has_session());
}

#[test]
fn a_link_names_the_identity_provider_only_where_the_configuration_lets_it() {
    for (provider, is_let) in [
        (
            "forward_params = [\"identity_provider\", \"idp_identifier\"]\n",
            true,
        ),
        ("forward_params = [\"login_hint\"]\n", false),
        ("", false),
    ] {
        let chain = Setup {
            provider: provider.to_owned(),
            ..Setup::default()
        }
        .start();
        for (name, value) in [
            ("identity_provider", "entra"),
            ("idp_identifier", "example.com"),
        ] {
            for link in [
                "/_vestibule/login?",
                "/_vestibule/login/corp?",
                "/_vestibule/login?rd=%2Fpage&",
            ] {
                let mut browser = chain.browser();
                let login = browser.get(&format!("{link}{name}={value}"));
                let passed = login.location_param(name);
                assert_eq!(
                    passed.as_deref(),
                    is_let.then_some(value),
                    "{provider:?} {link}"
                );
                let page = browser.finish(login);
                let at_entra = page.html().contains("id=\"user-no-groups\"");
                assert_eq!(at_entra, is_let, "{provider:?} {link}: {:?}", browser.trail);
            }
        }
    }
}

#[test]
fn the_identifier_of_a_provider_leads_its_people_straight_there() {
    let chain = Setup {
        provider: "idp_identifier = \"example.com\"\n".to_owned(),
        ..Setup::default()
    }
    .start();
    let mut browser = chain.browser();
    let login = browser.get("/page");
    let login = browser.follow(&login);
    assert_eq!(
        login.location_param("idp_identifier").as_deref(),
        Some("example.com")
    );
    assert_eq!(login.location_param("identity_provider"), None);
    // No page of the pool's in between.
    let picker = browser.finish(login);
    let answer = browser.click(&picker, Some("user-no-groups"), &[]);
    let page = browser.finish(answer);
    assert_eq!(page.status, 200, "{:?}", browser.trail);
    assert_eq!(page.url, format!("{}/page", chain.origin));
    assert!(browser.has_session());
}
