//! `vestibule import`: what goes to stdout, what to stderr, and how it ends.

use std::fs;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const ROW: &str = "<M><K>Local Company</K><V>Argentina, Chile</V></M>";

#[test]
fn the_table_goes_to_stdout_and_notes_to_stderr() {
    let xml = format!("<D>{ROW}<M><K>alone</K></M></D>");
    let output = import(xml.as_bytes(), &["--key", "K", "--value", "v"]);
    assert_eq!(output.status.code(), Some(0));
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("[identity.groups.map]"), "{table}");
    assert!(
        table.contains("\"Local Company\" = [\"Argentina\", \"Chile\"]"),
        "{table}"
    );
    assert!(table.parse::<toml::Table>().is_ok(), "{table}");
    let notes = String::from_utf8(output.stderr).unwrap();
    assert_eq!(notes.lines().count(), 2, "{notes}");
    assert!(
        notes.lines().all(|line| line.starts_with("note: ")),
        "{notes}"
    );
}

#[test]
fn an_access_right_is_taken_whole() {
    let xml = format!("<D>{ROW}</D>");
    let output = import(
        xml.as_bytes(),
        &["--key", "K", "--value", "V", "--no-split"],
    );
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("[identity.access_right.map]"), "{table}");
    assert!(
        table.contains("\"Local Company\" = \"Argentina, Chile\""),
        "{table}"
    );
}

#[test]
fn an_unknown_structure_shows_the_names_that_are_there() {
    let xml = format!("<Document>{ROW}</Document>");
    let output = import(
        xml.as_bytes(),
        &["--key", "ExternalSystemAccess", "--value", "V"],
    );
    let errors = refused(&output, 1);
    for name in ["ExternalSystemAccess", "Document", "M", "K"] {
        assert!(errors.contains(name), "{name}: {errors}");
    }
}

#[test]
fn entities_and_dtds_are_refused_at_once() {
    let mut laughs = "<?xml version=\"1.0\"?><!DOCTYPE D [<!ENTITY e0 \"ha\">".to_owned();
    for n in 1..30 {
        laughs += &format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10));
    }
    laughs += "]><D><M><K>a</K><V>&e29;</V></M></D>";
    let external = "<!DOCTYPE D SYSTEM \"file:///etc/passwd\"><D><M><K>a</K><V>b</V></M></D>";
    let undeclared = "<D><M><K>a</K><V>&x;</V></M></D>";
    for xml in [laughs.as_str(), external, undeclared, "<D>", "", "not XML"] {
        let began = Instant::now();
        let output = import(xml.as_bytes(), &["--key", "K", "--value", "V"]);
        refused(&output, 1);
        assert!(began.elapsed() < Duration::from_secs(5), "{xml}");
    }
}

