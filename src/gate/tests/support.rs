//! What the core's tests stand on: a fixed clock, dice that always fall alike,
//! keys and tokens of the emulator, a configuration, and a browser's cookie jar.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, OnceLock};
use std::time::Duration;

use dev_idp::jws::SigningKey;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use url::Url;
use zeroize::Zeroizing;

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
use crate::gate::refresh::Outcome;
use crate::gate::reply::Reply;
use crate::gate::request::{Forms, RequestView};
use crate::gate::route::{Access, Manner, PathPattern, Route};
use crate::gate::rule::Grant;
use crate::gate::seal::{RandomError, SecretKey};
use crate::gate::signin::{Exchange, Tokens};
use crate::gate::time::UnixTime;
use crate::gate::token::{Algorithm, KeySet, VerifiedIdentity, Verifier};
use crate::gate::{Decision, Effect, Forward, Gate, Known, Seen};

pub(in crate::gate) const NOW: UnixTime = UnixTime::from_secs(1_790_000_100);
pub(in crate::gate) const EXP: u64 = 1_790_003_600;
pub(in crate::gate) const POOL: &str = "eu-central-1_ExAmP1e99";
pub(in crate::gate) const ISSUER: &str =
    "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_ExAmP1e99";
pub(in crate::gate) const CLIENT: &str = "4exampleclient0000000000aa";
pub(in crate::gate) const ORIGIN: &str = "https://wiki.example.com";
pub(in crate::gate) const COOKIE: &str = "__Host-vestibule";
pub(in crate::gate) const LOGIN_COOKIE: &str = "__Host-vestibule-login";

/// Small, fast, and the same on every run (SplitMix64).
#[derive(Clone)]
pub(in crate::gate) struct Dice(u64);

impl Dice {
    pub(in crate::gate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(in crate::gate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(in crate::gate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(bound).unwrap()).unwrap()
    }

    pub(in crate::gate) fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }

    pub(in crate::gate) fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RandomError> {
        for byte in bytes {
            *byte = self.roll().to_be_bytes()[0];
        }
        Ok(())
    }
}

pub(in crate::gate) fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs)
}

/// Generated once a process: making an RSA key takes its time.
pub(in crate::gate) fn key() -> &'static SigningKey {
    static KEY: OnceLock<SigningKey> = OnceLock::new();
    KEY.get_or_init(SigningKey::generate)
}

/// The identity of a token that holds.
pub(in crate::gate) fn identity_now() -> VerifiedIdentity {
    let issuers = vec![ISSUER.to_owned()];
    Verifier::new(ProviderKind::Cognito, issuers, CLIENT.to_owned())
        .verify(&key().sign(&id_claims()), &key_set(), NOW)
        .unwrap()
}

pub(in crate::gate) fn jwks(keys: &[&SigningKey]) -> String {
    let keys: Vec<Value> = keys.iter().map(|key| key.public_jwk()).collect();
    json!({ "keys": keys }).to_string()
}

pub(in crate::gate) fn key_set() -> KeySet {
    key_set_of(jwks(&[key()]))
}

/// A set for a provider that may sign with RS256 alone.
pub(in crate::gate) fn key_set_of(document: impl ToString) -> KeySet {
    KeySet::parse(document.to_string().as_bytes(), &[Algorithm::Rs256]).unwrap()
}

/// cognito.md 2.3 (a).
pub(in crate::gate) fn id_claims() -> Value {
    json!({
        "at_hash": "q1w2e3r4t5y6u7i8o9p0Aa",
        "sub": "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
        "cognito:groups": ["Editors", "Brand-Nordics"],
        "email_verified": true,
        "iss": ISSUER,
        "cognito:username": "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
        "custom:access_right": "Local Company",
        "nonce": "n-7Yh2kQ",
        "origin_jti": "0b1c2d3e-0000-4000-8000-000000000001",
        "aud": CLIENT,
        "token_use": "id",
        "auth_time": 1_790_000_000,
        "exp": EXP,
        "iat": 1_790_000_000,
        "jti": "0b1c2d3e-0000-4000-8000-000000000002",
        "email": "kirsten.holm@example.org",
        "given_name": "Kirsten",
        "family_name": "Holm",
    })
}

