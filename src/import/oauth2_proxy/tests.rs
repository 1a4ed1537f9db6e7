//! Option by option: what becomes of it.

use super::*;

mod closed;
mod notes;
mod read;
mod routes;

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
        // Nobody gets in without an email, and the app is told the subject.
        ("", "identity.user", "[\"email\"]"),
        ("", "identity.email", "-"),
        ("", "headers.set.X-Forwarded-User.value", "{sub}"),
        ("", "headers.set.X-Auth-Request-User.value", "-"),
        (
            "--set-xauthrequest --prefer-email-to-user",
            "headers.set.X-Auth-Request-User.value",
            "{sub}",
        ),
        (
            "--prefer-email-to-user",
            "headers.set.X-Forwarded-User.value",
            "-",
        ),
        // The old name of the email's claim.
        ("--user-id-claim=upn", "identity.user", "[\"upn\"]"),
        ("--user-id-claim=upn", "identity.email", "[\"upn\"]"),
        (
            "--user-id-claim=upn --oidc-email-claim=mail",
            "identity.email",
            "[\"mail\"]",
        ),
        (
            "--user-id-claim=upn --oidc-email-claim=mail",
            "identity.user",
            "[\"mail\"]",
        ),
        ("--user-id-claim=email", "identity.email", "-"),
        (
            "--provider=adfs --oidc-issuer-url=https://fs.example/adfs",
            "identity.user",
            "[\"email\", \"upn\"]",
        ),
        ("", "provider.sso.email_verified", "require"),
        ("--provider=oidc", "provider.sso.email_verified", "-"),
        (
            "--insecure-oidc-allow-unverified-email=T",
            "provider.sso.email_verified",
            "ignore",
        ),
        (
            "--insecure-oidc-allow-unverified-email=yes",
            "provider.sso.email_verified",
            "require",
        ),
        (
            "--provider=oidc --oidc-issuer-url=https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab1",
            "provider.sso.email_verified",
            "require",
        ),
        // What is asked for by default.
        ("--scope=''", "provider.sso.scopes", "-"),
        (
            "--provider=oidc --allowed-group=x --scope=''",
            "provider.sso.scopes",
            "[\"openid\", \"email\", \"profile\", \"groups\"]",
        ),
        (
            "--provider=keycloak-oidc --allowed-role=x",
            "provider.sso.scopes",
            "-",
        ),
        (
            "--provider=gitlab --allowed-group=x",
            "provider.sso.scopes",
            "-",
        ),
        (
            "--provider=oidc --allowed-group=x --scope=openid",
            "provider.sso.scopes",
            "[\"openid\"]",
        ),
        (
            "--provider=oidc --allowed-group=x --oidc-issuer-url=https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab1",
            "provider.sso.scopes",
            "-",
        ),
        // Userinfo, where the ID token is not all.
        ("--provider=oidc", "provider.sso.userinfo", "true"),
        ("", "provider.sso.userinfo", "-"),
        (
            "--provider=oidc --skip-claims-from-profile-url",
            "provider.sso.userinfo",
            "-",
        ),
        (
            "--provider=oidc --skip-oidc-discovery",
            "provider.sso.userinfo",
            "-",
        ),
        (
            "--provider=oidc --skip-oidc-discovery --profile-url=https://id.example/me",
            "provider.sso.userinfo",
            "true",
        ),
        // Endpoints count where there is no discovery.
        (
            "--provider=oidc --redeem-url=https://id.example/token",
            "provider.sso.endpoints.token",
            "-",
        ),
        (
            "--provider=oidc --skip-oidc-discovery --redeem-url=https://id.example/token",
            "provider.sso.endpoints.token",
            "https://id.example/token",
        ),
        // A prefix without its slash, and none.
        ("--proxy-prefix=sso", "server.path_prefix", "/sso"),
        ("--proxy-prefix=/", "server.path_prefix", "/oauth2"),
        ("--proxy-prefix=/a//b", "server.path_prefix", "/oauth2"),
        ("--proxy-prefix=/a/../b", "server.path_prefix", "/oauth2"),
        (
            "--trusted-proxy-ip=10.0.0.0/8,cluster,10.0.0.0/99",
            "server.trusted_proxies",
            "[\"10.0.0.0/8\"]",
        ),
        (
            "--upstream=http://127.0.0.1:1 --upstream-timeout=500ms",
            "upstream.timeouts.response",
            "500ms",
        ),
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
        ("upstream", "http://10.0.0.1/a//b/"),
        ("upstream", "http://10.0.0.1/oauth2/x"),
        ("proxy-prefix", "/a//b"),
        ("trusted-proxy-ip", "cluster"),
        ("oidc-public-key-file", "/x"),
        ("oidc-audience-claim", "azp"),
        ("force-code-challenge-method", "plain"),
        ("cookie-secure", "yes"),
        ("skip-auth-preflight", "true"),
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
    for span in ["0", "48h", "1ms", "soon"] {
        let given = format!("--upstream=http://127.0.0.1:1 --upstream-timeout={span}");
        assert_eq!(notes_about(&flags(&given), "upstream-timeout"), 1, "{span}");
    }
    for known in [
        "oidc-public-key-files",
        "oidc-audience-claims",
        "force-code-challenge-method",
    ] {
        let imported = from_file(&format!("{} = \"x\"\n", known.replace('-', "_")));
        let unknown = |note: &OptionNote| note.words.starts_with("unknown");
        assert!(!imported.notes().iter().any(unknown), "{known}");
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
