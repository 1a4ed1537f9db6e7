//! Who gets what when not signed in (contract, section 2), row by row; routes,
//! hosts and paths.

use http::Method;
use serde_json::json;

use super::support::{
    COOKIE, Desk, Jar, Req, body, config, header_of, id_claims, location, route, set_cookies, text,
};
use crate::gate::Decision;
use crate::gate::origin::{Origin, PublicOrigin};
use crate::gate::route::Access;

fn desk() -> Desk {
    Desk::new(&config())
}

fn desk_with(routes: &[(&[&str], Access)]) -> Desk {
    let mut config = config();
    config.routes = routes
        .iter()
        .map(|(paths, access)| route(paths, access.clone()))
        .collect();
    Desk::new(&config)
}

#[test]
fn a_navigation_is_sent_into_login_and_back_to_where_it_was() {
    for (target, rd) in [
        ("/", "%2F"),
        ("/wiki/Main", "%2Fwiki%2FMain"),
        ("/a?b=c&d=%20e", "%2Fa%3Fb%3Dc%26d%3D%2520e"),
        ("/caf%c3%a9", "%2Fcaf%25C3%25A9"),
        ("/?next=//evil.example", "%2F%3Fnext%3D%2F%2Fevil.example"),
        // What no browser would come back to from here.
        ("//evil.example/a", "%2F"),
        ("/a?b=\\evil", "%2Fa"),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let reply = desk().reply(&Req::new(method, target).navigates());
            assert_eq!(
                location(&reply),
                format!("/_vestibule/login?rd={rd}"),
                "{target}"
            );
            assert!(set_cookies(&reply).is_empty(), "no login is born here");
            assert_eq!(reply.note.outcome, "sign_in_needed");
            assert_eq!(reply.note.reason, Some("no_cookie"));
        }
    }
    // Without Fetch Metadata, Accept decides.
    let reply = desk().reply(&Req::get("/a").with("accept", "text/html"));
    assert_eq!(location(&reply), "/_vestibule/login?rd=%2Fa");
}

#[test]
fn a_long_target_loses_its_query() {
    let target = format!("/a?{}", "q".repeat(3_000));
    let reply = desk().reply(&Req::open(&target));
    assert_eq!(location(&reply), "/_vestibule/login?rd=%2Fa");
    let reply = desk().reply(&Req::open(&format!("/{}", "p".repeat(3_000))));
    assert_eq!(location(&reply), "/_vestibule/login?rd=%2F");
}

#[test]
fn a_script_gets_401_with_where_to_sign_in() {
    for (referer, rd) in [
        (None, "%2F"),
        (Some("https://wiki.example.com/page"), "%2Fpage"),
        (Some("https://wiki.example.com/"), "%2F"),
        (Some("https://evil.example/page"), "%2F"),
        (Some("https://wiki.example.com.evil.example/page"), "%2F"),
        (Some("http://wiki.example.com/page"), "%2F"),
        (Some("/page"), "%2F"),
        (Some("nonsense"), "%2F"),
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::OPTIONS] {
            let mut req = Req::new(method, "/api/x").with("accept", "application/json");
            if let Some(referer) = referer {
                req = req.with("referer", referer);
            }
            let reply = desk().reply(&req);
            assert_eq!(reply.status, 401);
            let realm = "Bearer realm=\"wiki.example.com\"";
            assert_eq!(header_of(&reply, "www-authenticate"), Some(realm));
            assert_eq!(
                body(&reply),
                json!({
                    "error": "unauthenticated",
                    "login_url": format!("https://wiki.example.com/_vestibule/login?rd={rd}"),
                }),
                "{referer:?}"
            );
            assert!(set_cookies(&reply).is_empty());
        }
    }
}

#[test]
fn a_websocket_is_a_script() {
    let req = Req::get("/socket")
        .with("upgrade", "websocket")
        .with("sec-fetch-mode", "websocket")
        .with("sec-fetch-dest", "websocket");
    let reply = desk().reply(&req);
    assert_eq!(reply.status, 401);
    assert_eq!(body(&reply)["error"], "unauthenticated");
}

#[test]
fn no_trace_is_answered_or_forwarded() {
    let mut desk = desk_with(&[(&["/public/"], Access::Public)]);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    for target in ["/", "/public/x", "/_vestibule/session"] {
        let reply = desk.reply(&Req::new(Method::TRACE, target).cookies(&jar));
        assert_eq!(reply.status, 405, "{target}");
        assert!(header_of(&reply, "allow").is_some());
    }
}

