//! Which paths are ours.

use super::*;

#[test]
fn our_paths_are_the_contracts() {
    let ours = OurPaths::new("/_vestibule", Vec::new());
    assert_eq!(ours.prefix(), "/_vestibule");
    for (path, endpoint) in [
        ("/_vestibule/login", Endpoint::Login { provider: None }),
        ("/_vestibule/start", Endpoint::Login { provider: None }),
        ("/_vestibule/sign_in", Endpoint::Login { provider: None }),
        (
            "/_vestibule/login/corp",
            Endpoint::Login {
                provider: Some("corp"),
            },
        ),
        ("/_vestibule/login/", Endpoint::Login { provider: Some("") }),
        (
            "/_vestibule/login/a/b",
            Endpoint::Login {
                provider: Some("a/b"),
            },
        ),
        (
            "/_vestibule/callback",
            Endpoint::Callback { provider: None },
        ),
        (
            "/_vestibule/callback/corp",
            Endpoint::Callback {
                provider: Some("corp"),
            },
        ),
        ("/_vestibule/return", Endpoint::Return),
        ("/_vestibule/resume", Endpoint::Resume),
        ("/_vestibule/logout", Endpoint::Logout),
        ("/_vestibule/sign_out", Endpoint::Logout),
        (
            "/_vestibule/logout/then",
            Endpoint::LogoutThen { provider: None },
        ),
        (
            "/_vestibule/logout/then/corp",
            Endpoint::LogoutThen {
                provider: Some("corp"),
            },
        ),
        ("/_vestibule/logout/there", Endpoint::Unknown),
        ("/_vestibule/signed-out", Endpoint::SignedOut),
        ("/_vestibule/session", Endpoint::Session),
        ("/_vestibule/userinfo", Endpoint::Session),
        ("/_vestibule/whoami", Endpoint::Whoami),
        ("/_vestibule", Endpoint::Unknown),
        ("/_vestibule/", Endpoint::Unknown),
        ("/_vestibule/nothing", Endpoint::Unknown),
        ("/_vestibule/logout/", Endpoint::Unknown),
        ("/_vestibule/Login", Endpoint::Unknown),
        ("/_vestibule/start/corp", Endpoint::Unknown),
        ("/_vestibule//login", Endpoint::Unknown),
        ("/_vestibule/login;x", Endpoint::Unknown),
        ("/_vestibule/../login", Endpoint::Unknown),
    ] {
        assert_eq!(ours.classify(path), Some(endpoint), "{path}");
    }
    for path in [
        "/",
        "/login",
        "/_vestibulex",
        "/_vestibule-login",
        "/_Vestibule/login",
        "/a/_vestibule/login",
        "/_vestibule%2Flogin",
        "/_vestibule;x/login",
    ] {
        assert_eq!(ours.classify(path), None, "{path}");
    }
}

#[test]
fn another_prefix_moves_them_all() {
    let ours = OurPaths::new("/oauth2", Vec::new());
    assert_eq!(
        ours.classify("/oauth2/sign_in"),
        Some(Endpoint::Login { provider: None })
    );
    assert_eq!(ours.classify("/_vestibule/login"), None);
}

#[test]
fn a_callback_path_is_exact_and_ours_beside_the_usual_one() {
    let ours = OurPaths::new("/_vestibule", vec!["/login/oauth2/code/cognito".to_owned()]);
    let callback = Some(Endpoint::Callback { provider: None });
    for (path, expected) in [
        ("/login/oauth2/code/cognito", callback),
        ("/_vestibule/callback", callback),
        ("/login/oauth2/code/cognito/", None),
        ("/login/oauth2/code/cognito/corp", None),
        ("/login/oauth2/code/cognit", None),
        ("/login/oauth2/code/Cognito", None),
        ("/login", None),
    ] {
        assert_eq!(ours.classify(path), expected, "{path}");
    }
}

#[test]
fn each_takes_its_methods_and_no_other() {
    let all = [
        Endpoint::Login { provider: None },
        Endpoint::Callback { provider: None },
        Endpoint::Logout,
        Endpoint::SignedOut,
        Endpoint::Session,
        Endpoint::Whoami,
    ];
    for endpoint in all {
        for (method, allowed) in [
            (Method::GET, true),
            // Looking does not use up a code.
            (
                Method::HEAD,
                endpoint != Endpoint::Callback { provider: None },
            ),
            (Method::POST, endpoint == Endpoint::Logout),
            (Method::PUT, false),
            (Method::DELETE, false),
            (Method::OPTIONS, false),
            (Method::CONNECT, false),
            (Method::TRACE, false),
        ] {
            assert_eq!(endpoint.allows(&method), allowed, "{endpoint:?} {method}");
        }
    }
    assert!(
        Endpoint::Unknown.allows(&Method::POST),
        "404 for every method"
    );
}
