//! What good configurations become: defaults, the shorthand, the example.

use super::*;
use crate::config::Address;
use crate::config::Listen;
use crate::config::file::FileConfig;
use crate::config::reader::Findings;
use crate::gate::token::Algorithm;

const EXAMPLE: &str = include_str!("../../../../config.example.toml");

#[test]
fn the_smallest_configuration_has_the_defaults_of_the_contract() {
    let config = config(SMALLEST);
    assert_eq!(
        config.server.listen,
        [Listen::Tcp(SocketAddr::from(([0, 0, 0, 0], 8080)))]
    );
    assert_eq!(
        config.server.admin_listen,
        SocketAddr::from(([127, 0, 0, 1], 9090))
    );
    assert_eq!(
        config.server.origins[0].as_str(),
        "https://wiki.example.com"
    );
    assert_eq!(config.server.path_prefix, "/_vestibule");
    assert!(config.server.whoami);
    assert_eq!(config.server.threads, 3);
    assert_eq!(config.server.max_connections, None);
    assert_eq!(
        config.upstreams.apps[0].address,
        Address::Tcp {
            host: "127.0.0.1".to_owned(),
            port: 3000
        }
    );
    let provider = &config.providers[0];
    assert_eq!(provider.id.as_str(), "corp");
    assert_eq!(provider.kind, ProviderKind::Cognito);
    assert_eq!(provider.scopes, ["openid", "profile", "email"]);
    assert_eq!(provider.email_verified, EmailVerified::Auto);
    assert_eq!(provider.logout, LogoutReach::Provider);
    assert_eq!(provider.callback_path, None);
    assert_eq!(provider.signing_algorithms, [Algorithm::Rs256]);
    let week = Duration::from_secs(7 * 24 * 3600);
    assert_eq!(provider.keys_max_age, Some(week));
    assert_eq!(provider.max_auth_age, None);
    assert!(
        matches!(&provider.client_auth, ClientAuth::Basic(s) if s.len() == 1 && s[0].expose_secret() == CLIENT_SECRET)
    );
    assert_eq!(config.session.lifetime, Duration::from_secs(8 * 3600));
    assert_eq!(config.session.idle_timeout, Some(Duration::from_secs(3600)));
    assert_eq!(config.session.key_settle, Duration::from_secs(300));
    assert_eq!(config.session.outage_grace, Duration::ZERO);
    assert_eq!(config.session.keys.len(), 1);
    assert_eq!(config.session.verification_cache, 32 << 20);
    assert_eq!(config.session.cookie_name, None);
    let names = |rule: &crate::gate::identity::rule::ClaimRule| -> Vec<String> {
        let paths = rule.claims.iter();
        paths.map(|path| path.as_str().to_owned()).collect()
    };
    assert_eq!(names(&config.providers[0].identity.user), ["email"]);
    assert_eq!(names(&config.providers[0].identity.email), ["email"]);
    assert_eq!(config.providers[0].identity.name, None);
    assert_eq!(
        names(&config.providers[0].identity.groups),
        ["cognito:groups"]
    );
    assert_eq!(config.providers[0].identity.access_right, None);
    assert!(config.routes.is_empty());
    assert_eq!(config.log.level, tracing::Level::INFO);
    assert_eq!(config.log.user, LogAs::Hash);
    assert_eq!(config.log.client, LogAs::Plain);
}

