//! CORS preflights, which browsers send without cookies.

use http::Method;

use super::support::{Desk, Jar, Req, config, route};
use crate::gate::Decision;
use crate::gate::route::{Access, Manner};

fn preflight(target: &str, asks: &str) -> Req {
    Req::new(Method::OPTIONS, target)
        .with("origin", "https://app.example.com")
        .with("access-control-request-method", asks)
}

fn desk() -> Desk {
    let open = Manner {
        cors_preflight: true,
        pass_override_headers: true,
        ..Manner::default()
    };
    let with = |paths: &[&str], methods: &[Method], access, manner: &Manner| {
        let mut route = route(paths, access);
        route.methods = methods.to_vec();
        route.manner = manner.clone();
        route
    };
    let mut config = config();
    config.routes = vec![
        with(&["/api/"], &[], Access::SignedIn, &open),
        with(&["/closed/"], &[], Access::Nobody, &open),
        with(&["/other/"], &[], Access::SignedIn, &Manner::default()),
        with(&["/mixed/"], &[Method::PUT], Access::SignedIn, &open),
        with(
            &["/mixed/"],
            &[Method::DELETE],
            Access::SignedIn,
            &Manner::default(),
        ),
    ];
    Desk::new(&config)
}

#[test]
fn a_route_lets_real_preflights_through_and_nothing_else() {
    let mut desk = desk();
    let forwarded = |desk: &mut Desk, req: &Req| matches!(desk.decide(req), Decision::Forward(_));
    for (target, asks, through) in [
        ("/api/x", "PUT", true),
        ("/closed/x", "PUT", false),
        ("/other/x", "PUT", false),
        // The route is that of the method that it asks about.
        ("/mixed/x", "PUT", true),
        ("/mixed/x", "DELETE", false),
        ("/mixed/x", "GET", false),
        ("/api/x", "", false),
        ("/api/x", "P T", false),
    ] {
        let req = preflight(target, asks);
        assert_eq!(forwarded(&mut desk, &req), through, "{target} {asks}");
    }
    for req in [
        Req::new(Method::OPTIONS, "/api/x"),
        Req::new(Method::OPTIONS, "/api/x").with("origin", "https://app.example.com"),
        Req::new(Method::OPTIONS, "/api/x").with("access-control-request-method", "PUT"),
        preflight("/api/x", "PUT").and("access-control-request-method", "GET"),
        Req::get("/api/x")
            .with("origin", "https://app.example.com")
            .with("access-control-request-method", "PUT"),
        Req::new(Method::PUT, "/api/x").with("origin", "https://app.example.com"),
        // What asks for another protocol, or brings a body, is none.
        preflight("/api/x", "PUT").with("upgrade", "websocket"),
        preflight("/api/x", "PUT").with("sec-websocket-version", "13"),
        preflight("/api/x", "PUT").with("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
        preflight("/api/x", "PUT").with("sec-websocket-protocol", "chat"),
        preflight("/api/x", "PUT").with("transfer-encoding", "chunked"),
        preflight("/api/x", "PUT").with("content-length", "1"),
        preflight("/api/x", "PUT").with("content-length", "00"),
    ] {
        assert!(!forwarded(&mut desk, &req), "{:?}", req.headers());
    }
    let empty = preflight("/api/x", "PUT").with("content-length", "0");
    assert!(forwarded(&mut desk, &empty), "as some clients send it");
}

#[test]
fn a_preflight_brings_no_identity_along() {
    let mut desk = desk();
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    let Decision::Forward(forward) = desk.decide(&preflight("/api/x", "PUT").cookies(&jar)) else {
        panic!("a preflight is let through");
    };
    assert!(forward.permit.who().is_none());
    assert!(!forward.pass_override_headers, "nobody had to be signed in");
    let told: Vec<_> = forward.edits.set().map(|(name, _)| name.as_str()).collect();
    assert!(!told.contains(&"X-Forwarded-User"), "{told:?}");
    let plain = Req::new(Method::OPTIONS, "/api/x").cookies(&jar);
    let Decision::Forward(forward) = desk.decide(&plain) else {
        panic!("a signed-in request is let through");
    };
    assert!(forward.pass_override_headers);
}

#[test]
fn a_preflight_hands_no_authorization_on_that_nobody_has_judged() {
    let mut config = config();
    config.routes = [false, true]
        .map(|is_api| {
            let mut route = route(&[if is_api { "/api/" } else { "/app/" }], Access::SignedIn);
            route.manner.is_api = is_api;
            route.manner.cors_preflight = true;
            route
        })
        .to_vec();
    let mut desk = Desk::new(&config);
    for target in ["/api/x", "/app/x"] {
        for credentials in ["Bearer a.b.c", "bearer", "Basic YTpi", "Negotiate x"] {
            let req = preflight(target, "PUT").with("authorization", credentials);
            let Decision::Forward(forward) = desk.decide(&req) else {
                panic!("a preflight is let through: {target} {credentials}");
            };
            assert!(forward.permit.who().is_none());
            assert!(forward.took_bearer, "{target} {credentials}");
        }
    }
    // Elsewhere another scheme than Bearer is the app's.
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    let plain = Req::new(Method::OPTIONS, "/app/x").cookies(&jar);
    let plain = plain.with("authorization", "Basic YTpi");
    let Decision::Forward(forward) = desk.decide(&plain) else {
        panic!("a signed-in request is let through");
    };
    assert!(!forward.took_bearer);
}
