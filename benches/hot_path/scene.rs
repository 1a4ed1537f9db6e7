//! A signed-in person's request, and all that judges it.
//!
//! The token and its key are frozen (`token.json`), so that instructions are
//! counted of the same work each time.

use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::Value;
use vestibule::config::load::{SecretsMode, load};
use vestibule::config::{Config, ProviderKind};
use vestibule::gate::assertion::Asserter;
use vestibule::gate::assertion::key::AssertionKey;
use vestibule::gate::cookie::Cookies;
pub(crate) use vestibule::gate::headers::Told;
use vestibule::gate::headers::{Evidence, HeaderRules, Name, OriginHeaders};
use vestibule::gate::identity::{KeptClaims, Person};
use vestibule::gate::origin::PublicOrigin;
use vestibule::gate::policy::{self, Permit, Presented, Proof};
use vestibule::gate::request::RequestView;
use vestibule::gate::route::Access;
use vestibule::gate::rule::Grant;
use vestibule::gate::seal::{Context, KeyRing, Purpose, RandomError, SecretKey};
use vestibule::gate::session::{Session, SessionTokens};
use vestibule::gate::time::UnixTime;
use vestibule::gate::token::{Algorithm, KeySet, Verifier};
use vestibule::gate::{Decision, Gate, Known, Seen};

const TOKEN: &str = include_str!("token.json");
const ORIGIN: &str = "https://wiki.example.com";
const ISSUER: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_ExAmP1e99";
const CLIENT: &str = "4exampleclient0000000000aa";
/// While the token holds.
pub(crate) const NOW: UnixTime = UnixTime::from_secs(1_790_000_100);
/// Where requests come from.
pub(crate) const CLIENT_ADDRESS: Option<IpAddr> =
    Some(IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 7)));
/// `session.verification_cache`, its default.
const CACHE: u64 = 32 << 20;

pub(crate) struct Scene {
    pub(crate) gate: Gate,
    pub(crate) keys: KeySet,
    pub(crate) verifier: Verifier,
    pub(crate) ring: KeyRing,
    pub(crate) cookies: Cookies,
    pub(crate) token: String,
    pub(crate) sealed: String,
    pub(crate) headers: HeaderMap,
}

impl Scene {
    /// With every session remembered.
    pub(crate) fn hot() -> Self {
        Self::with_cache(CACHE)
    }

    /// With none.
    pub(crate) fn cold() -> Self {
        Self::with_cache(0)
    }

    /// With a cookie that was never sealed by us, as long as a good one.
    pub(crate) fn junk() -> Self {
        let mut scene = Self::hot();
        let (head, tail) = scene.sealed.split_at_checked(24).unwrap_or_default();
        // The right version and key id: it is the tag that tells.
        let junk: String = tail.chars().rev().collect();
        scene.set_cookie(&format!("{head}{junk}"));
        scene
    }

    pub(crate) fn signed_out() -> Self {
        let mut scene = Self::hot();
        scene.headers.remove(header::COOKIE);
        scene
    }

    fn with_cache(bytes: u64) -> Self {
        let frozen: Value = serde_json::from_str(TOKEN).unwrap_or_default();
        let jwks = frozen.get("jwks").map(Value::to_string).unwrap_or_default();
        let keys = KeySet::parse(jwks.as_bytes(), &[Algorithm::Rs256]);
        let keys = keys.unwrap_or_else(|error| unreachable!("{error}"));
        let token = frozen.get("id_token").and_then(Value::as_str);
        let token = token.unwrap_or_default().to_owned();
        let mut config = config();
        config.session.verification_cache = bytes;
        let verifier = Verifier::new(
            ProviderKind::Cognito,
            vec![ISSUER.to_owned()],
            CLIENT.to_owned(),
        );
        let identity = verifier.verify(&token, &keys, NOW);
        let identity = identity.unwrap_or_else(|error| unreachable!("{error}"));
        let session = Session::establish(
            &identity,
            "corp",
            SessionTokens {
                id_token: token.clone().into(),
                refresh_token: Some("r".repeat(1_700).into()),
                access_token: None,
                kept: KeptClaims::default(),
            },
            [7; 16],
            NOW,
        );
        let ring = KeyRing::new(&config.session.keys).unwrap_or_else(|| unreachable!("one key"));
        let origin = PublicOrigin::parse(ORIGIN).unwrap_or_else(|error| unreachable!("{error}"));
        let cookies = Cookies::new(None, &origin, "/_vestibule");
        let sealed = ring.seal(context(&cookies), &session.encode(NOW), &mut random);
        let sealed = sealed.unwrap_or_else(|error| unreachable!("{error}"));
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (header::HOST, "wiki.example.com"),
            (header::ACCEPT, "text/html"),
            (
                header::USER_AGENT,
                "Mozilla/5.0 (X11; Linux x86_64) Chrome/140",
            ),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let mut scene = Self {
            gate: Gate::new(&config).unwrap_or_else(|error| unreachable!("{error}")),
            keys,
            verifier,
            ring,
            cookies,
            token,
            sealed,
            headers,
        };
        scene.set_cookie(&scene.sealed.clone());
        scene
    }

