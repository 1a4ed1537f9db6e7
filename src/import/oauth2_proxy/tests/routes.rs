//! Apps, rules, open paths and bearer tokens become routes.

use super::*;

#[test]
fn rules_and_open_paths_become_routes() {
    for (given, expected) in [
        ("--email-domain=*", ""),
        (
            "--email-domain=a.example --email-domain=b.example",
            "access = { email_domains = [\"a.example\", \"b.example\"] }",
        ),
        (
            "--email-domain=* --allowed-group=x,y",
            "access = { groups = [\"x\", \"y\"] }",
        ),
        (
            "--email-domain=a.example --allowed-group=x",
            "access = { email_domains = [\"a.example\"], groups = [\"x\"] }",
        ),
        // Never more than was meant.
        ("--email-domain=.a.example", "access = \"nobody\""),
        (
            "--email-domain=* --skip-auth-route=^/health$",
            "path = \"/health\" access = \"public\"",
        ),
        (
            "--email-domain=* --skip-auth-route=^/assets/",
            "path = \"/assets/*\" access = \"public\" path = \"/assets\" access = \"signed-in\"",
        ),
        (
            "--email-domain=* --skip-auth-regex=^/assets/.*",
            "path = \"/assets/*\" access = \"public\" path = \"/assets\" access = \"signed-in\"",
        ),
        (
            "--email-domain=* --skip-auth-regex=^/assets",
            "path = \"/assets/*\" access = \"public\"",
        ),
        (
            "--email-domain=* --skip-auth-route='^/robots\\.txt$'",
            "path = \"/robots.txt\" access = \"public\"",
        ),
        (
            "--email-domain=* --skip-auth-route=GET=^/news$",
            "path = \"/news\" methods = [\"GET\"] access = \"public\" path = \"/news\" methods = [\"POST\", \"PUT\", \"PATCH\", \"DELETE\", \"OPTIONS\"] access = \"signed-in\"",
        ),
        (
            "--email-domain=* --skip-auth-preflight",
            "cors_preflight = true",
        ),
        // Plain alternatives are patterns each.
        (
            "--email-domain=* --skip-auth-route='^/(a|b\\.txt)$'",
            "path = \"/a\" access = \"public\" path = \"/b.txt\" access = \"public\"",
        ),
        (
            "--email-domain=* --skip-auth-regex='^/(?:css|js)/(x|y).*'",
            "path = \"/css/x/*\" access = \"public\" path = \"/css/y/*\" access = \"public\" path = \"/js/x/*\" access = \"public\" path = \"/js/y/*\" access = \"public\"",
        ),
        // Keycloak's roles, beside groups: any one will do.
        (
            "--provider=keycloak-oidc --email-domain=* --allowed-role=admin --allowed-role=my.app:editor --allowed-role=boss",
            "access = [{ claim = \"realm_access.roles\", any_of = [\"admin\", \"boss\"] }, { claim = \"resource_access.my\\\\.app.roles\", any_of = [\"editor\"] }]",
        ),
        (
            "--provider=keycloak-oidc --email-domain=a.example --allowed-role=admin --allowed-group=x",
            "access = [{ email_domains = [\"a.example\"], groups = [\"x\"] }, { email_domains = [\"a.example\"], claim = \"realm_access.roles\", any_of = [\"admin\"] }]",
        ),
    ] {
        let imported = flags(given);
        let lines = imported.routes.iter().flatten();
        let routes: Vec<String> = lines
            .map(|line| format!("{} = {}", line.key, line.value))
            .collect();
        assert_eq!(routes.join(" "), expected, "{given}");
        table(&imported);
    }
    // Who may get in cannot be taken over: nobody, rather than more people than there.
    for given in [
        "",
        "--authenticated-emails-file=/x",
        "--email-domain=* --github-org=x",
        "--email-domain=a.example --github-user=x",
        "--email-domain=* --google-group=x@a.example",
        "--email-domain=* --gitlab-projects=x/y",
        "--email-domain=* --allowed-role=admin",
        "--email-domain=* --keycloak-group=x --allowed-group=y",
    ] {
        let imported = flags(given);
        let lines = imported.routes.iter().flatten();
        let routes: Vec<&str> = lines.map(|line| line.value.as_str()).collect();
        assert_eq!(routes, ["\"nobody\""], "{given}");
        let is_told = |note: &OptionNote| note.words.contains("nobody gets in");
        assert_eq!(
            imported.notes().iter().filter(|note| is_told(note)).count(),
            1,
            "{given}"
        );
    }
    let empty = "provider = \"keycloak-oidc\"\nemail_domains = [\"*\"]\nallowed_roles = [\"\"]\n";
    assert!(from_file(empty).routes.is_empty(), "nothing is asked for");
    let plural = from_file("email_domains = [\"*\"]\ngithub_users = [\"x\"]\n");
    assert_eq!(plural.routes[0][0].value, "\"nobody\"");
    let roles = flags("--email-domain=* --allowed-role=admin --allowed-group=x");
    assert_eq!(roles.routes[0][0].value, "{ groups = [\"x\"] }");
    // What no pattern says is not opened, and told.
    for regex in [
        "^/",
        "/public",
        "^/(a|b/)$",
        "^/((a)|b)$",
        "^/(a.|b)*$",
        "^/(a|b)?$",
        "^/(a|b+)$",
        "^/(?i:a|b)$",
        "^/(a\\|b).$",
        "^/(a\\)|b)$",
        "^/\\(a|b)$",
        "^/[(](a|b)$",
        "^/(a|b",
        "^/(a|b)$|^/c",
        "^/(a|b)(c|d)(e|f)(g|h)(i|j)(k|l)$",
        "^/a[0-9]",
        "^/a?b",
        "^/docs/$",
        "^/docs/.+$",
        "^/docs.+",
        "GET!=^/x$",
        "HEAD=^/h$",
        "TRACE=^/h$",
        "^//",
        "^/(|x)/",
        "^/a//b",
        "^/a//",
        "^/a/../c",
        "^/./a$",
        "^/oauth2/auth$",
        "^/oauth2/",
        "^/oauth2$",
        ".*",
        "^.*$",
    ] {
        let imported = flags(&format!("--email-domain=* --skip-auth-route='{regex}'"));
        assert!(imported.routes.is_empty(), "{regex}: {:?}", imported.routes);
        assert_eq!(notes_about(&imported, "skip-auth-route"), 1, "{regex}");
    }
}