#[test]
fn the_cognito_shorthand_names_issuer_and_endpoints() {
    let url = |url: &Option<url::Url>| url.as_ref().map_or("none", |url| url.as_str()).to_owned();
    let endpoints = |config: &Config| {
        let e = &config.providers[0].endpoints;
        [
            &e.authorization,
            &e.token,
            &e.revocation,
            &e.logout,
            &e.jwks,
            &e.userinfo,
        ]
        .map(url)
    };
    let smallest = config(SMALLEST);
    assert_eq!(
        smallest.providers[0].issuer,
        "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_ExAmP1e99"
    );
    assert_eq!(
        endpoints(&smallest),
        [
            "https://login.example.com/oauth2/authorize",
            "https://login.example.com/oauth2/token",
            "https://login.example.com/oauth2/revoke",
            "https://login.example.com/logout",
            "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_ExAmP1e99/.well-known/jwks.json",
            "https://login.example.com/oauth2/userInfo",
        ]
    );
    // Without a domain, all but the keys is left to discovery.
    let no_domain = config(&change("-provider.corp.domain"));
    assert_eq!(endpoints(&no_domain)[..4], ["none", "none", "none", "none"]);
    assert!(no_domain.providers[0].endpoints.jwks.is_some());
    // With an issuer alone, discovery is asked for everything.
    let issuer = config(&change(
        "-provider.corp.domain\n-provider.corp.user_pool_id\nprovider.corp.issuer = \"https://id.example.com/\"",
    ));
    assert_eq!(endpoints(&issuer), ["none"; 6]);
    assert_eq!(issuer.providers[0].issuer, "https://id.example.com/");
    // An explicit issuer and explicit endpoints win over what follows from others.
    let manual = config(&change(
        "provider.corp.issuer = \"http://127.0.0.1:9101/pool\"\nprovider.corp.endpoints = { token = \"http://127.0.0.1:1/t?x=1\" }",
    ));
    assert_eq!(endpoints(&manual)[1], "http://127.0.0.1:1/t?x=1");
    assert_eq!(
        endpoints(&manual)[4],
        "http://127.0.0.1:9101/pool/.well-known/jwks.json"
    );
    let china = config(&change(
        "provider.corp.user_pool_id = \"cn-north-1_ExAmP1e99\"",
    ));
    assert_eq!(
        china.providers[0].issuer,
        "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_ExAmP1e99"
    );
}

#[test]
fn values_are_read_as_they_are_meant() {
    let config = config(&change(
        r#"
        server.listen = ["127.0.0.1:0", "[::1]:8081"]
        server.public_url = ["https://a.example", { env = "ORIGIN" }]
        server.path_prefix = "/oauth2"
        server.whoami = "off"
        server.threads = 0x10
        server.max_connections = 5_000
        upstream.url = "http://[::1]/"
        provider.corp.scopes = ["openid,email", "openid api/read"]
        provider.corp.client_auth = "post"
        provider.corp.logout = "local"
        provider.corp.keys_max_age = "off"
        provider.corp.max_auth_age = "12h"
        provider.corp.callback_path = "/login/oauth2/code/cognito"
        session.keys = [{ file = "/run/secrets/session-key" }, { file = "other-key" }]
        session.lifetime = "1h 30m"
        session.outage_grace = "15m"
        session.cookie_name = "__Host-wiki"
        identity.access_right = { claim = "custom:access_right", unmapped = "keep" }
        identity.name = ["name", "nickname"]
        log = { format = "text", level = "warn", user = "plain" }

[[route]]
path = ["/a/*", "/b"]
host = "A.example."
access = "optional"
"#,
    ));
    assert_eq!(config.server.listen.len(), 2);
    assert_eq!(
        config.server.origins[1].as_str(),
        "https://wiki.example.com"
    );
    assert_eq!((config.server.whoami, config.server.threads), (false, 16));
    assert_eq!(config.server.max_connections, Some(5_000));
    assert_eq!(
        config.upstreams.apps[0].address,
        Address::Tcp {
            host: "::1".to_owned(),
            port: 80
        }
    );
    assert_eq!(config.providers[0].scopes, ["openid", "email", "api/read"]);
    assert!(matches!(
        config.providers[0].client_auth,
        ClientAuth::Post(_)
    ));
    assert_eq!(
        config.providers[0].callback_path.as_deref(),
        Some("/login/oauth2/code/cognito")
    );
    assert_eq!(config.providers[0].keys_max_age, None);
    let half_a_day = Duration::from_secs(12 * 3600);
    assert_eq!(config.providers[0].max_auth_age, Some(half_a_day));
    assert_eq!(config.session.keys.len(), 2);
    assert_eq!(config.session.lifetime, Duration::from_secs(5400));
    assert_eq!(config.session.outage_grace, Duration::from_secs(900));
    assert_eq!(
        config.providers[0]
            .identity
            .access_right
            .as_ref()
            .unwrap()
            .claims[0]
            .as_str(),
        "custom:access_right"
    );
    assert_eq!(
        config.providers[0]
            .identity
            .name
            .as_ref()
            .unwrap()
            .claims
            .len(),
        2
    );
    assert_eq!(config.log.level, tracing::Level::WARN);
    let route = &config.routes[0];
    assert_eq!(route.hosts, ["a.example"]);
    assert_eq!(
        route.paths,
        [
            PathPattern::Prefix("/a".into()),
            PathPattern::Exact("/b".into())
        ]
    );
    assert_eq!(route.access, Access::Optional);
}

