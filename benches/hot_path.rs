//! What one request costs in the core: as a whole, and by stage.
//!
//! `cargo bench` prints times; they depend on the machine. Compare lines of
//! one run with each other: `verify` is the floor that RSA-2048 sets.

use std::hint::black_box;
use std::sync::Arc;

use dev_idp::jws::SigningKey;
use divan::{AllocProfiler, Bencher};
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::json;
use vestibule::config::Config;
use vestibule::config::load::{SecretsMode, load};
use vestibule::gate::assertion::Asserter;
use vestibule::gate::assertion::key::AssertionKey;
use vestibule::gate::cookie::Cookies;
use vestibule::gate::headers::{Evidence, HeaderRules, Name, OriginHeaders, Told};
use vestibule::gate::identity::{KeptClaims, Person};
use vestibule::gate::origin::PublicOrigin;
use vestibule::gate::policy::{self, Permit, Presented, Proof};
use vestibule::gate::request::RequestView;
use vestibule::gate::route::Access;
use vestibule::gate::seal::{Context, KeyRing, Purpose, RandomError, SecretKey};
use vestibule::gate::session::{Session, SessionTokens};
use vestibule::gate::time::UnixTime;
use vestibule::gate::token::{Algorithm, KeySet, Verifier};
use vestibule::gate::{Decision, Gate, Known};

const ORIGIN: &str = "https://wiki.example.com";
const ISSUER: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_ExAmP1e99";
const CLIENT: &str = "4exampleclient0000000000aa";
const NOW: UnixTime = UnixTime::from_secs(1_790_000_100);

/// A signed-in person's request, and all that judges it.
struct Scene {
    gate: Gate,
    keys: KeySet,
    verifier: Verifier,
    ring: KeyRing,
    cookies: Cookies,
    token: String,
    sealed: String,
    headers: HeaderMap,
}

/// Counts allocations beside the times.
#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

fn main() {
    divan::main();
}

impl Scene {
    fn new() -> Self {
        Self::with_cache(32 << 20)
    }

    fn with_cache(bytes: u64) -> Self {
        let signer = SigningKey::generate();
        let keys = KeySet::parse(
            json!({ "keys": [signer.public_jwk()] })
                .to_string()
                .as_bytes(),
            &[Algorithm::Rs256],
        );
        let keys = keys.unwrap_or_else(|error| unreachable!("{error}"));
        let token = signer.sign(&claims());
        let mut config = config();
        config.session.verification_cache = bytes;
        let verifier = Verifier::new(
            config.provider.kind,
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
            (header::HOST, "wiki.example.com".to_owned()),
            (header::ACCEPT, "text/html".to_owned()),
            (
                header::USER_AGENT,
                "Mozilla/5.0 (X11; Linux x86_64) Chrome/140".to_owned(),
            ),
            (
                header::COOKIE,
                format!("theme=dark; {}={sealed}; lang=en", cookies.session_name()),
            ),
        ] {
            let value = HeaderValue::try_from(value);
            headers.insert(name, value.unwrap_or_else(|error| unreachable!("{error}")));
        }
        Self {
            gate: Gate::new(&config).unwrap_or_else(|error| unreachable!("{error}")),
            keys,
            verifier,
            ring,
            cookies,
            token,
            sealed,
            headers,
        }
    }

    fn decide(&self) -> Decision {
        let known = Known {
            keys: Some(&self.keys),
            logout: None,
            refreshed: None,
        };
        self.gate
            .decide(&self.view(), known, None, NOW, &mut random)
    }

    fn view(&self) -> RequestView<'_> {
        RequestView::new(&Method::GET, b"/wiki/page?id=7", None, &self.headers)
            .unwrap_or_else(|error| unreachable!("{error}"))
    }
}

/// The whole of it, from the request to the header edits, for a session that was
/// verified before.
#[divan::bench]
fn decide_hot(bencher: Bencher<'_, '_>) {
    decide(bencher, &Scene::new());
}