/// The access token that came with it.
pub(in crate::gate) fn access_claims() -> Value {
    json!({
        "sub": "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
        "cognito:groups": ["Editors", "Brand-Nordics"],
        "iss": ISSUER,
        "version": 2,
        "client_id": CLIENT,
        "origin_jti": "0b1c2d3e-0000-4000-8000-000000000001",
        "token_use": "access",
        "scope": "openid profile email",
        "exp": EXP,
        "iat": 1_790_000_000,
        "username": "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
    })
}

/// Claims with members replaced; null takes one away.
pub(in crate::gate) fn changed(mut claims: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

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
pub(in crate::gate) fn bearer_tokens(clients: &[&str]) -> BearerTokens {
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
            },
            threads: 1,
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

/// A request, as a client sends it.
#[derive(Clone)]
pub(in crate::gate) struct Req {
    method: Method,
    target: String,
    headers: HeaderMap,
}

impl Req {
    pub(in crate::gate) fn new(method: Method, target: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_static("wiki.example.com"));
        Self {
            method,
            target: target.to_owned(),
            headers,
        }
    }

    /// A script's GET.
    pub(in crate::gate) fn get(target: &str) -> Self {
        Self::new(Method::GET, target)
    }

    /// A person's browser opens a page.
    pub(in crate::gate) fn open(target: &str) -> Self {
        Self::get(target).navigates()
    }

    pub(in crate::gate) fn navigates(self) -> Self {
        self.with("accept", "text/html,*/*;q=0.8")
            .with("sec-fetch-site", "none")
            .with("sec-fetch-mode", "navigate")
            .with("sec-fetch-dest", "document")
    }

    /// The same to another target.
    pub(in crate::gate) fn to(self, target: &str) -> Self {
        Self {
            target: target.to_owned(),
            ..self
        }
    }

    /// One header more, beside those of the same name.
    pub(in crate::gate) fn and(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.append(name, value.parse().unwrap());
        self
    }

    /// The header, instead of those of the same name.
    pub(in crate::gate) fn with(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    /// The same with a value of any bytes that a header may hold.
    pub(in crate::gate) fn with_bytes(mut self, name: &str, value: &[u8]) -> Self {
        let name: HeaderName = name.parse().unwrap();
        let value = HeaderValue::from_bytes(value).unwrap();
        self.headers.insert(name, value);
        self
    }

    pub(in crate::gate) fn cookies(self, jar: &Jar) -> Self {
        if jar.0.is_empty() {
            return self;
        }
        self.with("cookie", &jar.header())
    }

    pub(in crate::gate) fn method(&self) -> &Method {
        &self.method
    }

    pub(in crate::gate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    pub(in crate::gate) fn view(&self) -> RequestView<'_> {
        RequestView::new(&self.method, self.target.as_bytes(), None, &self.headers).unwrap()
    }
}

/// A browser's cookies of one origin.
#[derive(Clone, Default)]
pub(in crate::gate) struct Jar(pub(in crate::gate) BTreeMap<String, String>);

impl Jar {
    pub(in crate::gate) fn of(name: &str, value: &str) -> Self {
        Self(BTreeMap::from([(name.to_owned(), value.to_owned())]))
    }

    pub(in crate::gate) fn take_in<'c>(&mut self, set: impl IntoIterator<Item = &'c str>) {
        for set_cookie in set {
            let (pair, attributes) = set_cookie.split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            if attributes.contains("Max-Age=0") {
                self.0.remove(name);
            } else {
                self.0.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(in crate::gate) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    pub(in crate::gate) fn header(&self) -> String {
        let pairs: Vec<String> = self.0.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join("; ")
    }
}

pub(in crate::gate) fn header_of<'r>(reply: &'r Reply, name: &str) -> Option<&'r str> {
    let mut found = reply.headers.iter().filter(|(n, _)| n == name);
    let value = found.next().map(|(_, value)| value.to_str().unwrap());
    assert!(found.next().is_none(), "{name} twice");
    value
}

pub(in crate::gate) fn set_cookies(reply: &Reply) -> Vec<&str> {
    reply
        .headers
        .iter()
        .filter(|(name, _)| name == header::SET_COOKIE)
        .map(|(_, value)| value.to_str().unwrap())
        .collect()
}

pub(in crate::gate) fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status, 302, "{reply:?}");
    header_of(reply, "location").unwrap()
}

