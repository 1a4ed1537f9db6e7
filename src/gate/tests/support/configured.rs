//! A configuration of one provider and no route, and parts of such.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::{CLIENT, ISSUER, ORIGIN};
use crate::config::{
    AuthorizeParams, BearerTokens, ClientAuth, ClientTimeouts, Config, EmailVerified, Endpoints,
    Identity, Listen, Log, LogAs, LogFormat, LogoutReach, Provider, ProviderHttp, ProviderId,
    ProviderKind, Revoked, Server, Session as SessionConfig, Share, Stop, Telemetry, Upstreams,
};
use crate::gate::claims::ClaimPath;
use crate::gate::client::TrustedProxies;
use crate::gate::email::EmailDomains;
use crate::gate::headers::HeaderRules;
use crate::gate::identity::rule::ClaimRule;
use crate::gate::origin::PublicOrigin;
use crate::gate::page::Look;
use crate::gate::page::look::OwnLook;
use crate::gate::policy::Proof;
use crate::gate::request::Forms;
use crate::gate::route::{Access, Manner, PathPattern, Route};
use crate::gate::rule::Grant;
use crate::gate::seal::SecretKey;
use crate::gate::token::Algorithm;

pub(in crate::gate) fn rule(names: &[&str]) -> ClaimRule {
    let paths: Vec<_> = names
        .iter()
        .map(|name| ClaimPath::parse(name).unwrap())
        .collect();
    paths.into()
}

pub(in crate::gate) fn secret_key(byte: u8) -> SecretKey {
    SecretKey::generate(&mut |bytes: &mut [u8]| {
        bytes.fill(byte);
        Ok(())
    })
    .unwrap()
}

pub(in crate::gate) fn origin() -> PublicOrigin {
    PublicOrigin::parse(ORIGIN).unwrap()
}

pub(in crate::gate) fn identity() -> Identity {
    Identity {
        user: rule(&["email"]),
        email: rule(&["email"]),
        name: None,
        groups: rule(&["cognito:groups"]),
        keep_provider_group: false,
        access_right: Some(rule(&["custom:access_right"])),
        order: Vec::new(),
        attributes: Vec::new(),
    }
}

/// Access tokens of these clients, or for these audiences.
fn bearer_tokens(clients: &[&str]) -> BearerTokens {
    let names = || clients.iter().map(|one| (*one).to_owned()).collect();
    BearerTokens {
        clients: Some(names()),
        audiences: names(),
        access: true,
        id: false,
    }
}

pub(in crate::gate) fn provider() -> Provider {
    Provider {
        id: ProviderId("corp".to_owned()),
        kind: ProviderKind::Cognito,
        issuer: ISSUER.to_owned(),
        user_pool_id: None,
        accepted_issuers: Vec::new(),
        endpoints: Endpoints::default(),
        client_id: Some(CLIENT.to_owned()),
        api: bearer_tokens(&[CLIENT]),
        http: ProviderHttp::default(),
        client_auth: ClientAuth::Basic(vec![SecretString::from("the-client-secret")]),
        scopes: vec![
            "openid".to_owned(),
            "profile".to_owned(),
            "email".to_owned(),
        ],
        authorize_params: AuthorizeParams::default(),
        identity_provider: None,
        email_verified: EmailVerified::Auto,
        email_domains: EmailDomains::Any,
        identity: identity(),
        userinfo: false,
        logout: LogoutReach::Provider,
        logout_then: None,
        callback_path: None,
        display_name: None,
        hidden: false,
        signing_algorithms: vec![Algorithm::Rs256],
        keys_max_age: None,
        max_auth_age: None,
    }
}

pub(in crate::gate) fn config() -> Config {
    Config {
        server: Server {
            listen: vec![Listen::Tcp("127.0.0.1:8080".parse().unwrap())],
            socket_mode: 0o660,
            tls: None,
            hsts: None,
            admin_listen: "127.0.0.1:9090".parse().unwrap(),
            origins: vec![origin()],
            path_prefix: "/_vestibule".to_owned(),
            whoami: true,
            trusted_proxies: TrustedProxies::default(),
            forward_auth: None,
            ignore_path_case: false,
            stop: Stop {
                delay: Duration::ZERO,
                grace: Duration::from_secs(25),
            },
            timeouts: ClientTimeouts {
                header: Duration::from_secs(30),
                idle: Duration::from_secs(60),
                write: Duration::from_secs(60),
            },
            threads: 1,
            max_connections: None,
        },
        upstreams: Upstreams {
            apps: Vec::new(),
            default: Some(0),
        },
        providers: vec![provider()],
        session: SessionConfig {
            keys: vec![secret_key(1)],
            lifetime: Duration::from_secs(8 * 3600),
            // Tests of other things let time pass.
            idle_timeout: None,
            key_settle: Duration::from_secs(300),
            outage_grace: Duration::ZERO,
            verification_cache: 32 << 20,
            revoked: Revoked::default(),
            cookie_name: None,
        },
        headers: HeaderRules::default(),
        routes: Vec::new(),
        pages: Arc::new(Look::new(OwnLook::default())),
        log: Log {
            format: LogFormat::Json,
            level: "info".parse().unwrap(),
            user: LogAs::Hash,
            client: LogAs::Plain,
        },
        telemetry: Telemetry {
            sample: Share::ALL,
            otlp: None,
        },
    }
}

pub(in crate::gate) fn route(paths: &[&str], access: Access) -> Route {
    Route {
        hosts: Vec::new(),
        paths: paths
            .iter()
            .map(|path| PathPattern::parse(path).unwrap())
            .collect(),
        methods: Vec::new(),
        access,
        allow_in_path: Forms::default(),
        manner: Manner::default(),
    }
}

/// A token of the configured provider that says nothing.
pub(in crate::gate) fn proof() -> Proof<'static> {
    static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    Proof {
        provider: "corp",
        claims: &NOTHING,
        userinfo: None,
        grant: Grant::default(),
    }
}
