//! Which rule a request falls under.

use super::*;

fn pattern(text: &str) -> PathPattern {
    PathPattern::parse(text).unwrap()
}

fn route(host: &str, path: &str, access: Access) -> Route {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Route {
        hosts: some(host).into_iter().collect(),
        paths: some(path).map(|path| pattern(&path)).into_iter().collect(),
        access,
    }
}

#[test]
fn a_pattern_is_exact_or_a_prefix() {
    for (text, expected) in [
        ("/", PathPattern::Prefix(String::new())),
        ("/*", PathPattern::Prefix(String::new())),
        ("/admin/", PathPattern::Prefix("/admin".to_owned())),
        ("/admin/*", PathPattern::Prefix("/admin".to_owned())),
        ("/a/b/*", PathPattern::Prefix("/a/b".to_owned())),
        ("/admin", PathPattern::Exact("/admin".to_owned())),
        ("/a.b/~c-d_e", PathPattern::Exact("/a.b/~c-d_e".to_owned())),
        ("/caf%C3%A9", PathPattern::Exact("/caf%C3%A9".to_owned())),
        ("/a%20b/", PathPattern::Prefix("/a%20b".to_owned())),
    ] {
        assert_eq!(PathPattern::parse(text), Ok(expected), "{text}");
    }
}

#[test]
fn a_pattern_that_no_request_can_match_as_meant_is_refused() {
    for (text, error) in [
        ("", PatternError::NotAbsolute),
        ("admin", PatternError::NotAbsolute),
        ("*", PatternError::NotAbsolute),
        ("https://wiki.example.com/admin", PatternError::NotAbsolute),
        ("/admin*", PatternError::Star),
        ("/*/admin", PatternError::Star),
        ("/a/*/b", PatternError::Star),
        ("/admin/**", PatternError::Star),
        ("/admin/*/", PatternError::Star),
        ("/a?b", PatternError::NotCanonical),
        ("/a?b/", PatternError::NotCanonical),
        ("/a#b", PatternError::NotCanonical),
        ("/a b", PatternError::NotCanonical),
        ("/a\\b", PatternError::NotCanonical),
        ("/a;b", PatternError::NotCanonical),
        ("/a/../b", PatternError::NotCanonical),
        ("/./", PatternError::NotCanonical),
        ("/a//b", PatternError::NotCanonical),
        ("/a%2Fb", PatternError::NotCanonical),
        ("/a%2fb", PatternError::NotCanonical),
        ("/%61dmin", PatternError::NotCanonical),
        ("/caf%c3%a9", PatternError::NotCanonical),
        ("/café", PatternError::NotCanonical),
        ("/a%", PatternError::NotCanonical),
    ] {
        assert_eq!(PathPattern::parse(text), Err(error), "{text}");
    }
}

#[test]
fn a_pattern_with_two_slashes_at_its_end_is_refused() {
    // It would cover nothing below: the rule would silently not be there.
    for text in ["//", "//*", "/admin//", "/admin//*"] {
        assert_eq!(
            PathPattern::parse(text),
            Err(PatternError::NotCanonical),
            "{text}"
        );
    }
}

#[test]
fn a_prefix_ends_at_a_slash() {
    for (text, path, matches) in [
        ("/admin/", "/admin", true),
        ("/admin/", "/admin/", true),
        ("/admin/", "/admin/x/y", true),
        ("/admin/", "/administrator", false),
        ("/admin/", "/admin.html", false),
        ("/admin/", "/admin%2Fx", false),
        ("/admin/", "/x/admin/", false),
        ("/admin/", "/Admin/", false),
        ("/admin", "/admin", true),
        ("/admin", "/admin/", false),
        ("/", "/", true),
        ("/", "/anything/at/all", true),
    ] {
        assert_eq!(pattern(text).matches(path), matches, "{text} {path}");
    }
    assert!(pattern("/").is_everything() && pattern("/*").is_everything());
    assert!(!pattern("/a/").is_everything() && !pattern("/a").is_everything());
}

#[test]
fn host_over_none_exact_over_prefix_longer_over_shorter() {
    let router = Router::new(vec![
        route("", "", Access::Optional),
        route("", "/a/", Access::Public),
        route("", "/a/b/", Access::Nobody),
        route("", "/a/b/c", Access::Public),
        route("wiki.example.com", "", Access::Nobody),
        route("wiki.example.com", "/a/", Access::Optional),
    ]);
    for (host, path, access) in [
        ("other.example.com", "/", Access::Optional),
        ("other.example.com", "/x", Access::Optional),
        ("other.example.com", "/a", Access::Public),
        ("other.example.com", "/a/x", Access::Public),
        ("other.example.com", "/a/b", Access::Nobody),
        ("other.example.com", "/a/b/x", Access::Nobody),
        ("other.example.com", "/a/b/c", Access::Public),
        ("other.example.com", "/a/b/c/", Access::Nobody),
        ("wiki.example.com", "/", Access::Nobody),
        ("wiki.example.com", "/a/b/c", Access::Optional),
        ("wiki.example.com", "/x", Access::Nobody),
    ] {
        assert_eq!(
            router.access(Some(host), path),
            Some(access),
            "{host}{path}"
        );
    }
}