#[test]
fn several_keys_of_one_file_all_open() {
    let several = config(&change("session.keys = [{ file = \"several-keys\" }]"));
    assert_eq!(several.session.keys.len(), 2);
    assert_eq!(several.session.keys[0].to_base64().as_str(), KEY);
    assert_eq!(several.session.keys[1].to_base64().as_str(), OTHER_KEY);
}

#[test]
fn without_secrets_nothing_is_read_and_nothing_is_wrong_for_that() {
    let texts = [
        SMALLEST.to_owned(),
        change("session.keys = [{ env = \"NONE\" }, { file = \"nowhere\" }]"),
        change(
            "server.public_url = [{ env = \"A\" }, { env = \"B\" }]\n\n[[route]]\nhost = \"x.example\"",
        ),
        change(
            "provider.corp.user_pool_id = { env = \"A\" }\nprovider.corp.region = \"us-east-1\"",
        ),
        change(
            "headers.preset = { env = \"A\" }\nheaders.set = { X-S = { secret = { file = \"nowhere\" } }, X-T = { value = { env = \"B\" }, join = { env = \"C\" }, encoding = { env = \"D\" } } }",
        ),
        change("provider.corp.issuer = { env = \"A\" }\nprovider.corp.domain = { env = \"B\" }"),
        change("provider.corp.kind = { env = \"A\" }\nprovider.corp.scopes = { env = \"B\" }"),
        change(
            "session.lifetime = { env = \"A\" }\nlog.level = { env = \"B\" }\nserver.listen = { env = \"C\" }",
        ),
    ];
    for text in texts {
        let loaded = skip(&text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
        assert!(loaded.warnings.is_empty(), "{text}\n{:?}", loaded.warnings);
    }
    let errors = skip(&change(
        "session.keys = [\"AAAA\"]\nsession.lifetime = \"8\"",
    ))
    .unwrap_err();
    assert_eq!(errors.as_slice().len(), 2);
}

#[test]
fn a_proxys_credentials_are_nowhere_to_be_seen_and_a_change_of_them_is() {
    let with = |url: &str| {
        let text = change("provider.corp.http = { proxy = { env = \"PROXY\" } }");
        let mut outside = Fake::new();
        outside.0.insert("$PROXY".to_owned(), url.to_owned());
        format!("{:?}", read_with(&text, &outside).unwrap().config.providers)
    };
    let (one, other) = (
        with("http://me:s3cr3t@proxy"),
        with("http://me:0ther@proxy"),
    );
    assert!(!one.contains("s3cr3t") && one.contains("proxy"), "{one}");
    assert_eq!(one, with("http://me:s3cr3t@proxy"));
    assert_ne!(one, other);
}

#[test]
fn a_collectors_headers_are_nowhere_to_be_seen_and_its_address_is_whole() {
    for (endpoint, whole) in [
        ("https://c", "https://c/v1/traces"),
        ("https://c/", "https://c/v1/traces"),
        ("https://c/otlp", "https://c/otlp/v1/traces"),
        (
            "http://127.0.0.1:4318/v1/traces",
            "http://127.0.0.1:4318/v1/traces",
        ),
    ] {
        let text = change(&format!(
            "telemetry.otlp = {{ endpoint = \"{endpoint}\", headers = {{ X-Key = {{ env = \"KEY\" }} }} }}"
        ));
        let mut outside = Fake::new();
        outside.0.insert("$KEY".to_owned(), "s3cr3t".to_owned());
        let loaded = read_with(&text, &outside).unwrap();
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        let otlp = loaded.config.telemetry.otlp.unwrap();
        assert_eq!(otlp.endpoint.as_str(), whole);
        assert_eq!(otlp.headers[0].1.as_bytes(), b"s3cr3t");
        assert!(!format!("{otlp:?}").contains("s3cr3t"), "{otlp:?}");
    }
}

#[test]
fn the_benchmarks_configuration_is_a_good_one() {
    let text = r#"
[server]
listen = "127.0.0.1:0"
public_url = "http://127.0.0.1:18080"
admin_listen = "127.0.0.1:0"
threads = 1
[upstream]
url = "http://127.0.0.1:18081"
[provider.bench]
kind = "cognito"
issuer = "http://127.0.0.1:18082/eu-central-1_ExAmP1e99"
client_id = "4exampleclient0000000000aa"
client_secret = { file = "/run/secrets/cognito-client-secret" }
[session]
keys = [{ file = "/run/secrets/session-key" }]
verification_cache = "off"
[identity]
access_right = { claim = "custom:access_right", unmapped = "keep" }
[log]
level = "warn"
[[route]]
path = "/*"
access = "signed-in"
"#;
    let loaded = read(text).unwrap();
    assert!(loaded.warnings.is_empty());
    assert!(loaded.config.routes[0].paths[0].is_everything());
}

#[test]
fn the_demos_configuration_is_a_good_one() {
    let loaded = skip(include_str!("../../../../deploy/demo/vestibule.toml"));
    assert!(loaded.is_ok_and(|loaded| loaded.warnings.is_empty()));
}

#[test]
fn the_example_is_good_and_states_the_defaults() {
    let example = skip(EXAMPLE).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(example.warnings.is_empty(), "{:?}", example.warnings);
    let (example, smallest) = (example.config, skip(SMALLEST).unwrap().config);
    // Field by field, by what Debug shows: a new field is compared without being named here.
    assert_eq!(
        format!("{:?}", example.server),
        format!("{:?}", smallest.server)
    );
    assert_eq!(
        format!("{:?}", example.upstreams),
        format!("{:?}", smallest.upstreams)
    );
    assert_eq!(
        format!("{:?}", example.providers),
        format!("{:?}", smallest.providers)
    );
    assert_eq!(
        format!("{:?}", example.session),
        format!("{:?}", smallest.session)
    );
    assert_eq!(
        format!("{:?}", example.headers),
        format!("{:?}", smallest.headers)
    );
    assert_eq!(format!("{:?}", example.log), format!("{:?}", smallest.log));
    assert_eq!(
        format!("{:?}", example.telemetry),
        format!("{:?}", smallest.telemetry)
    );
    assert_eq!(example.routes.len(), 6, "routes are examples");
}

#[test]
fn every_key_that_the_example_leaves_out_is_good_where_it_stands() {
    let hidden = |line: &str| line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
    let lines: Vec<&str> = EXAMPLE.lines().collect();
    let count = lines.iter().filter(|line| hidden(line)).count();
    assert!(count >= 8, "only {count} lines with a hidden key");
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| hidden(line)) {
        let mut changed = lines.clone();
        changed[index] = &line[1..];
        let mut changed = changed.join("\n");
        if line.starts_with("#tls") {
            changed = changed.replace("http://127.0.0.1:3000", "https://127.0.0.1:3000");
        }
        let result = skip(&changed);
        assert!(result.is_ok(), "{line}\n{}", result.unwrap_err());
    }
}