#[test]
fn preflights_pass_on_each_path_that_is_not_open() {
    let imported = flags(
        "--email-domain=a.example --skip-auth-preflight --skip-jwt-bearer-tokens --api-route=^/v1/ --upstream=http://127.0.0.1:1 \
         --upstream=http://127.0.0.1:2/two/ --skip-auth-route=GET=^/news$ --skip-auth-route=^/css/ --redirect-url=https://a.example/cb \
         --skip-auth-route=^/cb$",
    );
    let mut closed = 0;
    for lines in &imported.routes {
        let value = |key: &str| lines.iter().find(|line| line.key == key);
        let is_open = value("access").is_some_and(|line| line.value == "\"public\"");
        assert_eq!(value("cors_preflight").is_none(), is_open, "{lines:?}");
        closed += usize::from(!is_open);
    }
    // Everything, /two/*, /two, /v1/*, /news for the others, /css.
    assert_eq!(closed, 6, "{:?}", imported.routes);
    let told = notes_about(&imported, "skip-auth-preflight");
    assert_eq!(told, 1);
    // The callback is ours.
    assert_eq!(notes_about(&imported, "skip-auth-route"), 1);
}

#[test]
fn a_route_of_an_app_is_one_for_clients_with_tokens_too() {
    let imported = flags(
        "--email-domain=* --skip-jwt-bearer-tokens --upstream=http://127.0.0.1:1 --upstream=http://127.0.0.1:2/api/ \
         --api-route=^/api/ --api-route=^/api --skip-auth-route=^/api/",
    );
    let routes = at(&imported, "route").unwrap();
    let of = |path: &str| {
        let all = routes.as_array().unwrap().iter();
        let own: Vec<_> = all
            .filter(|route| route["path"].as_str() == Some(path))
            .collect();
        assert_eq!(own.len(), 1, "{path}: {routes}");
        own[0].clone()
    };
    assert_eq!(of("/api/*")["api"].as_bool(), Some(true));
    assert_eq!(of("/api/*")["access"].as_str(), Some("signed-in"));
    assert_eq!(of("/api")["upstream"].as_str(), Some("default"));
    assert_eq!(notes_about(&imported, "skip-auth-route"), 1, "not opened");
}