/// Where a page leads by itself, without a script.
pub(in crate::gate) fn onward(reply: &Reply) -> Option<String> {
    let html = std::str::from_utf8(&reply.body).unwrap_or_default();
    let refresh = html
        .split("http-equiv=\"refresh\" content=\"0;url=")
        .nth(1)?;
    Some(refresh.split('"').next()?.replace("&amp;", "&"))
}

pub(in crate::gate) fn text(reply: &Reply) -> &str {
    std::str::from_utf8(&reply.body).unwrap()
}

pub(in crate::gate) fn body(reply: &Reply) -> Value {
    assert_eq!(header_of(reply, "content-type"), Some("application/json"));
    serde_json::from_slice(&reply.body).unwrap()
}

/// The core with what the edge would know, and a clock that can be set.
pub(in crate::gate) struct Desk {
    pub(in crate::gate) gate: Gate,
    pub(in crate::gate) keys: Option<KeySet>,
    pub(in crate::gate) logout: Option<Url>,
    /// Providers say that their answers name their issuer.
    pub(in crate::gate) names_itself: bool,
    /// What became of the refresh that the request has waited for.
    pub(in crate::gate) refreshed: Option<Outcome>,
    /// How far our clock is ahead of the provider's, once it has said so.
    pub(in crate::gate) clock_ahead: Option<i64>,
    pub(in crate::gate) now: UnixTime,
    pub(in crate::gate) dice: Dice,
}

/// A login that the browser was sent away for.
pub(in crate::gate) struct Started {
    pub(in crate::gate) state: String,
    pub(in crate::gate) nonce: String,
}

impl Desk {
    pub(in crate::gate) fn new(config: &Config) -> Self {
        Self {
            gate: Gate::new(config).unwrap(),
            keys: Some(key_set()),
            logout: Some(Url::parse("https://login.example.com/logout").unwrap()),
            names_itself: false,
            refreshed: None,
            clock_ahead: None,
            now: NOW,
            dice: Dice::new(42),
        }
    }

    pub(in crate::gate) fn decide(&mut self, req: &Req) -> Decision {
        // Every provider has the same key and the same logout.
        let seen = Seen {
            keys: self.keys.as_ref(),
            logout: self.logout.as_ref(),
            names_itself: self.names_itself,
            clock_ahead: self.clock_ahead,
        };
        let known = Known {
            providers: &[seen; 3],
            refreshed: self.refreshed.as_ref(),
            may_not_renew: false,
        };
        let client = "203.0.113.7".parse().ok();
        let dice = &mut self.dice;
        self.gate
            .decide(&req.view(), known, client, self.now, &mut |bytes| {
                dice.fill(bytes)
            })
    }

    /// The same by a browser that goes on from a page which leads on by itself.
    pub(in crate::gate) fn decide_onward(&mut self, req: &Req) -> Decision {
        match self.decide(req) {
            Decision::Reply(reply) if onward(&reply).is_some() => {
                let on = req.clone().to(&onward(&reply).unwrap());
                self.decide(&on)
            }
            decision => decision,
        }
    }

    pub(in crate::gate) fn reply(&mut self, req: &Req) -> Reply {
        match self.decide(req) {
            Decision::Reply(reply) => reply,
            other => panic!("no reply: {other:?}"),
        }
    }

    pub(in crate::gate) fn forward(&mut self, req: &Req) -> Forward {
        match self.decide(req) {
            Decision::Forward(forward) => *forward,
            other => panic!("not forwarded: {other:?}"),
        }
    }

    /// A login begins; the jar keeps its cookie.
    pub(in crate::gate) fn start(&mut self, req: &Req, jar: &mut Jar) -> Started {
        let authorize = match self.decide_onward(req) {
            Decision::Perform(Effect::Authorize(authorize)) => authorize,
            other => panic!("no login begins: {other:?}"),
        };
        let started = Started {
            state: authorize.state.clone(),
            nonce: authorize.nonce.clone(),
        };
        let url = Url::parse("https://login.example.com/oauth2/authorize?x=y").unwrap();
        let reply = self.gate.login_started(authorize, &url);
        assert_eq!(location(&reply), url.as_str());
        jar.take_in(set_cookies(&reply));
        started
    }