/// The same where nothing is remembered: the seal, the signature, all that follows.
#[divan::bench]
fn decide_cold(bencher: Bencher<'_, '_>) {
    decide(bencher, &Scene::with_cache(0));
}

/// A cookie that was never sealed by us, as long as a good one: to hold against `decide_cold`.
#[divan::bench]
fn decide_junk(bencher: Bencher<'_, '_>) {
    let mut scene = Scene::new();
    let name = scene.cookies.session_name();
    let junk = scene.sealed.chars().rev().collect::<String>();
    let header = HeaderValue::try_from(format!("theme=dark; {name}={junk}; lang=en"));
    let header = header.unwrap_or_else(|error| unreachable!("{error}"));
    scene.headers.insert(header::COOKIE, header);
    bencher.bench_local(|| scene.decide());
}

fn decide(bencher: Bencher<'_, '_>, scene: &Scene) {
    bencher.bench_local(|| {
        let decision = scene.decide();
        assert!(matches!(decision, Decision::Forward(_)));
        decision
    });
}

/// A request without a session.
#[divan::bench]
fn decide_signed_out(bencher: Bencher<'_, '_>) {
    let mut scene = Scene::new();
    scene.headers.remove(header::COOKIE);
    bencher.bench_local(|| scene.decide());
}

/// Request line and headers to a view.
#[divan::bench]
fn stage_1_view(bencher: Bencher<'_, '_>) {
    let scene = Scene::new();
    bencher.bench_local(|| black_box(scene.view().path().canonical().len()));
}

/// The Cookie header to our sealed text.
#[divan::bench]
fn stage_2_cookie(bencher: Bencher<'_, '_>) {
    let scene = Scene::new();
    let view = scene.view();
    bencher.bench_local(|| scene.cookies.presented(view.cookie_headers()));
}

/// AES-256-GCM, then the session's fields.
#[divan::bench]
fn stage_3_open(bencher: Bencher<'_, '_>) {
    let scene = Scene::new();
    bencher.bench_local(|| {
        let opened = scene
            .ring
            .open(context(&scene.cookies), scene.sealed.as_bytes());
        opened.map(|opened| Session::decode(&opened.plain).is_ok())
    });
}

/// One RSA-2048 signature and all claims.
#[divan::bench]
fn stage_4_verify(bencher: Bencher<'_, '_>) {
    let scene = Scene::new();
    bencher.bench_local(|| scene.verifier.verify(&scene.token, &scene.keys, NOW));
}

/// Once per verified token: what the app is told of a person.
#[divan::bench]
fn stage_5_tell(bencher: Bencher<'_, '_>) {
    let config = config();
    let person = person();
    bencher.bench_local(|| config.headers.tell(&person, &Evidence::default()));
}

/// Per request: the edits, of what was told and where the request came from.
#[divan::bench]
fn stage_6_edits(bencher: Bencher<'_, '_>) {
    let config = config();
    let (permit, told) = (permit(), told(&config));
    let origin = PublicOrigin::parse(ORIGIN).unwrap_or_else(|error| unreachable!("{error}"));
    let origin = Arc::new(OriginHeaders::new(&origin));
    let client = Some(std::net::IpAddr::from([203, 0, 113, 7]));
    bencher.bench_local(|| {
        let edits = config
            .headers
            .edits(&permit, |_| Ok(Arc::clone(&told)), &origin, client, NOW);
        edits.map(|edits| edits.set().count())
    });
}

/// Per request: the same with a signed assertion, which is at hand.
#[divan::bench]
fn stage_6_edits_with_assertion(bencher: Bencher<'_, '_>) {
    let rules = signing();
    let told = rules.tell(&person(), &Evidence::default());
    let told = Arc::new(told.unwrap_or_else(|error| unreachable!("{error}")));
    let permit = permit();
    let origin = PublicOrigin::parse(ORIGIN).unwrap_or_else(|error| unreachable!("{error}"));
    let origin = Arc::new(OriginHeaders::new(&origin));
    let client = Some(std::net::IpAddr::from([203, 0, 113, 7]));
    bencher.bench_local(|| {
        let edits = rules.edits(&permit, |_| Ok(Arc::clone(&told)), &origin, client, NOW);
        edits.map(|edits| edits.set().count())
    });
}

