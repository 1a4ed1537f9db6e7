//! Option by option: what becomes of it.

use super::*;

mod notes;

fn flags(text: &str) -> ImportedOptions {
    import_oauth2_proxy(&[OptionsText::Flags(text)]).unwrap()
}

fn from_file(text: &str) -> ImportedOptions {
    import_oauth2_proxy(&[OptionsText::File(text)]).unwrap()
}

/// The whole of it, as data.
fn table(imported: &ImportedOptions) -> toml::Table {
    let text = imported.to_toml();
    text.parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn at(imported: &ImportedOptions, path: &str) -> Option<toml::Value> {
    let table = table(imported);
    let mut value = toml::Value::Table(table);
    for step in path.split('.') {
        value = value.get(step)?.clone();
    }
    Some(value)
}

fn text(imported: &ImportedOptions, path: &str) -> String {
    at(imported, path).map_or_else(
        || "-".to_owned(),
        |value| match value {
            toml::Value::String(text) => text,
            other => other.to_string(),
        },
    )
}

fn notes_about(imported: &ImportedOptions, option: &str) -> usize {
    imported
        .notes()
        .iter()
        .filter(|note| note.option == option)
        .count()
}

#[test]
fn each_option_becomes_its_line() {
    for (given, path, expected) in [
        ("", "server.listen", "127.0.0.1:4180"),
        ("", "server.path_prefix", "/oauth2"),
        ("", "session.lifetime", "168h"),
        ("", "provider.sso.issuer", "https://accounts.google.com"),
        ("--http-address=:8080", "server.listen", "0.0.0.0:8080"),
        (
            "--http-address http://localhost:80",
            "server.listen",
            "127.0.0.1:80",
        ),
        ("--proxy-prefix=/auth/", "server.path_prefix", "/auth"),
        (
            "--redirect-url=https://a.example/oauth2/callback",
            "server.public_url",
            "https://a.example",
        ),
        (
            "--redirect-url=https://a.example/oauth2/callback",
            "provider.sso.callback_path",
            "-",
        ),
        (
            "--redirect-url=https://a.example/cb",
            "provider.sso.callback_path",
            "/cb",
        ),
        (
            "--redirect-url=http://a.example/cb",
            "server.public_url",
            "https://a.example",
        ),
        (
            "--redirect-url=http://localhost:4180/cb",
            "server.public_url",
            "http://localhost:4180",
        ),
        (
            "--upstream=http://127.0.0.1:3000/",
            "upstream.url",
            "http://127.0.0.1:3000",
        ),
        (
            "--provider=oidc --oidc-issuer-url=https://id.example/x/",
            "provider.sso.issuer",
            "https://id.example/x/",
        ),
        (
            "--provider=azure --azure-tenant=t-1",
            "provider.sso.issuer",
            "https://login.microsoftonline.com/t-1/v2.0",
        ),
        (
            "--provider=oidc --oidc-issuer-url=https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab1",
            "provider.sso.user_pool_id",
            "eu-central-1_Ab1",
        ),
        ("--client-id=wiki", "provider.sso.client_id", "wiki"),
        (
            "--client-secret-file=/s/x",
            "provider.sso.client_secret.file",
            "/s/x",
        ),
        (
            "--scope='openid email'",
            "provider.sso.scopes",
            "[\"openid\", \"email\"]",
        ),
        (
            "--prompt=login",
            "provider.sso.authorize_params.prompt",
            "login",
        ),
        (
            "--redeem-url=https://id.example/token",
            "provider.sso.endpoints.token",
            "https://id.example/token",
        ),
        ("--cookie-expire=12h30m0s", "session.lifetime", "12h30m0s"),
        ("--cookie-expire=0s", "session.lifetime", "-"),
        ("", "identity.user", "[\"sub\"]"),
        ("--prefer-email-to-user", "identity.user", "[\"email\"]"),
        (
            "--oidc-groups-claim=roles",
            "identity.groups",
            "[\"roles\"]",
        ),
        (
            "--pass-access-token",
            "headers.set.X-Forwarded-Access-Token",
            "{access_token}",
        ),
        (
            "--pass-access-token=false",
            "headers.set.X-Forwarded-Access-Token",
            "-",
        ),
        (
            "--trusted-proxy-ip=10.0.0.0/8,192.168.1.1",
            "server.trusted_proxies",
            "[\"10.0.0.0/8\", \"192.168.1.1\"]",
        ),
    ] {
        assert_eq!(text(&flags(given), path), expected, "{given}: {path}");
    }
}

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
        ".*",
        "^.*$",
    ] {
        let imported = flags(&format!("--email-domain=* --skip-auth-route='{regex}'"));
        assert!(imported.routes.is_empty(), "{regex}: {:?}", imported.routes);
        assert_eq!(notes_about(&imported, "skip-auth-route"), 1, "{regex}");
    }
}