    pub(in crate::gate) fn exchange(&mut self, req: &Req) -> Exchange {
        match self.decide(req) {
            Decision::Perform(Effect::Exchange(exchange)) => exchange,
            other => panic!("no code is redeemed: {other:?}"),
        }
    }

    /// What the edge does with tokens, and the answer.
    pub(in crate::gate) fn finish(
        &mut self,
        req: &Req,
        exchange: &Exchange,
        tokens: Tokens,
        nonce: &str,
    ) -> Reply {
        let keys = self.keys.as_ref().unwrap();
        let provider = exchange.exchange.login().provider();
        let checked = self
            .gate
            .check_tokens(provider, &tokens, nonce, keys, self.now);
        let untimely = |error| {
            self.gate
                .failed_check(provider, error, &tokens.id_token, keys, self.now)
        };
        let checked = checked.map_err(untimely);
        let outcome = checked.map(|checked| (tokens, checked));
        let dice = &mut self.dice;
        self.gate
            .after_exchange(&req.view(), exchange, outcome, self.now, &mut |bytes| {
                dice.fill(bytes)
            })
    }

    /// The whole way, with tokens of these claims.
    pub(in crate::gate) fn sign_in_as(&mut self, rd: &str, claims: &Value, jar: &mut Jar) -> Reply {
        self.sign_in_under("/_vestibule", rd, claims, jar)
    }

    /// The same under another prefix.
    pub(in crate::gate) fn sign_in_under(
        &mut self,
        prefix: &str,
        rd: &str,
        claims: &Value,
        jar: &mut Jar,
    ) -> Reply {
        let rd: String = url::form_urlencoded::byte_serialize(rd.as_bytes()).collect();
        let asked = Req::open(&format!("{prefix}/login?rd={rd}")).cookies(jar);
        let started = self.start(&asked, jar);
        let back = callback_under(prefix, &started.state).cookies(jar);
        let exchange = self.exchange(&back);
        let claims = changed(claims.clone(), &json!({ "nonce": started.nonce }));
        let reply = self.finish(&back, &exchange, tokens(&claims), &started.nonce);
        jar.take_in(set_cookies(&reply));
        reply
    }

    pub(in crate::gate) fn sign_in(&mut self, jar: &mut Jar) {
        let reply = self.sign_in_as("/", &id_claims(), jar);
        assert_eq!(location(&reply), "/");
    }
}

/// Signed in by a provider that gives no refresh token.
pub(in crate::gate) fn signed_in_without_refresh(desk: &mut Desk) -> Jar {
    let mut jar = Jar::default();
    let started = desk.start(&Req::open("/_vestibule/login"), &mut jar);
    let back = callback(&started.state).cookies(&jar);
    let exchange = desk.exchange(&back);
    let mut tokens = tokens(&changed(id_claims(), &json!({ "nonce": started.nonce })));
    tokens.refresh_token = None;
    let reply = desk.finish(&back, &exchange, tokens, &started.nonce);
    jar.take_in(set_cookies(&reply));
    jar
}

/// The provider sends the browser back with a code.
pub(in crate::gate) fn callback(state: &str) -> Req {
    callback_under("/_vestibule", state)
}

fn callback_under(prefix: &str, state: &str) -> Req {
    Req::open(&format!("{prefix}/callback?code=the-code&state={state}"))
        .with("sec-fetch-site", "cross-site")
}

/// Tokens of one answer of the token endpoint.
pub(in crate::gate) fn tokens(id_claims: &Value) -> Tokens {
    let mut access = changed(access_claims(), &json!({ "sub": id_claims["sub"] }));
    for time in ["exp", "iat"] {
        if id_claims[time].as_u64() > access[time].as_u64() {
            access[time] = id_claims[time].clone();
        }
    }
    Tokens {
        id_token: Zeroizing::new(key().sign(id_claims)),
        access_token: Zeroizing::new(key().sign(&access)),
        refresh_token: Some(Zeroizing::new("a-refresh-token".to_owned())),
    }
}