#[test]
fn the_example_names_every_key_of_this_version() {
    let mut findings = Findings::default();
    let document = toml::de::DeTable::parse(EXAMPLE).unwrap();
    FileConfig::read(document.get_ref(), &mut findings);
    // Sources ({ file = … }) are told in the head of the file.
    let keys: Vec<&str> = findings
        .known()
        .iter()
        .map(|key| key.rsplit('.').next().unwrap())
        .filter(|key| !["provider", "route", "endpoints"].contains(key))
        .collect();
    assert!(keys.len() > 40, "{keys:?}");
    for key in keys {
        let stated = EXAMPLE.lines().any(|line| {
            let line = line.trim_start_matches('#');
            line.starts_with(&format!("{key} "))
                || line.starts_with('[') && line.ends_with(&format!("{key}]"))
        });
        let inside = EXAMPLE.contains(&format!(" {key} = "));
        assert!(stated || inside, "{key} is not in the example");
    }
}

#[test]
fn broken_pieces_of_the_example_never_panic() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % below as u64).unwrap()
    };
    // Without comments, most changes hit something that is read.
    let plain: String = EXAMPLE
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| format!("{line}\n"))
        .collect();
    let pieces = [
        "\"",
        "[",
        "]",
        "{",
        "}",
        "=",
        "\n",
        ".",
        "0",
        "ü",
        "\u{0}",
        "[[route]]\n",
        "access = {}\n",
        "'''",
        "-",
        "1e9",
    ];
    let (mut good, mut bad) = (0, 0);
    for round in 0..4_000 {
        let mut text = plain.clone();
        let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let at = boundaries[random(boundaries.len())];
        match round % 4 {
            0 => text.truncate(at),
            1 => text.insert_str(at, pieces[random(pieces.len())]),
            2 => {
                text.remove(at);
            }
            _ => {
                let mut lines: Vec<&str> = plain.lines().collect();
                let (from, to) = (random(lines.len()), random(lines.len()));
                lines.swap(from, to);
                lines.remove(random(lines.len()));
                text = lines.join("\n");
            }
        }
        match read(&text) {
            Ok(_) => good += 1,
            Err(errors) => {
                bad += 1;
                assert!(!errors.as_slice().is_empty(), "{text}");
                assert!(!errors.to_string().is_empty());
            }
        }
    }
    assert!(good > 100 && bad > 100, "{good} good, {bad} bad");
    for deep in ["[", "{a=", "a.", "[[", "a=["] {
        assert!(read(&deep.repeat(50_000)).is_err(), "{deep}");
    }
}