#[test]
fn no_option_is_dropped() {
    for (option, value) in [
        ("redis-connection-url", "redis://x"),
        ("cookie-domain", ".example.com"),
        ("ssl-insecure-skip-verify", "true"),
        ("htpasswd-file", "/x"),
        ("alpha-config", "/x"),
        ("authenticated-emails-file", "/x"),
        ("set-xauthrequest", "true"),
        ("tls-cert-file", "/x"),
        ("cookie-refresh", "1h"),
        ("github-org", "x"),
        ("api-route", "^/api"),
        ("no-such-option", "x"),
        ("upstream", "http://u:p@10.0.0.1/"),
        ("upstream", "http://10.0.0.1/?x=1"),
        ("upstream", "file:///var/www"),
        ("upstream", "static://202"),
    ] {
        let imported = flags(&format!("--email-domain=* --{option}={value}"));
        assert!(
            notes_about(&imported, option) >= 1,
            "{option}: {:?}",
            imported.notes()
        );
        assert!(
            imported.to_toml().contains(&format!("# - --{option}: ")),
            "{option}"
        );
    }
    let unknown = flags("--no-such-option");
    assert!(
        unknown
            .notes()
            .iter()
            .any(|note| note.words.starts_with("unknown"))
    );
}

#[test]
fn notes_are_told_by_what_they_ask_for() {
    let imported = flags(
        "--email-domain=* --cookie-secure --redis-connection-url=redis://x --show-debug-on-error --skip-auth-regex=^/api/public",
    );
    let groups: Vec<Group> = imported.notes().iter().map(|note| note.group).collect();
    assert!(groups.is_sorted());
    for (option, group) in [
        ("redis-connection-url", Group::ToDo),
        ("show-debug-on-error", Group::Changes),
        ("skip-auth-regex", Group::Changes),
        ("cookie-secure", Group::Nothing),
    ] {
        let of = |note: &&OptionNote| note.option == option;
        let note = imported.notes().iter().find(of).expect(option);
        assert_eq!(note.group, group, "{option}");
        assert!(!note.words.starts_with("nothing to do"));
    }
    let text = imported.to_toml();
    let at = |head: &str| text.find(head).expect(head);
    let [to_do, changes, nothing] = [
        "\n# To do:\n",
        "\n# Changes behaviour:\n",
        "\n# Nothing to do:\n",
    ]
    .map(at);
    assert!(to_do < changes && changes < nothing, "{text}");
    // What only begins like an open path is told.
    assert!(text.contains("\"/api/publicity\""), "{text}");
    assert!(
        !flags("--skip-auth-regex=^/api/public/")
            .to_toml()
            .contains("publicity")
    );
    // As there: nothing has to be registered for signing out.
    assert_eq!(
        super::tests::text(&imported, "provider.sso.logout"),
        "local"
    );
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
    assert_eq!(
        text(
            &flags("--upstream=http://127.0.0.1:1"),
            "server.forward_auth"
        ),
        "-"
    );
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
fn all_three_spellings_mean_the_same() {
    let flags = flags(
        "oauth2-proxy --email-domain a.example --email-domain b.example --client-id=wiki --cookie-secure --upstream http://127.0.0.1:1",
    );
    let file = from_file(
        "email_domains = [\"a.example\", \"b.example\"]\nclient_id = \"wiki\"\ncookie_secure = true\nupstreams = [\"http://127.0.0.1:1\"]\n",
    );
    let env = from_file(
        "# of a container\nOAUTH2_PROXY_EMAIL_DOMAINS=a.example,b.example\nexport OAUTH2_PROXY_CLIENT_ID=\"wiki\"\nOAUTH2_PROXY_COOKIE_SECURE=true\nOAUTH2_PROXY_UPSTREAMS=http://127.0.0.1:1\n",
    );
    assert_eq!(table(&flags), table(&file));
    assert_eq!(table(&flags), table(&env));
    assert_eq!(flags.notes().len(), file.notes().len());
    // A flag wins over the file.
    let both = import_oauth2_proxy(&[
        OptionsText::File("client_id = \"wiki\"\nscope = \"openid\"\n"),
        OptionsText::Flags("--client-id=blog"),
    ]);
    let both = both.unwrap();
    assert_eq!(text(&both, "provider.sso.client_id"), "blog");
    assert_eq!(text(&both, "provider.sso.scopes"), "[\"openid\"]");
}

#[test]
fn a_shell_s_words_are_read_as_it_reads_them() {
    let imported =
        flags("--client-id='a b' --scope=\"openid \\\"x\\\"\" \\\n  --cookie-name c\\ d");
    assert_eq!(text(&imported, "provider.sso.client_id"), "a b");
    assert!(matches!(
        import_oauth2_proxy(&[OptionsText::Flags("--client-id='a")]),
        Err(OptionsError::Quote)
    ));
    assert!(matches!(
        import_oauth2_proxy(&[OptionsText::Flags("--cookie-secure stray")]),
        Err(OptionsError::Stray(2))
    ));
}

#[test]
fn no_secret_is_written_or_shown() {
    let secret = "s3cr3t-of-theirs";
    for given in [
        format!(
            "--client-secret={secret} --cookie-secret={secret} --basic-auth-password={secret} --signature-key=sha1:{secret}"
        ),
        format!(
            "--redis-password={secret} --redis-connection-url=redis://u:{secret}@h --upstream=https://u:{secret}@h"
        ),
        format!("--no-such-option={secret}"),
    ] {
        let imported = flags(&given);
        assert!(!imported.to_toml().contains(secret), "{given}");
        assert!(
            imported
                .notes()
                .iter()
                .all(|note| !note.to_string().contains(secret))
        );
    }
    let broken = import_oauth2_proxy(&[OptionsText::File("client_secret = \"s3cr3t-of-theirs\nx")]);
    assert!(!broken.unwrap_err().to_string().contains(secret));
}

#[test]
fn nothing_in_a_setting_ends_a_comment_or_a_text() {
    let hostile = from_file(
        "email_domains = [\"*\"]\nclient_id = \"a\\n[server]\\nlisten = \\\"x\\\"\"\n\"no\\nsuch\" = 1\nskip_auth_routes = [\"^/\\n[x]\"]\nupstreams = [\"http://a/\\n[y]\"]\n",
    );
    let table = table(&hostile);
    let mut names: Vec<&str> = table.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "headers", "identity", "provider", "server", "session", "upstream"
        ]
    );
    assert_eq!(
        text(&hostile, "provider.sso.client_id"),
        "a\n[server]\nlisten = \"x\""
    );
}

#[test]
fn alpha_configuration_and_junk_are_refused() {
    let alpha = "upstreamConfig:\n  upstreams:\n    - id: x\n";
    assert!(matches!(
        import_oauth2_proxy(&[OptionsText::File(alpha)]),
        Err(OptionsError::Alpha)
    ));
    assert!(matches!(
        import_oauth2_proxy(&[OptionsText::File("<html>")]),
        Err(OptionsError::Syntax(_))
    ));
    let long = "#".repeat((1 << 20) + 1);
    assert!(matches!(
        import_oauth2_proxy(&[OptionsText::File(&long)]),
        Err(OptionsError::TooLong)
    ));
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
fn groups_name_options_that_exist() {
    let names = super::options::names();
    let grouped = super::options::grouped();
    assert!(grouped.len() > 30);
    for name in grouped {
        assert!(names.contains(&name), "{name}");
    }
}

#[test]
fn every_option_is_known_once() {
    let mut names = super::options::names();
    names.sort_unstable();
    assert!(names.len() > 150, "{}", names.len());
    let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(twice.is_empty(), "{twice:?}");
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