#[test]
fn a_form_gets_401_html_and_is_not_redirected() {
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        let req = Req::new(method, "/save?x=1")
            .navigates()
            .with("referer", "https://wiki.example.com/edit?page=1");
        let reply = desk().reply(&req);
        assert_eq!(reply.status, 401);
        assert_eq!(
            header_of(&reply, "content-type"),
            Some("text/html; charset=utf-8")
        );
        assert!(
            header_of(&reply, "www-authenticate")
                .unwrap()
                .starts_with("Bearer ")
        );
        let html = text(&reply);
        assert!(
            html.contains("href=\"/_vestibule/login?rd=%2Fedit%3Fpage%3D1\""),
            "{html}"
        );
        assert!(!html.contains("target="), "{html}");
    }
}

#[test]
fn a_frame_gets_401_html_with_a_link_out_of_it() {
    for dest in ["iframe", "frame", "object", "embed"] {
        let req = Req::open("/widget").with("sec-fetch-dest", dest);
        let reply = desk().reply(&req);
        assert_eq!(reply.status, 401, "{dest}");
        assert!(
            header_of(&reply, "www-authenticate")
                .unwrap()
                .starts_with("Bearer ")
        );
        assert!(text(&reply).contains("target=\"_top\""), "{dest}");
        // Else no browser would show it in there; only to pages of our own origin.
        assert_eq!(header_of(&reply, "x-frame-options"), Some("SAMEORIGIN"));
        let policy = header_of(&reply, "content-security-policy").unwrap();
        assert!(policy.ends_with("; frame-ancestors 'self'"), "{policy}");
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
    }
}

#[test]
fn a_page_of_another_origin_opens_no_websocket_with_a_persons_cookie() {
    let mut desk = desk_with(&[(&["/o/"], Access::Optional), (&["/p/"], Access::Public)]);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    let socket = |target: &str| Req::get(target).cookies(&jar).with("upgrade", "websocket");
    for target in ["/socket", "/o/socket"] {
        for origin in [
            "https://evil.example",
            "null",
            "http://wiki.example.com",
            "https://wiki.example.com.evil.example",
            "https://wiki.example.com/",
            "",
        ] {
            let reply = desk.reply(&socket(target).with("origin", origin));
            assert_eq!(
                (reply.status.as_u16(), reply.note.reason),
                (403, Some("websocket_origin")),
                "{origin}"
            );
        }
        let doubled = socket(target)
            .and("origin", "https://wiki.example.com")
            .and("origin", "https://evil.example");
        assert_eq!(desk.reply(&doubled).status, 403);
        assert!(
            desk.forward(&socket(target).with("origin", "https://wiki.example.com"))
                .permit
                .who()
                .is_some()
        );
        assert!(
            desk.forward(&socket(target)).permit.who().is_some(),
            "no browser: no Origin"
        );
    }
    assert!(
        desk.forward(&socket("/p/socket").with("origin", "https://evil.example"))
            .permit
            .who()
            .is_none()
    );
}

#[test]
fn a_prefetch_gets_401_and_begins_no_login() {
    for target in ["/page", "/_vestibule/login?rd=/page"] {
        let req = Req::open(target).with("sec-purpose", "prefetch");
        let reply = desk().reply(&req);
        assert_eq!(reply.status, 401, "{target}");
        assert!(set_cookies(&reply).is_empty());
    }
}

#[test]
fn routes_say_who_may_pass() {
    let mut desk = desk_with(&[
        (&["/public/"], Access::Public),
        (&["/optional/"], Access::Optional),
        (&["/closed/"], Access::Nobody),
    ]);
    let mut jar = Jar::default();
    assert!(desk.forward(&Req::open("/public/x")).permit.who().is_none());
    assert!(
        desk.forward(&Req::open("/optional/x"))
            .permit
            .who()
            .is_none()
    );
    assert_eq!(desk.reply(&Req::open("/closed/x")).status, 403);
    assert_eq!(desk.reply(&Req::open("/x")).status, 302);
    desk.sign_in(&mut jar);
    let who = |desk: &mut Desk, target: &str| {
        let forward = desk.forward(&Req::open(target).cookies(&jar));
        forward.permit.who().map(|person| person.user.clone())
    };
    let kirsten = Some("kirsten.holm@example.org".to_owned());
    assert_eq!(who(&mut desk, "/public/x"), None, "never identity");
    assert_eq!(who(&mut desk, "/optional/x"), kirsten);
    assert_eq!(who(&mut desk, "/x"), kirsten);
    let closed = desk.reply(&Req::open("/closed/x").cookies(&jar));
    assert_eq!(
        (closed.status.as_u16(), closed.note.reason),
        (403, Some("route_closed"))
    );
    let closed = desk.reply(&Req::get("/closed/x").cookies(&jar));
    assert_eq!(body(&closed)["error"], "forbidden");
}

