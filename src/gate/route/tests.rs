//! Which rule a request falls under.

use super::*;

fn pattern(text: &str) -> PathPattern {
    PathPattern::parse(text).unwrap()
}

impl Router {
    /// The rule for a GET, whatever its name.
    fn access(&self, host: Option<&str>, path: &str) -> Option<Access> {
        let path = RequestPath::parse(path).unwrap();
        match self.find(host, &path, &Method::GET)? {
            Ruling::Rule { access, .. } => Some(access.clone()),
            other => panic!("{other:?}"),
        }
    }
}

fn route(host: &str, path: &str, access: Access) -> Route {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Route {
        hosts: some(host).into_iter().collect(),
        paths: some(path).map(|path| pattern(&path)).into_iter().collect(),
        methods: Vec::new(),
        access,
        allow_in_path: Forms::default(),
        manner: Manner::default(),
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
        ("/Special%3ARights", PatternError::NotCanonical),
        ("/%40admin/*", PatternError::NotCanonical),
        ("/a%2541", PatternError::NotCanonical),
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
fn apps_that_ignore_case_are_guarded_in_every_case() {
    let admin = route("", "/Admin/", Access::Nobody);
    let open = route("", "/key/", Access::Public);
    let umlaut = route("", "/%C3%84/", Access::Nobody);
    let mut routes = vec![admin, open, umlaut];
    for route in &mut routes {
        route.paths = route.paths.iter().map(PathPattern::without_case).collect();
    }
    let router = Router::new(routes).ignoring_case(true);
    let ruling = |path: &str| {
        let path = RequestPath::parse(path).unwrap();
        match router.find(Some("wiki.example.com"), &path, &Method::GET) {
            Some(Ruling::Rule { access, .. }) => Some(access.clone()),
            Some(Ruling::Ambiguous) => None,
            other => panic!("{other:?}"),
        }
    };
    for (path, access) in [
        ("/admin", Some(Access::Nobody)),
        ("/ADMIN/x", Some(Access::Nobody)),
        ("/aDm%69n/x", Some(Access::Nobody)),
        ("/administrator", Some(Access::SignedIn)),
        ("/KEY", Some(Access::Public)),
        ("/%C3%A4/x", Some(Access::Nobody)),
        ("/%c3%84", Some(Access::Nobody)),
        // The Kelvin sign is a k to some apps, and none to others.
        ("/%E2%84%AAey", None),
        ("/x/%C5%BF", None),
        ("/%25E2%2584%25AAey", None),
    ] {
        assert_eq!(ruling(path), access, "{path}");
    }
}

#[test]
fn one_route_may_name_several_hosts_and_paths() {
    let router = Router::new(vec![Route {
        hosts: vec!["a.example.com".to_owned(), "b.example.com".to_owned()],
        paths: vec![pattern("/x"), pattern("/y/")],
        methods: Vec::new(),
        access: Access::Public,
        allow_in_path: Forms::default(),
        manner: Manner::default(),
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
        methods: Vec::new(),
        access,
        allow_in_path: Forms::default(),
        manner: Manner::default(),
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

fn methods(names: &[&str]) -> Vec<Method> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// `OK` and its name, `NoMethod` and a name, or `Ambiguous`.
fn ruling(router: &Router, host: &str, target: &str, method: &str) -> String {
    let path = RequestPath::parse(target).unwrap();
    let method: Method = method.parse().unwrap();
    let host = (!host.is_empty()).then_some(host);
    match router.find(host, &path, &method) {
        None => "421".to_owned(),
        Some(Ruling::Rule { label, .. }) => label.to_string(),
        Some(Ruling::NoMethod { label }) => format!("403 {label}"),
        Some(Ruling::Ambiguous) => "400".to_owned(),
    }
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn methods_decide_among_the_routes_of_one_host_and_path() {
    let on = |host: &str, path: &str, names: &[&str], access| Route {
        methods: methods(names),
        ..route(host, path, access)
    };
    let router = Router::new(vec![
        on("", "/api/*", &["GET"], Access::SignedIn),
        on("", "/api/*", &["POST", "PROPFIND"], Access::Nobody),
        on("", "/", &[], Access::Public),
        on("wiki.example.com", "/api/*", &["DELETE"], Access::Optional),
        on("", "/api/exact", &["PUT"], Access::SignedIn),
    ]);
    for (host, path, method, expected) in [
        ("a", "/api/x", "GET", "route[0] /api/*"),
        ("a", "/api/x", "HEAD", "route[0] /api/*"),
        ("a", "/api/x", "POST", "route[1] /api/*"),
        ("a", "/api/x", "PROPFIND", "route[1] /api/*"),
        // Never the weaker one of the front page.
        ("a", "/api/x", "PUT", "403 route[0] /api/*"),
        ("a", "/api/x", "OPTIONS", "403 route[0] /api/*"),
        ("a", "/api/x", "BREW", "403 route[0] /api/*"),
        ("a", "/api/x", "get", "403 route[0] /api/*"),
        ("a", "/x", "BREW", "route[2] /*"),
        // The more special path and host decide before the method does.
        ("a", "/api/exact", "PUT", "route[4] /api/exact"),
        ("a", "/api/exact", "GET", "403 route[4] /api/exact"),
        ("wiki.example.com", "/api/x", "DELETE", "route[3] /api/*"),
        ("wiki.example.com", "/api/x", "GET", "403 route[3] /api/*"),
        ("wiki.example.com", "/api/exact", "PUT", "403 route[3] /api/*"),
        // A foreign host gets what is public everywhere.
        ("", "/x", "POST", "route[2] /*"),
        ("", "/api/x", "GET", "421"),
        ("", "/api/x", "PUT", "421"),
    ] {
        assert_eq!(ruling(&router, host, path, method), expected, "{method} {host}{path}");
    }
}

#[test]
fn get_covers_head_and_nothing_else() {
    for (named, method, expected) in [
        ("GET", "GET", true),
        ("GET", "HEAD", true),
        ("HEAD", "HEAD", true),
        ("HEAD", "GET", false),
        ("POST", "HEAD", false),
        ("GET", "POST", false),
    ] {
        let found = covers(&methods(&[named]), &method.parse().unwrap());
        assert_eq!(found, expected, "{named} {method}");
    }
    assert!(covers(&[], &Method::PATCH), "none named are all");
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn forms_that_a_route_allows_reach_it_and_no_other() {
    let with = |form: &str| {
        let mut forms = Forms::default();
        match form {
            ";" => forms.semicolon = true,
            "//" => forms.double_slash = true,
            "%2F" => forms.encoded_slash = true,
            "%5C" => forms.encoded_backslash = true,
            _ => {}
        }
        forms
    };
    let router = |form: &str| Router::new(vec![
        Route { allow_in_path: with(form), ..route("", "/", Access::SignedIn) },
        Route { allow_in_path: with(form), ..route("", "/files/*", Access::Public) },
        Route { allow_in_path: with(form), ..route("", "/login", Access::Public) },
        route("", "/admin/*", Access::Nobody),
    ]);
    for (form, path, expected) in [
        // None is allowed by itself, and one does not allow another.
        ("", "/files/a;b", "400"), ("", "/files//a", "400"), ("", "/files/a%2fb", "400"),
        ("", "/files/a%5cb", "400"), (";", "/files//a", "400"), ("//", "/files/a;b", "400"),
        ("%2F", "/files/a%5cb", "400"), ("%5C", "/files/a%2fb", "400"),
        // What follows a semicolon is ignored.
        (";", "/files;v=1/a", "route[1] /files/*"), (";", "/files/a;b/c;d", "route[1] /files/*"),
        (";", "/login;jsessionid=1", "route[2] /login"), (";", "/admin;x/y", "400"),
        (";", "/login;/x", "route[0] /*"), (";", "/x;y", "route[0] /*"),
        // Its encodings are allowed with it, as long as they lead nowhere else.
        (";", "/files/a%3Bb", "route[1] /files/*"), (";", "/files/a%253Bb", "route[1] /files/*"),
        (";", "/files%3Bv", "400"), (";", "/admin%3Bx", "400"), (";", "/admin%253Bx", "400"),
        // Doubled slashes.
        ("//", "/files//a", "route[1] /files/*"), ("//", "/files///", "route[1] /files/*"),
        ("//", "//admin/x", "400"), ("//", "/x//admin", "route[0] /*"), ("//", "//files/a", "400"),
        // An encoded slash never separates, and hides nothing either.
        ("%2F", "/files/a%2fb", "route[1] /files/*"), ("%2F", "/files/a%252Fb", "route[1] /files/*"),
        ("%2F", "/files%2Fa", "400"), ("%2F", "/admin%2fx", "400"), ("%2F", "/%2Fadmin/x", "400"),
        ("%2F", "/files/%2Fa", "400"), ("%2F", "/admin/a%2Fb", "400"),
        ("%5C", "/files/a%5cb", "route[1] /files/*"), ("%5C", "/files/a%255Cb", "route[1] /files/*"),
        ("%5C", "/files%5Ca", "400"), ("%5C", "/admin%5Cx", "400"), ("%5C", "/x%5Cadmin", "route[0] /*"),
        // Overlong forms are nobody's.
        ("%2F", "/files/a%C0%AFb", "400"), ("//", "/files/a%C0%AFb", "400"),
    ] {
        let found = ruling(&router(form), "wiki.example.com", path, "GET");
        assert_eq!(found, expected, "{form} {path}");
    }
    // Without a path rule nobody refuses anything.
    let free = Router::new(vec![route("", "/", Access::SignedIn)]);
    for path in ["/a;b", "/a//b", "/a%2Fb", "/a%5Cb", "/a%252Fb", "/a%C0%AFb"] {
        assert_eq!(ruling(&free, "wiki.example.com", path, "GET"), "route[0] /*");
    }
}

#[test]
fn dot_segments_stay_refused_whatever_is_allowed() {
    for path in [
        "/files/..;/admin",
        "/files/%2e%2e%2fadmin",
        "/files//../admin",
        "/files/..%5cadmin",
        "/files/..%3B/admin",
        "/files/%252e%252e%252fadmin",
    ] {
        assert!(RequestPath::parse(path).is_err(), "{path}");
    }
}

#[test]
#[rustfmt::skip] // a table: one row a line
fn encoding_what_need_not_be_encoded_leads_to_no_other_route() {
    let slashes = Forms { encoded_slash: true, ..Forms::default() };
    let router = Router::new(vec![
        route("", "/wiki/*", Access::Public),
        route("", "/wiki/Special:Rights", Access::Nobody),
        route("", "/@admin/*", Access::Nobody),
        route("", "/a(b),c!/*", Access::Nobody),
        Route { allow_in_path: slashes, ..route("", "/caf%C3%A9%20s/*", Access::Public) },
        Route { methods: methods(&["POST"]), ..route("", "/x=y", Access::Public) },
        route("", "/exact", Access::Nobody),
    ]);
    for (path, expected) in [
        ("/wiki/Special:Rights", "route[1] /wiki/Special:Rights"),
        // To us another path (RFC 3986 2.2), to nearly every app the same.
        ("/wiki/Special%3ARights", "400"), ("/wiki/Special%3aRights", "400"),
        ("/wiki/Special%253ARights", "400"), ("/%40admin/x", "400"), ("/%2540admin/x", "400"),
        ("/a%28b%29%2Cc%21/x", "400"), ("/a(b),c%21", "400"), ("/x%3Dy", "400"),
        // Letters that only a second decoding shows.
        ("/wiki/Special:%2552ights", "400"), ("/%2540%2561dmin/x", "400"),
        // What some cut off once they have decoded it.
        ("/@admin%3Fa=b", "400"), ("/@admin%23", "400"), ("/@admin%253Fa", "400"), ("/wiki/Special:Rights%3fa", "400"),
        ("/exact%3F", "400"), ("/exact%3F/x", "400"), ("/x=y%23", "400"),
        ("/wiki/What%3F", "route[0] /wiki/*"), ("/wiki/C%23/x", "route[0] /wiki/*"), ("/C%23", "default"),
        // Where no other rule is meant, an encoding is nobody's business.
        ("/wiki/User%3AOla", "route[0] /wiki/*"), ("/wiki/100%25", "route[0] /wiki/*"),
        ("/wiki/a%2541", "route[0] /wiki/*"), ("/mail/ola%40example.org", "default"),
        ("/caf%c3%a9%20s/a%20b", "route[4] /caf%C3%A9%20s/*"),
        ("/caf%c3%a9%20s/a%2fb", "route[4] /caf%C3%A9%20s/*"),
    ] {
        assert_eq!(ruling(&router, "wiki.example.com", path, "GET"), expected, "{path}");
    }
    // A foreign host gets no more of it.
    assert_eq!(ruling(&router, "", "/wiki/Special%3ARights", "GET"), "400");
}
