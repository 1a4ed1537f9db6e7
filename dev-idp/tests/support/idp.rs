//! A running emulator and the steps of a login.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dev_idp::{Emulator, Settings};
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::http::{Browser, Response, form, query_of, url};

/// The pair of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct Idp {
    greeting: Value,
    _emulator: Emulator,
    _runtime: Runtime,
}

impl Idp {
    pub(crate) const CALLBACK: &str = "http://localhost:8080/_vestibule/callback";
    pub(crate) const SIGNED_OUT: &str = "http://localhost:8080/_vestibule/signed-out";
    pub(crate) const POOL: &str = "eu-central-1_ExAmP1e99";
    pub(crate) const CLIENT: &str = "4exampleclient0000000000aa";
    pub(crate) const KIRSTEN: (&str, &str) = ("kirsten.holm@example.org", "Vestibule-Demo-1");

    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let emulator = runtime
            .block_on(Emulator::start(&Settings {
                host: [127, 0, 0, 1].into(),
                base_port: 0,
                callbacks: vec!["https://wiki.example.com/_vestibule/callback".to_owned()],
                signouts: Vec::new(),
            }))
            .unwrap();
        Self {
            greeting: emulator.greeting().clone(),
            _emulator: emulator,
            _runtime: runtime,
        }
    }

    /// A member of the ready line.
    pub(crate) fn at(&self, name: &str) -> &str {
        self.greeting[name]
            .as_str()
            .unwrap_or_else(|| panic!("ready line has no {name}"))
    }

    pub(crate) fn domain(&self, path: &str) -> String {
        format!("{}{path}", self.at("domain"))
    }

    pub(crate) fn secret(&self) -> &str {
        self.at("client_secret")
    }

    /// `/oauth2/authorize` with the usual parameters; `changes` replaces or,
    /// with an empty value, leaves out.
    pub(crate) fn authorize_url(&self, changes: &[(&str, &str)]) -> String {
        let mut pairs = vec![
            ("response_type", "code"),
            ("client_id", Self::CLIENT),
            ("redirect_uri", Self::CALLBACK),
            ("state", "st4te"),
            ("scope", "openid profile email"),
            ("nonce", "n0nce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            pairs.retain(|(known, _)| known != name);
            if !value.is_empty() {
                pairs.push((name, value));
            }
        }
        url(&self.domain("/oauth2/authorize"), &pairs)
    }

    /// From the authorize URL through the local form; the answer to the form.
    pub(crate) fn sign_in(
        &self,
        browser: &mut Browser,
        who: (&str, &str),
        changes: &[(&str, &str)],
    ) -> Response {
        let to_login = browser.get(&self.authorize_url(changes));
        let login = to_login.location().to_owned();
        assert!(login.starts_with(&self.domain("/login?")), "{login}");
        let page = browser.get(&login);
        assert_eq!(page.status, 200, "{page:?}");
        let body = form(&[
            ("_csrf", page.input("_csrf")),
            ("username", who.0),
            ("password", who.1),
            ("signInSubmitButton", "Sign in"),
        ]);
        browser.post(&login, &body)
    }

    /// Through the Entra picker; the answer of `/oauth2/idpresponse`.
    pub(crate) fn federate(
        &self,
        browser: &mut Browser,
        slug: &str,
        changes: &[(&str, &str)],
    ) -> Response {
        let mut all = vec![("identity_provider", "entra")];
        all.extend(changes);
        let out = browser.get(&self.authorize_url(&all));
        let picker = out.location().to_owned();
        assert!(picker.starts_with(self.at("entra")), "{picker}");
        let page = browser.get(&picker);
        let back = if page.status == 302 {
            page
        } else {
            browser.post(&picker, &form(&[("user", slug)]))
        };
        browser.get(back.location())
    }

    pub(crate) fn code_of(response: &Response) -> String {
        query_of(response.location())
            .into_iter()
            .find_map(|(name, value)| (name == "code").then_some(value))
            .unwrap_or_else(|| panic!("no code: {response:?}"))
    }

    /// `POST /oauth2/token` with Basic credentials of the demo client.
    pub(crate) fn token(&self, pairs: &[(&str, &str)]) -> Response {
        self.token_as(Self::CLIENT, self.secret(), pairs)
    }

    pub(crate) fn token_as(&self, id: &str, secret: &str, pairs: &[(&str, &str)]) -> Response {
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        Browser::default().send(
            "POST",
            &self.domain("/oauth2/token"),
            &[
                ("content-type", "application/x-www-form-urlencoded"),
                ("authorization", &basic),
            ],
            Some(&form(pairs)),
        )
    }

    pub(crate) fn redeem(&self, code: &str) -> Response {
        self.token(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", Self::CALLBACK),
            ("code_verifier", VERIFIER),
        ])
    }

    pub(crate) fn refresh(&self, token: &str) -> Response {
        self.token(&[("grant_type", "refresh_token"), ("refresh_token", token)])
    }

    /// A whole local login down to the token response.
    pub(crate) fn tokens_of(&self, who: (&str, &str), changes: &[(&str, &str)]) -> Value {
        let answer = self.sign_in(&mut Browser::default(), who, changes);
        let response = self.redeem(&Self::code_of(&answer));
        assert_eq!(response.status, 200, "{response:?}");
        response.json()
    }

    /// A whole federated login down to the token response.
    pub(crate) fn federated_tokens_of(&self, slug: &str, changes: &[(&str, &str)]) -> Value {
        let answer = self.federate(&mut Browser::default(), slug, changes);
        let response = self.redeem(&Self::code_of(&answer));
        assert_eq!(response.status, 200, "{response:?}");
        response.json()
    }

    pub(crate) fn jwks(&self, pool: &str) -> JwkSet {
        let response = Browser::default().get(&format!(
            "{}/{pool}/.well-known/jwks.json",
            self.at("issuer_host")
        ));
        serde_json::from_str(&response.body).unwrap()
    }

    /// Signature by a key of the set, checked by another library; claims only.
    pub(crate) fn verify(&self, pool: &str, token: &str) -> Result<Value, String> {
        let header = decode_header(token).map_err(|e| e.to_string())?;
        let kid = header.kid.ok_or("no kid")?;
        let set = self.jwks(pool);
        let key = set.find(&kid).ok_or("unknown kid")?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation)
            .map(|data| data.claims)
            .map_err(|e| e.to_string())
    }

    /// Claims of a token that must verify against the first pool.
    pub(crate) fn claims(&self, token: &Value) -> Value {
        self.verify(Self::POOL, token.as_str().expect("a token"))
            .unwrap()
    }

    pub(crate) fn admin(&self, method: &str, path: &str, body: Value) -> Response {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        Browser::default().send(
            method,
            &format!("{}{path}", self.at("admin")),
            &[("content-type", "application/json")],
            Some(&body),
        )
    }

    /// An admin call that must succeed.
    pub(crate) fn set(&self, method: &str, path: &str, body: Value) -> Value {
        let response = self.admin(method, path, body);
        assert_eq!(response.status, 200, "{path}: {response:?}");
        response.json()
    }

    pub(crate) fn switch(&self, name: &str, value: &str) {
        self.set(
            "POST",
            "/switches",
            json!({ "pool": Self::POOL, name: value }),
        );
    }

    /// Changes members of the demo client.
    pub(crate) fn client(&self, changes: Value) {
        self.set("PATCH", &format!("/clients/{}", Self::CLIENT), changes);
    }

    pub(crate) fn clock(&self, offset: i64) {
        self.set("POST", "/clock", json!({ "offset_seconds": offset }));
    }

    pub(crate) fn userinfo(&self, access_token: &str) -> Response {
        Browser::default().send(
            "GET",
            &self.domain("/oauth2/userInfo"),
            &[("authorization", &format!("Bearer {access_token}"))],
            None,
        )
    }
}