/// What oauth2-proxy's documentation shows for common set-ups, in data of our own.
const OF_OAUTH2_PROXY: &[(&str, &str)] = &[
    (
        "generic OpenID Connect, as a configuration file",
        "provider = \"oidc\"\nprovider_display_name = \"Corp\"\nredirect_url = \"https://wiki.example.com/oauth2/callback\"\n\
         oidc_issuer_url = \"https://id.example.com/realms/corp\"\nupstreams = [\"http://127.0.0.1:8090\"]\n\
         email_domains = [\"example.com\"]\nclient_id = \"wiki\"\nclient_secret = \"s3cr3t-of-theirs\"\n\
         cookie_secret = \"s3cr3t-of-theirs\"\ncookie_secure = true\nskip_provider_button = true\n",
    ),
    (
        "Google, all that is in its sample file",
        "http_address = \"127.0.0.1:4180\"\nreverse_proxy = true\nupstreams = [\"http://127.0.0.1:8080/\", \"http://127.0.0.1:8081/two/\"]\n\
         request_logging = true\npass_host_header = true\nemail_domains = [\"*\"]\nclient_id = \"g.apps.example\"\n\
         client_secret = \"s3cr3t-of-theirs\"\nauthenticated_emails_file = \"\"\nhtpasswd_file = \"\"\ncookie_name = \"_oauth2_proxy\"\n\
         cookie_secret = \"\"\ncookie_domains = \"\"\ncookie_expire = \"168h\"\ncookie_refresh = \"\"\ncookie_httponly = true\n",
    ),
    (
        "Keycloak with groups, as flags",
        "--provider=keycloak-oidc --client-id=wiki --client-secret=s3cr3t-of-theirs --redirect-url=https://app.example.com/oauth2/callback \
         --oidc-issuer-url=https://keycloak.example.com/realms/corp --email-domain=* --allowed-role=admin --allowed-group=/staff \
         --code-challenge-method=S256 --upstream=http://10.0.0.7:3000",
    ),
    (
        "Entra, as an environment",
        "OAUTH2_PROXY_PROVIDER=entra-id\nOAUTH2_PROXY_OIDC_ISSUER_URL=https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0\n\
         OAUTH2_PROXY_CLIENT_ID=66666666-7777-8888-9999-000000000000\nOAUTH2_PROXY_CLIENT_SECRET=s3cr3t-of-theirs\nOAUTH2_PROXY_COOKIE_SECRET=s3cr3t-of-theirs\n\
         OAUTH2_PROXY_EMAIL_DOMAINS=example.com,example.org\nOAUTH2_PROXY_REDIRECT_URL=https://app.example.com/oauth2/callback\n\
         OAUTH2_PROXY_SESSION_STORE_TYPE=redis\nOAUTH2_PROXY_UPSTREAMS=http://127.0.0.1:9000\n",
    ),
    (
        "Cognito, with open paths and tokens passed on",
        "--provider=oidc --oidc-issuer-url=https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_ExAmP1e99 --client-id=4exampleclient0000000000aa \
         --client-secret-file=/run/secrets/client --scope='openid email profile offline_access' --oidc-groups-claim=cognito:groups --email-domain=* \
         --redirect-url=https://app.example.com/login/done --skip-auth-route=GET=^/health$ --skip-auth-route=^/static/ --skip-auth-regex='^/(a|b)$' \
         --pass-access-token --pass-authorization-header --skip-auth-preflight --upstream=http://127.0.0.1:3000",
    ),
    (
        "behind nginx's auth_request",
        "--http-address=0.0.0.0:4180 --reverse-proxy --trusted-proxy-ip=10.0.0.0/8 --set-xauthrequest --upstream=static://202 --provider=github \
         --github-org=example --client-id=x --client-secret=s3cr3t-of-theirs --email-domain=* --whitelist-domain=.example.com --cookie-domain=.example.com",
    ),
    (
        "GitLab, for members of a project",
        "--provider=gitlab --gitlab-project=corp/wiki --email-domain=* --client-id=wiki --client-secret=s3cr3t-of-theirs \
         --redirect-url=https://app.example.com/oauth2/callback --upstream=http://127.0.0.1:3000",
    ),
    (
        "clients with tokens, and scripts of other origins",
        "--provider=oidc --oidc-issuer-url=https://id.example.com --client-id=wiki --client-secret=s3cr3t-of-theirs --email-domain=* --allowed-group=staff \
         --redirect-url=https://app.example.com/oauth2/callback --upstream=http://127.0.0.1:3000 --skip-jwt-bearer-tokens --api-route=^/api/ \
         --skip-auth-preflight --skip-auth-route=^/robots.txt$ --skip-auth-route=HEAD=^/h$,^//,^/a/../c,^/oauth2/x",
    ),
    (
        "behind ingress-nginx",
        "--provider=oidc --oidc-issuer-url=https://id.example.com --client-id=wiki --client-secret=s3cr3t-of-theirs --email-domain=* --reverse-proxy \
         --redirect-url=https://app.example.com/oauth2/callback --upstream=file:///dev/null --trusted-proxy-ip=10.0.0.0/8",
    ),
];