#[test]
fn several_upstreams_become_apps_by_path() {
    let imported = flags(
        "--email-domain=a.example --upstream=http://127.0.0.1:1/api/ --upstream=https://web.example --upstream=http://127.0.0.1:3/exact \
         --upstream=unix:///run/x.sock --pass-host-header=false --upstream-timeout=20s --skip-auth-route=GET=^/api/health$",
    );
    assert_eq!(
        text(&imported, "upstream.default.url"),
        "https://web.example"
    );
    assert_eq!(text(&imported, "upstream.default.host"), "upstream");
    assert_eq!(text(&imported, "upstream.default.timeouts.response"), "20s");
    assert_eq!(text(&imported, "upstream.app1.url"), "http://127.0.0.1:1");
    assert_eq!(text(&imported, "upstream.app3.url"), "http://127.0.0.1:3");
    // A second one for the same path.
    assert_eq!(
        notes_about(&imported, "upstream"),
        1,
        "{:?}",
        imported.notes()
    );
    let routes: Vec<String> = imported
        .routes
        .iter()
        .map(|lines| {
            lines
                .iter()
                .map(|line| line.value.as_str())
                .collect::<Vec<_>>()
                .join(" ")
        })
        .collect();
    let rule = "{ email_domains = [\"a.example\"] }";
    assert_eq!(
        routes,
        [
            rule.to_owned(),
            format!("\"/api/*\" \"app1\" {rule}"),
            // Without its slash a path is the app's at the root.
            format!("\"/api\" \"default\" {rule}"),
            format!("\"/exact\" \"app3\" {rule}"),
            "\"/api/health\" [\"GET\"] \"public\" \"app1\"".to_owned(),
            format!(
                "\"/api/health\" [\"POST\", \"PUT\", \"PATCH\", \"DELETE\", \"OPTIONS\"] {rule} \"app1\""
            ),
        ]
    );
    // Without one for the root, the first gets the rest, which is told.
    let rootless =
        flags("--email-domain=* --upstream=http://127.0.0.1:1/a/ --upstream=http://127.0.0.1:2/b/");
    assert_eq!(
        text(&rootless, "upstream.default.url"),
        "http://127.0.0.1:1"
    );
    assert_eq!(notes_about(&rootless, "upstream"), 1);
}

#[test]
fn bearer_tokens_become_a_list_of_audiences_and_routes_for_api_clients() {
    let all = "--client-id=wiki --skip-jwt-bearer-tokens --oidc-extra-audience=orders \
         --extra-jwt-issuers=https://id.partner.example/x=api://orders --api-route=^/api/ \
         --api-route='^/(v1|v2/' --email-domain=* --upstream=http://127.0.0.1:3000";
    let imported = flags(all);
    let api = at(&imported, "provider.sso.api").unwrap();
    assert_eq!(api["audiences"].to_string(), "[\"wiki\", \"orders\"]");
    assert_eq!(api["tokens"].to_string(), "[\"access\", \"id\"]");
    assert_eq!(
        text(&imported, "provider.tokens1.issuer"),
        "https://id.partner.example/x"
    );
    let partner = at(&imported, "provider.tokens1.api.audiences").unwrap();
    assert_eq!(partner.to_string(), "[\"api://orders\"]");
    assert!(at(&imported, "provider.tokens1.client_id").is_none());
    let routes = at(&imported, "route").unwrap();
    let api: Vec<_> = routes
        .as_array()
        .unwrap()
        .iter()
        .filter(|route| route.get("api").is_some())
        .collect();
    assert_eq!(api.len(), 1, "{routes}");
    assert_eq!(api[0]["path"].as_str(), Some("/api/*"));
    assert_eq!(
        notes_about(&imported, "api-route"),
        1,
        "the one that is no pattern"
    );
    assert_eq!(notes_about(&imported, "extra-jwt-issuers"), 1);
    assert_eq!(notes_about(&imported, "skip-jwt-bearer-tokens"), 1);
    // Without the switch, no token gets in there or here.
    let imported = flags(&all.replace("--skip-jwt-bearer-tokens ", ""));
    assert!(
        at(&imported, "provider.sso.api").is_none() && at(&imported, "provider.tokens1").is_none()
    );
    let routes = at(&imported, "route").map_or_else(String::new, |routes| routes.to_string());
    assert!(!routes.contains("api = true"), "{routes}");
    for option in ["api-route", "extra-jwt-issuers", "oidc-extra-audience"] {
        assert!(notes_about(&imported, option) > 0, "{option}");
    }
}