#[test]
fn a_broken_cookie_is_no_obstacle_on_optional_and_public_routes() {
    let mut desk = desk_with(&[(&["/o/"], Access::Optional), (&["/p/"], Access::Public)]);
    let jar = Jar::of(COOKIE, "garbage");
    for target in ["/o/x", "/p/x"] {
        let forward = desk.forward(&Req::open(target).cookies(&jar));
        assert!(forward.permit.who().is_none());
        assert!(
            forward.set_cookies.is_empty(),
            "unreadable ones are ignored, not deleted"
        );
    }
}

#[test]
fn an_ambiguous_path_is_400_where_paths_are_ruled() {
    for target in [
        "/a//b",
        "/a;x/b",
        "/a%2Fb",
        "/a%5Cb",
        "/a%252Fb",
        "/public//x",
    ] {
        let mut ruled = desk_with(&[(&["/public/"], Access::Public)]);
        let reply = ruled.reply(&Req::open(target));
        assert_eq!(
            (reply.status.as_u16(), reply.note.reason),
            (400, Some("path_ambiguous")),
            "{target}"
        );
        let reply = desk().reply(&Req::open(target));
        assert_eq!(
            reply.status, 302,
            "{target}: without path rules it is the app's affair"
        );
        let mut everything = desk_with(&[(&["/"], Access::SignedIn)]);
        assert_eq!(everything.reply(&Req::open(target)).status, 302, "{target}");
    }
}

#[test]
fn what_was_matched_is_what_is_sent() {
    let mut desk = desk_with(&[(&["/public/"], Access::Public)]);
    for (target, sent) in [
        ("/public/%61?q=%61", "/public/a?q=%61"),
        ("/%70ublic/caf%c3%a9", "/public/caf%C3%A9"),
        ("/public", "/public"),
        ("/public?/admin", "/public?/admin"),
    ] {
        let forward = desk.forward(&Req::open(target));
        assert_eq!(forward.target.as_deref(), Some(sent), "{target}");
    }
    // Matchers see the path only (field.md R4).
    for target in ["/admin?/public/", "/admin?x=/public/", "/admin/?public"] {
        assert_eq!(desk.reply(&Req::open(target)).status, 302, "{target}");
    }
    let mut unruled = Desk::new(&config());
    let mut jar = Jar::default();
    unruled.sign_in(&mut jar);
    let forward = unruled.forward(&Req::open("/%61//b").cookies(&jar));
    assert_eq!(forward.target, None, "as received");
}

#[test]
fn a_foreign_host_is_421_but_for_public_routes_without_a_host() {
    let mut config = config();
    config
        .server
        .origins
        .push(PublicOrigin::parse("https://docs.example.com").unwrap());
    config.routes = vec![
        route(&["/public/"], Access::Public),
        route(&["/open/"], Access::Optional),
    ];
    let mut wiki_only = route(&["/wiki/"], Access::Public);
    wiki_only.hosts = vec!["wiki.example.com".to_owned()];
    config.routes.push(wiki_only);
    let mut desk = Desk::new(&config);
    for host in [
        "evil.example",
        "localhost",
        "wiki.example.com.evil.example",
        "203.0.113.9:8080",
    ] {
        for target in [
            "/",
            "/x",
            "/open/x",
            "/wiki/x",
            "/_vestibule/login",
            "/_vestibule/callback?code=a&state=b",
            "/_vestibule/logout",
            "/_vestibule/signed-out",
            "/_vestibule/session",
            "/_vestibule/none",
        ] {
            let reply = desk.reply(&Req::open(target).with("host", host));
            assert_eq!(reply.status, 421, "{host}{target}");
            assert!(text(&reply).contains("https://wiki.example.com, https://docs.example.com"));
            assert!(!text(&reply).contains(host), "what was sent is not shown");
            assert_eq!(reply.note.reason, Some("host_unknown"));
        }
        let forward = desk.forward(&Req::open("/public/x").with("host", host));
        assert!(forward.permit.who().is_none());
        let told = format!("{:?}", forward.edits.set().collect::<Vec<_>>());
        assert!(
            told.contains("wiki.example.com") && !told.contains(host),
            "{told}"
        );
    }
    let reply = desk.reply(&Req::get("/x").with("host", "evil.example"));
    assert_eq!(
        body(&reply),
        json!({
            "error": "misdirected_request",
            "configured": ["https://wiki.example.com", "https://docs.example.com"],
        })
    );
    for host in [
        "WIKI.example.com",
        "wiki.example.com.",
        "wiki.example.com:443",
        "docs.example.com",
    ] {
        assert_eq!(
            desk.reply(&Req::open("/x").with("host", host)).status,
            302,
            "{host}"
        );
    }
}

#[test]
fn a_route_on_one_host_is_not_on_another() {
    let mut config = config();
    config
        .server
        .origins
        .push(PublicOrigin::parse("https://docs.example.com").unwrap());
    let mut open = route(&[], Access::Public);
    open.hosts = vec!["docs.example.com".to_owned()];
    config.routes = vec![open];
    let mut desk = Desk::new(&config);
    for (host, open) in [
        ("docs.example.com", true),
        ("DOCS.example.com.:443", true),
        ("wiki.example.com", false),
        ("a.docs.example.com", false),
    ] {
        let decision = desk.decide(&Req::open("/x").with("host", host));
        assert_eq!(matches!(decision, Decision::Forward(_)), open, "{host}");
    }
}

