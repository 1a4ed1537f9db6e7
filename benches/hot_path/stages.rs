//! The stages of a request, each by name: what is timed and what is counted.

use std::hint::black_box;
use std::sync::Arc;

use serde_json::{Map, Value};
use vestibule::gate::Decision;
use vestibule::gate::headers::Evidence;
use vestibule::gate::identity::{KeptClaims, Mapping};
use vestibule::gate::policy::{self, Presented, Proof};
use vestibule::gate::route::Access;
use vestibule::gate::rule::{Condition, Grant, Rule, Rules, Values};
use vestibule::gate::session::Session;

use crate::scene::{self, CLIENT_ADDRESS, NOW, Scene};

/// What is done once.
pub(crate) type Stage = Box<dyn FnMut()>;

/// In the order of a request: the whole of it, then its parts.
pub(crate) const NAMES: &[&str] = &[
    "decide_hot",
    "decide_cold",
    "decide_junk",
    "decide_signed_out",
    "1_view",
    "2_cookie",
    "3_open",
    "4_decode",
    "5_verify",
    "6_map",
    "6_tell",
    "7_judge",
    "8_edits",
    "8_edits_signed",
    "9_managed",
    "9_strip",
];

/// A browser's header names.
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

/// A stage by its name, with all that it needs at hand.
pub(crate) fn stage(name: &str) -> Option<Stage> {
    Some(match name {
        // The whole of it for a session that was verified before.
        "decide_hot" => decide(Scene::hot(), true),
        // The same where nothing is remembered: seal, signature, all that follows.
        "decide_cold" => decide(Scene::cold(), true),
        // To hold against `decide_cold`: an attacker's request must not cost more.
        "decide_junk" => decide(Scene::junk(), false),
        "decide_signed_out" => decide(Scene::signed_out(), false),
        // Request line and headers.
        "1_view" => with(Scene::hot(), |scene| {
            black_box(scene.view().path().canonical().len());
        }),
        // The Cookie header to our sealed text.
        "2_cookie" => with(Scene::hot(), |scene| {
            let presented = scene.cookies.presented(scene.view().cookie_headers());
            black_box(presented.only_session().map(<[u8]>::len));
        }),
        // base64 and AES-256-GCM of 2.7 KB.
        "3_open" => with(Scene::hot(), |scene| {
            let opened = scene.ring.open(scene.context(), scene.sealed.as_bytes());
            black_box(opened.is_ok());
        }),
        // The session's fields.
        "4_decode" => {
            let scene = Scene::hot();
            let opened = scene.ring.open(scene.context(), scene.sealed.as_bytes());
            let opened = opened.ok()?;
            Box::new(move || {
                black_box(Session::decode(&opened.plain).is_ok());
            })
        }
        // One RSA-2048 signature and all claims.
        "5_verify" => with(Scene::hot(), |scene| {
            let verified = scene.verifier.verify(&scene.token, &scene.keys, NOW);
            black_box(verified.is_ok());
        }),
        // Once per verified token: who its claims describe.
        "6_map" => {
            let (scene, config) = (Scene::hot(), scene::config());
            let provider = config.providers.first()?;
            let mapping = Mapping::new(&provider.identity, provider);
            let verified = scene.verifier.verify(&scene.token, &scene.keys, NOW);
            let (verified, kept) = (verified.ok()?, KeptClaims::default());
            Box::new(move || {
                black_box(mapping.person(&verified, &kept).is_ok());
            })
        }
        // Once per verified token: what the app is told of a person.
        "6_tell" => {
            let (config, person) = (scene::config(), scene::person());
            Box::new(move || {
                black_box(config.headers.tell(&person, &Evidence::default()).is_ok());
            })
        }
        "7_judge" => judge(),
        // Per request: of what was told and where the request came from.
        "8_edits" => {
            let config = scene::config();
            let told = scene::told(&config);
            edits(config.headers, told)
        }
        // The same with a signed assertion, which is at hand.
        "8_edits_signed" => {
            let rules = scene::signing();
            let told = rules.tell(&scene::person(), &Evidence::default());
            edits(rules, Arc::new(told.ok()?))
        }
        // Which of a browser's headers are removed.
        "9_managed" => {
            let rules = scene::config().headers;
            Box::new(move || {
                let managed = |name: &&&str| rules.is_managed(black_box(name));
                black_box(SENT.iter().filter(managed).count());
            })
        }
        // Our cookies go out of the header.
        "9_strip" => with(Scene::hot(), |scene| {
            let headers = scene.view();
            for header in headers.cookie_headers() {
                black_box(scene.gate.strip_cookies(header));
            }
        }),
        _ => return None,
    })
}

fn with(scene: Scene, work: fn(&Scene)) -> Stage {
    Box::new(move || work(&scene))
}

fn decide(scene: Scene, forwards: bool) -> Stage {
    Box::new(move || {
        let decision = scene.decide();
        assert_eq!(matches!(decision, Decision::Forward(_)), forwards);
        black_box(decision);
    })
}

/// By a rule on groups, the second of two.
fn judge() -> Stage {
    let person = Arc::new(scene::person());
    let group = |name: &str| {
        let values = Values::new(vec![name.to_owned()])?;
        Rule::new(vec![Condition::Groups(values)])
    };
    let tables = ["Admins", "Editors"].into_iter().filter_map(group);
    let rules = Rules::new(tables.collect());
    let access = rules.map_or(Access::SignedIn, |rules| Access::Rules(Arc::new(rules)));
    let claims = Map::<String, Value>::new();
    Box::new(move || {
        let proof = Proof {
            provider: "corp",
            claims: &claims,
            userinfo: None,
            grant: Grant::default(),
        };
        let presented = || Presented::Person(Arc::clone(&person), proof);
        black_box(policy::judge(access.clone(), presented).is_ok());
    })
}

fn edits(rules: vestibule::gate::headers::HeaderRules, told: Arc<scene::Told>) -> Stage {
    let (permit, origin) = (scene::permit(), scene::origin_headers());
    Box::new(move || {
        let tell = |_: &_| Ok(Arc::clone(&told));
        let edits = rules.edits(&permit, tell, &origin, CLIENT_ADDRESS, NOW);
        black_box(edits.map(|edits| edits.set().count()).is_ok());
    })
}