#[test]
fn who_answers_front_proxies_does_so_here_too() {
    let asked = flags(
        "--reverse-proxy --trusted-proxy-ip=10.0.0.0/8 --set-xauthrequest --cookie-refresh=1h --pass-access-token --upstream=static://202",
    );
    for (path, expected) in [
        ("server.forward_auth", "nginx"),
        ("server.forward_auth_cookies", "true"),
        ("server.trusted_proxies", "[\"10.0.0.0/8\"]"),
        (
            "headers.preset",
            "[\"oauth2-proxy\", \"oauth2-proxy-auth-request\"]",
        ),
        ("headers.set.X-Auth-Request-Access-Token", "{access_token}"),
        ("upstream.url", "-"),
    ] {
        assert_eq!(text(&asked, path), expected, "{path}");
    }
    // Nobody may ask before it is said who.
    let nobody = flags("--set-xauthrequest --upstream=http://127.0.0.1:3000 --cookie-refresh=0");
    assert_eq!(notes_about(&nobody, "reverse-proxy"), 1);
    assert_eq!(text(&nobody, "server.forward_auth_cookies"), "-");
    assert_eq!(text(&nobody, "upstream.url"), "http://127.0.0.1:3000");
    // Where rules differ by path, nginx has to say the path in our way.
    let routed = flags("--set-xauthrequest --skip-auth-route=^/public/");
    assert_eq!(notes_about(&routed, "skip-auth-route"), 1);
    // And only that: the other way forbids it.
    assert_eq!(notes_about(&routed, "set-xauthrequest"), 1);
    let emptied = "X-Original-URL \"\"";
    let says = |imported: &ImportedOptions, part: &str| {
        imported
            .notes()
            .iter()
            .any(|note| note.words.contains(part))
    };
    assert!(!says(&routed, emptied) && says(&routed, "X-Original-URL $scheme"));
    assert!(says(&asked, emptied) && !says(&asked, "X-Original-URL $scheme"));
    // Below another prefix it has to as well.
    let renamed = flags("--set-xauthrequest --proxy-prefix=/auth --upstream=http://127.0.0.1:3000");
    assert!(!says(&renamed, emptied) && says(&renamed, "X-Original-URL $scheme"));
    // Who hands cookies on is told so, and not that there is nothing to do.
    let refresh = |imported: &ImportedOptions| {
        let mut notes = imported.notes().iter();
        let note = notes.find(|note| note.option == "cookie-refresh");
        note.map(|note| note.group)
    };
    assert_eq!(refresh(&asked), Some(Group::ToDo));
    assert_eq!(refresh(&nobody), Some(Group::Nothing));
    let traefik = flags("--upstream=static://202 --set-authorization-header");
    assert_eq!(text(&traefik, "server.forward_auth"), "traefik");
    assert!(at(&traefik, "headers.set.Authorization").is_some());
    // As ingress-nginx shows it, and with nothing to go to.
    for given in ["--upstream=file:///dev/null", "--reverse-proxy"] {
        let asked = flags(given);
        assert_eq!(text(&asked, "server.forward_auth"), "nginx", "{given}");
        assert_eq!(text(&asked, "upstream.url"), "-", "{given}");
        assert!(says(&asked, "docs/forward-auth.md"), "{given}");
    }
    let app = flags("--reverse-proxy --upstream=http://127.0.0.1:1");
    assert_eq!(text(&app, "server.forward_auth"), "-");
    assert_eq!(
        text(
            &flags("--upstream=http://127.0.0.1:1"),
            "server.forward_auth"
        ),
        "-"
    );
}