/// Once in three minutes of a session: signing it.
#[divan::bench]
fn once_in_minutes_sign(bencher: Bencher<'_, '_>) {
    let rules = signing();
    let told = rules.tell(&person(), &Evidence::default());
    let told = told.unwrap_or_else(|error| unreachable!("{error}"));
    let mut now = NOW;
    bencher.bench_local(|| {
        now = now.plus(300);
        told.assertion().map(|(_, assertion)| assertion.at(now))
    });
}

/// Per request: which of a browser's headers are removed.
#[divan::bench]
fn stage_7_managed(bencher: Bencher<'_, '_>) {
    const SENT: &[&str] = &[
        "host",
        "connection",
        "cache-control",
        "sec-ch-ua",
        "sec-ch-ua-mobile",
        "sec-ch-ua-platform",
        "upgrade-insecure-requests",
        "user-agent",
        "accept",
        "sec-fetch-site",
        "sec-fetch-mode",
        "sec-fetch-dest",
        "accept-encoding",
        "accept-language",
        "cookie",
        "x-forwarded-for",
        "x-requested-with",
        "traceparent",
    ];
    let config = config();
    bencher.bench_local(|| {
        let managed = |name: &&&str| config.headers.is_managed(black_box(name));
        SENT.iter().filter(managed).count()
    });
}

fn signing() -> HeaderRules {
    let key = AssertionKey::generate().unwrap_or_else(|error| unreachable!("{error}"));
    let asserter = Asserter::new("wiki".to_owned(), vec![key]);
    let asserter = asserter.unwrap_or_else(|| unreachable!("one key"));
    let name = Name::parse("X-Vestibule-Assertion");
    let name = name.unwrap_or_else(|error| unreachable!("{error}"));
    HeaderRules::default().with_assertion(name, asserter)
}

fn person() -> Person {
    Person {
        user: "kirsten.holm@example.org".to_owned(),
        email: Some("kirsten.holm@example.org".to_owned()),
        name: Some("Kirsten Holm".to_owned()),
        groups: vec!["Editors".to_owned(), "Brand-Nordics".to_owned()],
        access_right: Some("Local Company".to_owned()),
        attributes: Vec::new(),
    }
}

fn permit() -> Permit {
    let claims = serde_json::Map::new();
    let proof = Proof {
        provider: "corp",
        claims: &claims,
        userinfo: None,
    };
    policy::judge(Access::SignedIn, || {
        Presented::Person(person().into(), proof)
    })
    .unwrap_or_else(|denial| unreachable!("{denial:?}"))
}

fn told(config: &Config) -> Arc<Told> {
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

fn claims() -> serde_json::Value {
    json!({
        "at_hash": "q1w2e3r4t5y6u7i8o9p0Aa", "sub": "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
        "cognito:groups": ["Editors", "Brand-Nordics"], "email_verified": true, "iss": ISSUER,
        "cognito:username": "d3a4f8c2-10b1-70aa-9c55-0e2f6a7b8c9d",
        "custom:access_right": "Local Company", "nonce": "n-7Yh2kQ",
        "origin_jti": "0b1c2d3e-0000-4000-8000-000000000001", "aud": CLIENT,
        "event_id": "0b1c2d3e-0000-4000-8000-0000000000ee", "token_use": "id",
        "auth_time": 1_790_000_000, "exp": 1_790_003_600, "iat": 1_790_000_000,
        "jti": "0b1c2d3e-0000-4000-8000-000000000002", "email": "kirsten.holm@example.org",
        "given_name": "Kirsten", "family_name": "Holm",
    })
}

fn config() -> Config {
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