#[test]
fn nothing_that_a_client_sends_opens_a_route_but_method_and_path() {
    // field.md R3, R7.
    let mut desk = desk_with(&[(&["/public/"], Access::Public)]);
    for (name, value) in [
        ("user-agent", "kube-probe/1.30"),
        ("user-agent", "GoogleHC/1.0"),
        ("x-forwarded-uri", "/public/x"),
        ("x-original-url", "/public/x"),
        ("x-rewrite-url", "/public/x"),
        ("x-forwarded-prefix", "/public"),
        ("x-forwarded-host", "docs.example.com"),
        ("x-forwarded-user", "admin"),
        ("x-http-method-override", "OPTIONS"),
        ("authorization", "Bearer x"),
        ("authorization", "Basic YTpi"),
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1;host=localhost"),
    ] {
        let reply = desk.reply(&Req::get("/admin").with(name, value));
        assert_eq!(reply.status, 401, "{name}: {value}");
    }
}

#[test]
fn a_person_who_cannot_be_told_gets_403() {
    for (changes, reason, shown) in [
        (json!({ "email": null }), "no_user_claim", "email"),
        (json!({ "email": "a@b@c" }), "no_user_claim", "email"),
        (json!({ "email_verified": false }), "no_user_claim", "email"),
        (
            json!({ "custom:access_right": ["a", "b"] }),
            "several_access_rights",
            "several",
        ),
        (
            json!({ "cognito:groups": (0..200).map(|n| format!("{n:042}")).collect::<Vec<_>>() }),
            "header_too_long",
            "groups",
        ),
    ] {
        let mut desk = desk();
        let mut jar = Jar::default();
        let claims = super::support::changed(id_claims(), &changes);
        let reply = desk.sign_in_as("/", &claims, &mut jar);
        assert_eq!(
            location(&reply),
            "/",
            "signing in is not the place to say it"
        );
        let page = desk.reply(&Req::open("/x").cookies(&jar));
        assert_eq!(
            (page.status.as_u16(), page.note.reason),
            (403, Some(reason))
        );
        assert!(text(&page).contains(shown), "{}", text(&page));
        let reference = page.note.reference.clone().unwrap();
        assert!(text(&page).contains(&reference));
        let json = desk.reply(&Req::get("/x").cookies(&jar));
        assert_eq!(json.status, 403);
        assert_eq!(body(&json)["error"], "forbidden");
        assert!(body(&json)["reference"].is_string());
        assert!(set_cookies(&json).is_empty());
        // By its name, to whoever runs this and to a script.
        let claim = (reason == "no_user_claim").then_some(shown);
        assert_eq!(json.note.claim.as_deref(), claim);
        assert_eq!(page.note.claim.as_deref(), claim);
        assert_eq!(body(&json)["claim"].as_str(), claim);
    }
}

#[test]
fn a_route_names_further_origins_that_may_open_a_websocket() {
    let mut config = config();
    let mut welcoming = route(&["/live/"], Access::SignedIn);
    for origin in ["https://app.example.com", "capacitor://localhost"] {
        welcoming
            .manner
            .origins
            .push(Origin::parse(origin).unwrap());
    }
    config.routes = vec![welcoming, route(&["/other/"], Access::SignedIn)];
    let mut desk = Desk::new(&config);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    let socket = |target: &str, origin: &str| {
        let req = Req::get(target).cookies(&jar).with("upgrade", "websocket");
        req.with("origin", origin)
    };
    for origin in [
        "https://app.example.com",
        "capacitor://localhost",
        "https://wiki.example.com",
    ] {
        let forward = desk.forward(&socket("/live/x", origin));
        assert!(forward.permit.who().is_some(), "{origin}");
    }
    for (target, origin) in [
        ("/live/x", "https://app.example.com:8443"),
        ("/live/x", "http://app.example.com"),
        ("/live/x", "https://sub.app.example.com"),
        ("/live/x", "null"),
        // What one route welcomes is nothing to another.
        ("/other/x", "https://app.example.com"),
        ("/", "https://app.example.com"),
    ] {
        let reply = desk.reply(&socket(target, origin));
        let why = (reply.status.as_u16(), reply.note.reason);
        assert_eq!(why, (403, Some("websocket_origin")), "{target} {origin}");
    }
    // An origin is no identity.
    let stranger = Req::get("/live/x").with("upgrade", "websocket");
    let reply = desk.reply(&stranger.with("origin", "https://app.example.com"));
    assert_eq!(reply.status, 401);
}