#[test]
fn real_files_are_read_relative_to_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vestibule.toml");
    let text = SMALLEST.replace("/run/secrets/", "");
    std::fs::write(&path, text).unwrap();
    std::fs::write(folder.path().join("session-key"), KEY).unwrap();
    let errors = load(&path, SecretsMode::Read).unwrap_err();
    assert_eq!(
        found(&Err(errors)),
        [(
            "provider.corp.client_secret".to_owned(),
            "SourceUnreadable".to_owned()
        )]
    );
    std::fs::write(
        folder.path().join("cognito-client-secret"),
        "x".repeat(70_000),
    )
    .unwrap();
    assert!(load(&path, SecretsMode::Read).is_err(), "a secret of 70 KB");
    std::fs::write(folder.path().join("cognito-client-secret"), CLIENT_SECRET).unwrap();
    let loaded = load(&path, SecretsMode::Read).unwrap();
    assert!(loaded.config.server.threads >= 1);
    assert!(load(&path, SecretsMode::Skip).is_ok());
    let errors = load(&folder.path().join("nowhere.toml"), SecretsMode::Read).unwrap_err();
    assert_eq!(
        found(&Err(errors)),
        [(String::new(), "Unreadable".to_owned())]
    );
    std::fs::write(&path, b"\xff\xfe").unwrap();
    assert!(load(&path, SecretsMode::Read).is_err(), "not UTF-8");
}

#[test]
fn another_provider_may_sign_with_what_is_named() {
    let named = config(&change(
        "-provider.corp.user_pool_id\n-provider.corp.domain\nprovider.corp.kind = \"oidc\"\n\
         provider.corp.issuer = \"https://id.example.com\"\n\
         provider.corp.signing_algorithms = [\"ES256\", \"PS384\", \"ES256\", \"EdDSA\"]",
    ));
    assert_eq!(
        named.providers[0].signing_algorithms,
        [Algorithm::Es256, Algorithm::Ps384, Algorithm::EdDsa]
    );
}

#[test]
fn a_template_may_come_from_a_file_or_a_variable() {
    let rules = |value: &str| {
        let loaded = read(&change(&format!("headers.set = {{ X-Person = {value} }}"))).unwrap();
        assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
        format!("{:?}", loaded.config.headers)
    };
    let inline = rules("\"{user} <{email}>\"");
    for value in [
        "{ env = \"PERSON\" }",
        "{ file = \"person-template\" }",
        "{ value = { env = \"PERSON\" } }",
    ] {
        assert_eq!(rules(value), inline, "{value}");
    }
}