#[test]
fn published_configurations_of_oauth2_proxy_become_good_ones() {
    for (name, given) in OF_OAUTH2_PROXY {
        let folder = tempfile::tempdir().unwrap();
        let output = match given.starts_with("--") {
            true => run(&["import", "oauth2-proxy", "--flags", given]),
            false => {
                let file = folder.path().join("theirs.cfg");
                fs::write(&file, given).unwrap();
                run(&["import", "oauth2-proxy", &file.display().to_string()])
            }
        };
        let notes = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {notes}");
        let toml = String::from_utf8(output.stdout).unwrap();
        assert!(
            !toml.contains("s3cr3t") && !notes.contains("s3cr3t"),
            "{name}"
        );
        assert!(
            notes.lines().all(|line| line.starts_with("note: ")),
            "{name}: {notes}"
        );
        // Each line says where it is from.
        let keys = toml
            .lines()
            .filter(|line| !line.starts_with(['#', '[']) && !line.is_empty());
        assert!(
            keys.clone().count() > 10 && keys.clone().all(|line| line.contains(" # ")),
            "{toml}"
        );
        let config = folder.path().join("vestibule.toml");
        let check = |toml: &str| {
            fs::write(&config, toml).unwrap();
            run(&[
                "check",
                "--no-secrets",
                "--config",
                &config.display().to_string(),
            ])
        };
        let mut checked = check(&toml);
        // What the import could not know is no good before somebody writes it.
        let unwritten = toml.lines().filter(|line| !line.starts_with('#'));
        if unwritten.clone().any(|line| line.contains("write-me")) {
            let said = String::from_utf8_lossy(&checked.stderr).into_owned();
            assert_eq!(checked.status.code(), Some(78), "{name}: {said}");
            assert!(said.contains("is still what the import left"), "{said}");
            checked = check(&written(&toml));
        }
        let said = String::from_utf8_lossy(&checked.stderr).into_owned();
        assert_eq!(checked.status.code(), Some(0), "{name}: {said}\n{toml}");
        let registered = String::from_utf8_lossy(&checked.stdout).into_owned();
        let callback = if name.starts_with("Cognito") {
            "/login/done"
        } else {
            "/oauth2/callback"
        };
        assert!(registered.contains(callback), "{name}: {registered}");
    }
}

/// The same with what somebody has to write.
fn written(toml: &str) -> String {
    toml.replace("https://write-me.invalid", "https://app.example.com")
        .replace("http://write-me.invalid", "http://127.0.0.1:3000")
        .replace("write-me", "wiki")
}

/// A request to what was imported.
struct Asked {
    /// Of `OF_OAUTH2_PROXY`.
    number: usize,
    path: &'static str,
    /// Claims of the person, who is nobody without.
    claims: Option<Value>,
    outcome: &'static str,
    /// The path of the route that has to be the one.
    route: Option<&'static str>,
    /// Where oauth2-proxy does otherwise: what the import says of it.
    told: Option<&'static str>,
}

fn asked(number: usize, path: &'static str, claims: Option<Value>, outcome: &'static str) -> Asked {
    let (route, told) = (None, None);
    Asked {
        number,
        path,
        claims,
        outcome,
        route,
        told,
    }
}

impl Asked {
    /// The request is this route's.
    fn by(self, route: &'static str) -> Self {
        Self {
            route: Some(route),
            ..self
        }
    }

    /// oauth2-proxy answers something else, and never less than here.
    fn unlike_there(self, told: &'static str) -> Self {
        Self {
            told: Some(told),
            ..self
        }
    }
}