#[test]
fn the_order_of_routes_means_nothing() {
    let mut routes = vec![
        route("", "/", Access::Public),
        route("", "/admin/", Access::Nobody),
        route("", "/admin/open", Access::Optional),
        route("wiki.example.com", "/admin/", Access::SignedIn),
    ];
    let paths = ["/", "/x", "/admin", "/admin/x", "/admin/open"];
    let verdicts = |routes: &[Route]| -> Vec<Option<Access>> {
        let router = Router::new(routes.to_vec());
        [Some("wiki.example.com"), Some("other.example.com"), None]
            .iter()
            .flat_map(|host| {
                paths
                    .iter()
                    .map(|path| router.access(*host, path))
                    .collect::<Vec<_>>()
            })
            .collect()
    };
    let first = verdicts(&routes);
    for _ in 0..routes.len() {
        routes.rotate_left(1);
        assert_eq!(verdicts(&routes), first);
        let mut reversed = routes.clone();
        reversed.reverse();
        assert_eq!(verdicts(&reversed), first);
    }
}

#[test]
fn what_no_route_names_is_for_signed_in_people() {
    for routes in [vec![], vec![route("", "/public/", Access::Public)]] {
        let router = Router::new(routes);
        assert_eq!(
            router.access(Some("wiki.example.com"), "/x"),
            Some(Access::SignedIn)
        );
        assert_eq!(router.access(None, "/x"), None);
    }
}

#[test]
fn on_an_unknown_host_only_public_routes_without_a_host_answer() {
    let router = Router::new(vec![
        route("", "/public/", Access::Public),
        route("", "/optional/", Access::Optional),
        route("", "/public/not/", Access::SignedIn),
        route("wiki.example.com", "/wiki/", Access::Public),
    ]);
    for (path, access) in [
        ("/public/x", Some(Access::Public)),
        ("/optional/x", None),
        ("/public/not/x", None),
        ("/wiki/x", None),
        ("/", None),
    ] {
        assert_eq!(router.access(None, path), access, "{path}");
    }
}

#[test]
fn what_a_host_guards_is_not_opened_by_naming_no_host() {
    let on = |host: &str, path: &str, router: &[Route]| {
        let host = (!host.is_empty()).then_some(host);
        Router::new(router.to_vec()).access(host, path)
    };
    // On its host, the rule of a host counts more than any without one.
    let guarded = [
        route("", "/", Access::Public),
        route("wiki.example.com", "/admin/", Access::Nobody),
    ];
    assert_eq!(
        on("wiki.example.com", "/admin/x", &guarded),
        Some(Access::Nobody)
    );
    assert_eq!(on("", "/admin/x", &guarded), None);
    assert_eq!(on("", "/x", &guarded), Some(Access::Public));
}

#[test]
fn what_a_shorter_rule_of_a_host_guards_is_not_opened_either() {
    let routes = [
        route("", "/files/", Access::Public),
        route("wiki.example.com", "", Access::SignedIn),
    ];
    let router = Router::new(routes.to_vec());
    assert_eq!(
        router.access(Some("wiki.example.com"), "/files/x"),
        Some(Access::SignedIn)
    );
    assert_eq!(
        router.access(None, "/files/x"),
        None,
        "the same file by another name"
    );
}

#[test]
fn one_route_may_name_several_hosts_and_paths() {
    let router = Router::new(vec![Route {
        hosts: vec!["a.example.com".to_owned(), "b.example.com".to_owned()],
        paths: vec![pattern("/x"), pattern("/y/")],
        access: Access::Public,
    }]);
    for (host, path, access) in [
        ("a.example.com", "/x", Access::Public),
        ("b.example.com", "/y/z", Access::Public),
        ("c.example.com", "/x", Access::SignedIn),
        ("a.example.com", "/z", Access::SignedIn),
    ] {
        assert_eq!(
            router.access(Some(host), path),
            Some(access),
            "{host}{path}"
        );
    }
}

#[test]
fn path_rules_are_known_as_such() {
    for (path, rules) in [
        ("", false),
        ("/", false),
        ("/*", false),
        ("/a", true),
        ("/a/", true),
    ] {
        assert_eq!(
            Router::new(vec![route("", path, Access::Public)]).has_path_rules(),
            rules,
            "{path}"
        );
    }
    assert!(!Router::new(Vec::new()).has_path_rules());
}

#[test]
fn a_longer_public_path_does_not_open_what_a_host_guards() {
    let on = |host: &str, path: &str, access| Route {
        hosts: vec![host.to_owned()],
        paths: vec![pattern(path)],
        access,
    };
    let router = Router::new(vec![
        on("wiki.example.com", "/admin/*", Access::SignedIn),
        route("", "/", Access::Public),
        route("", "/admin/assets/*", Access::Public),
    ]);
    for (path, access) in [
        ("/", Some(Access::Public)),
        ("/x", Some(Access::Public)),
        ("/admin/x", None),
        // More specific, yet the host comes before the path.
        ("/admin/assets/x", None),
    ] {
        assert_eq!(router.access(None, path), access, "{path}");
    }
}