    fn set_cookie(&mut self, sealed: &str) {
        let name = self.cookies.session_name();
        let value = HeaderValue::try_from(format!("theme=dark; {name}={sealed}; lang=en"));
        let value = value.unwrap_or_else(|error| unreachable!("{error}"));
        self.headers.insert(header::COOKIE, value);
    }

    pub(crate) fn decide(&self) -> Decision {
        let seen = Seen {
            keys: Some(&self.keys),
            ..Seen::default()
        };
        let known = Known {
            providers: &[seen],
            ..Known::default()
        };
        let view = self.view();
        self.gate
            .decide(&view, known, CLIENT_ADDRESS, NOW, &mut random)
    }

    pub(crate) fn view(&self) -> RequestView<'_> {
        RequestView::new(&Method::GET, b"/wiki/page?id=7", None, &self.headers)
            .unwrap_or_else(|error| unreachable!("{error}"))
    }

    pub(crate) fn context(&self) -> Context<'_> {
        context(&self.cookies)
    }
}

/// The headers that say where a request came from.
pub(crate) fn origin_headers() -> Arc<OriginHeaders> {
    let origin = PublicOrigin::parse(ORIGIN).unwrap_or_else(|error| unreachable!("{error}"));
    Arc::new(OriginHeaders::new(&origin))
}

pub(crate) fn signing() -> HeaderRules {
    let key = AssertionKey::generate().unwrap_or_else(|error| unreachable!("{error}"));
    let asserter = Asserter::new("wiki".to_owned(), vec![key]);
    let asserter = asserter.unwrap_or_else(|| unreachable!("one key"));
    let name = Name::parse("X-Vestibule-Assertion");
    let name = name.unwrap_or_else(|error| unreachable!("{error}"));
    HeaderRules::default().with_assertion(name, asserter)
}

pub(crate) fn person() -> Person {
    Person {
        user: "kirsten.holm@example.org".to_owned(),
        email: Some("kirsten.holm@example.org".to_owned()),
        name: Some("Kirsten Holm".to_owned()),
        groups: vec!["Editors".to_owned(), "Brand-Nordics".to_owned()],
        access_right: Some("Local Company".to_owned()),
        attributes: Vec::new(),
    }
}

pub(crate) fn permit() -> Permit {
    let claims = serde_json::Map::new();
    let proof = Proof {
        provider: "corp",
        claims: &claims,
        userinfo: None,
        grant: Grant::default(),
    };
    policy::judge(Access::SignedIn, || {
        Presented::Person(person().into(), proof)
    })
    .unwrap_or_else(|denial| unreachable!("{denial:?}"))
}

pub(crate) fn told(config: &Config) -> Arc<Told> {
    let told = config.headers.tell(&person(), &Evidence::default());
    Arc::new(told.unwrap_or_else(|error| unreachable!("{error}")))
}

fn context(cookies: &Cookies) -> Context<'_> {
    Context {
        purpose: Purpose::Session,
        name: cookies.session_name(),
        origin: ORIGIN,
    }
}

pub(crate) fn config() -> Config {
    let folder = std::env::temp_dir().join(format!("vestibule-bench-{}", std::process::id()));
    let read = || -> Result<Config, Box<dyn std::error::Error>> {
        std::fs::create_dir_all(&folder)?;
        let key = SecretKey::generate(&mut random)?;
        std::fs::write(folder.join("key"), key.to_base64().as_bytes())?;
        std::fs::write(folder.join("secret"), "not-a-real-one")?;
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\npublic_url = \"{ORIGIN}\"\n\
             [upstream]\nurl = \"http://127.0.0.1:1\"\n\
             [provider.corp]\nkind = \"cognito\"\nissuer = \"{ISSUER}\"\nclient_id = \"{CLIENT}\"\n\
             client_secret = {{ file = \"secret\" }}\n\
             [session]\nkeys = [{{ file = \"key\" }}]\n\
             [identity]\naccess_right = \"custom:access_right\"\n"
        );
        let path = folder.join("vestibule.toml");
        std::fs::write(&path, text)?;
        let loaded = load(&path, SecretsMode::Read).map_err(|errors| errors.to_string())?;
        std::fs::remove_dir_all(&folder)?;
        Ok(loaded.config)
    };
    read().unwrap_or_else(|error| unreachable!("{error}"))
}

fn random(bytes: &mut [u8]) -> Result<(), RandomError> {
    vestibule::clock::random(bytes)
}