#[test]
fn what_was_imported_judges_as_oauth2_proxy_did() {
    let of = |email: &str| Some(json!({ "sub": "s-1", "email": email, "email_verified": true }));
    let keycloak = |more: Value| {
        let mut claims = json!({ "sub": "s-1", "email": "ann@any.example" });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        Some(claims)
    };
    let unverified = |email: &str| {
        Some(
            json!({ "sub": "s-1", "email": email, "email_verified": false, "groups": ["/staff", "staff"] }),
        )
    };
    let nameless = || Some(json!({ "sub": "s-1", "groups": ["/staff", "staff"] }));
    let staff = || Some(json!({ "sub": "s-1", "email": "ann@any.example", "groups": ["staff"] }));
    let cognito = "people whose email Cognito does not call verified do not get in";
    let probes = "/healthz and /readyz on server.admin_listen";
    let roles = "--allowed-role: rules read the ID token here";
    for row in [
        asked(0, "/", of("ann@example.com"), "forwarded"),
        asked(0, "/", of("ann@other.example"), "forbidden"),
        asked(0, "/", None, "sign-in"),
        asked(0, "/oauth2/sign_in", None, "ours"),
        asked(0, "/oauth2/userinfo", None, "ours"),
        // There it is oauth2-proxy's own, and open to everybody.
        asked(0, "/ping", None, "sign-in").unlike_there(probes),
        asked(0, "/robots.txt", None, "sign-in").unlike_there("/robots.txt"),
        asked(1, "/", of("ann@any.example"), "forwarded"),
        asked(1, "/", None, "sign-in"),
        asked(1, "/two/", of("ann@any.example"), "forwarded").by("/two/*"),
        asked(1, "/two/x", of("ann@any.example"), "forwarded").by("/two/*"),
        asked(1, "/two/x", None, "sign-in").by("/two/*"),
        asked(1, "/two", of("ann@any.example"), "forwarded").by("/two"),
        asked(1, "/twofold", of("ann@any.example"), "forwarded"),
        asked(
            2,
            "/",
            keycloak(json!({ "groups": ["/staff", "/x"] })),
            "forwarded",
        ),
        asked(
            2,
            "/",
            keycloak(json!({ "groups": ["/others", "staff"] })),
            "forbidden",
        ),
        asked(
            2,
            "/",
            keycloak(json!({ "groups": ["admin", "role:admin"] })),
            "forbidden",
        ),
        asked(2, "/", keycloak(json!({})), "forbidden"),
        asked(2, "/", None, "sign-in"),
        asked(
            2,
            "/",
            keycloak(json!({ "realm_access": { "roles": ["admin"] } })),
            "forwarded",
        ),
        asked(
            2,
            "/",
            keycloak(json!({ "realm_access": { "roles": ["/staff"] } })),
            "forbidden",
        ),
        // There roles come from the access token, which tells of them by itself.
        asked(
            2,
            "/",
            keycloak(json!({ "groups": ["/others"] })),
            "forbidden",
        )
        .unlike_there(roles),
        asked(3, "/", of("ann@example.org"), "forwarded"),
        asked(3, "/", of("ann@example.net"), "forbidden"),
        asked(4, "/health", None, "forwarded"),
        asked(4, "/healthy", None, "sign-in"),
        asked(4, "/static/logo.png", None, "forwarded"),
        asked(4, "/static", None, "sign-in"),
        asked(4, "/a", None, "forwarded"),
        asked(4, "/b", None, "forwarded"),
        asked(4, "/c", None, "sign-in"),
        asked(4, "/a/x", None, "sign-in"),
        asked(4, "/login/done", None, "ours"),
        asked(4, "/", of("ann@any.example"), "forwarded"),
        // There members of the organisation get in. GitHub's API is not asked here: nobody, rather than everybody.
        asked(5, "/", of("ann@any.example"), "forbidden").unlike_there(
            "--github-org: who may get in cannot be taken over from it, so that nobody gets in",
        ),
        // Nobody without an email, nor with one that is not verified.
        asked(0, "/", nameless(), "forbidden"),
        asked(0, "/", unverified("ann@example.com"), "forbidden"),
        asked(1, "/", nameless(), "forbidden"),
        asked(1, "/two/x", nameless(), "forbidden").by("/two/*"),
        asked(1, "/", unverified("ann@any.example"), "forbidden"),
        asked(2, "/", nameless(), "forbidden"),
        asked(2, "/", unverified("ann@any.example"), "forbidden"),
        asked(4, "/", nameless(), "forbidden"),
        asked(4, "/", unverified("ann@any.example"), "forbidden"),
        asked(
            4,
            "/",
            Some(json!({ "sub": "s-1", "email": "ann@any.example" })),
            "forbidden",
        )
        .unlike_there(cognito),
        // There members of the project get in, whom only GitLab's API knows.
        asked(6, "/", of("ann@any.example"), "forbidden").unlike_there(
            "--gitlab-project: who may get in cannot be taken over from it, so that nobody gets in",
        ),
        asked(7, "/", staff(), "forwarded"),
        asked(7, "/", of("ann@any.example"), "forbidden"),
        asked(7, "/api/x", staff(), "forwarded").by("/api/*"),
        asked(7, "/api/x", nameless(), "forbidden").by("/api/*"),
        asked(7, "/api/x", None, "sign-in").by("/api/*"),
        asked(7, "/robots.txt", None, "forwarded"),
        asked(7, "/h", None, "sign-in").unlike_there("^/h$"),
        // nginx asks about it.
        asked(8, "/", of("ann@any.example"), "forwarded"),
        asked(8, "/", nameless(), "forbidden"),
        asked(8, "/", None, "sign-in"),
    ] {
        row.check();
    }
}

impl Asked {
    fn check(&self) {
        let Self {
            number,
            path,
            claims,
            outcome,
            ..
        } = self;
        let (name, given) = OF_OAUTH2_PROXY[*number];
        let what = format!("{name}: {path} {claims:?}");
        let folder = tempfile::tempdir().unwrap();
        let theirs = folder.path().join("theirs.cfg");
        fs::write(&theirs, given).unwrap();
        let theirs = theirs.display().to_string();
        let output = match given.starts_with("--") {
            true => run(&["import", "oauth2-proxy", "--flags", given]),
            false => run(&["import", "oauth2-proxy", &theirs]),
        };
        let notes = String::from_utf8(output.stderr).unwrap();
        if let Some(told) = self.told {
            assert!(notes.contains(told), "{what}: {notes}");
        }
        let config = folder.path().join("vestibule.toml");
        let toml = String::from_utf8(output.stdout).unwrap();
        fs::write(&config, written(&toml)).unwrap();
        let file = folder.path().join("claims.json");
        let config = config.display().to_string();
        let mut args = vec!["explain", "--json", "--config", &config, "--request", path];
        let file_name = file.display().to_string();
        if let Some(claims) = claims {
            fs::write(&file, claims.to_string()).unwrap();
            args.extend(["--claims", &file_name]);
        }
        let output = run(&args);
        let said: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        assert_eq!(said["outcome"], *outcome, "{what}: {said}");
        if let Some(route) = self.route {
            let its = said["route"].to_string();
            assert!(
                its.contains(&format!("{route} ")) || its.contains(&format!("{route}\"")),
                "{what}: {its}"
            );
        }
        if *outcome == "forwarded" && claims.is_some() {
            assert_eq!(said["headers"]["X-Forwarded-User"], "s-1", "{what}: {said}");
        }
    }
}

#[test]
fn preflights_pass_where_somebody_may_get_in() {
    for (number, path, line) in [
        (4, "path = \"/static\"", "cors_preflight = true"),
        (7, "path = \"/api/*\"", "cors_preflight = true"),
    ] {
        let (name, given) = OF_OAUTH2_PROXY[number];
        let output = run(&["import", "oauth2-proxy", "--flags", given]);
        let toml = String::from_utf8(output.stdout).unwrap();
        let route = toml.split("[[route]]").find(|route| route.contains(path));
        let route = route.unwrap_or_else(|| panic!("{name}: {toml}"));
        assert!(route.contains(line), "{name}: {route}");
    }
}

#[test]
fn a_bad_command_line_is_64_and_a_missing_file_1() {
    for args in [
        &["import"][..],
        &["import", "mapping"],
        &["import", "mapping", "x.xml"],
        &["import", "mapping", "x.xml", "--key", "K"],
        &["import", "rights", "x.xml"],
        &["import", "oauth2-proxy"],
        &["import", "oauth2-proxy", "--flags", "--client-id='x"],
        &["import", "oauth2-proxy", "--flags", "--client-id"],
    ] {
        refused(&run(args), 64);
    }
    let xml = format!("<D>{ROW}</D>");
    refused(&import(xml.as_bytes(), &["--key", "K", "--value", "K"]), 64);
    refused(&import(xml.as_bytes(), &["--key", "", "--value", "K"]), 64);
    let missing = run(&[
        "import",
        "mapping",
        "/no/such.xml",
        "--key",
        "K",
        "--value",
        "V",
    ]);
    let said = refused(&missing, 1);
    assert!(
        said.contains("/no/such.xml") && said.contains("name a file"),
        "{said}"
    );
}

/// What it says, and nothing on stdout.
fn refused(output: &Output, code: i32) -> String {
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert!(output.stdout.is_empty() && !errors.is_empty());
    errors
}

fn import(xml: &[u8], args: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mapping.xml");
    fs::write(&file, xml).unwrap();
    let file = file.display().to_string();
    run(&[&["import", "mapping", file.as_str()], args].concat())
}

fn run(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
    command.args(args).output().unwrap()
}
