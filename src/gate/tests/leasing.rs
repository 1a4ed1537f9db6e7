//! How long a connection goes on that outlives its request.

use std::sync::Arc;
use std::time::Duration;

use super::support::{Desk, EXP, Jar, NOW, Req, config, id_claims, route, rule, secret_key};
use crate::config::{Config, Revoked};
use crate::gate::Gate;
use crate::gate::lease::Lease;
use crate::gate::origin::PublicOrigin;
use crate::gate::policy::NoIdentity;
use crate::gate::refresh::Mark;
use crate::gate::route::Access;
use crate::gate::rule::{Condition, Rule, Rules, Values};
use crate::gate::session::tests::{of_generation, session_of};
use crate::gate::time::UnixTime;
use crate::gate::token::TokenError;

/// Ten minutes past the end of the token.
const OVER: UnixTime = UnixTime::from_secs(EXP + 600);
/// From `iat` to `exp`.
const LIFE: u64 = 3_600;

/// Whether an answer that was decided upon at the sign-in may still write its cookie.
fn may_write(desk: &Desk, lease: &Lease, now: UnixTime) -> bool {
    let mark = Mark::new(lease.session(), NOW);
    desk.gate.may_write(lease, &mark, now)
}

fn open(config: &Config) -> (Desk, Jar, Lease) {
    let mut desk = Desk::new(config);
    let mut jar = Jar::default();
    desk.sign_in(&mut jar);
    let lease = desk.forward(&Req::get("/socket").cookies(&jar)).lease;
    (desk, jar, lease.unwrap())
}

/// For eight hours, however seldom it is used.
fn long() -> Config {
    let mut config = config();
    config.session.lifetime = Duration::from_secs(8 * 3_600);
    config
}

#[test]
fn a_connection_ends_ten_minutes_past_its_token() {
    let (desk, _, mut lease) = open(&long());
    assert_eq!(desk.gate.renew(&mut lease, NOW), Ok(OVER.since(NOW)));
    let before = UnixTime::from_secs(OVER.secs() - 1);
    assert_eq!(desk.gate.renew(&mut lease, before), Ok(1));
    let over = Err(NoIdentity::Token(TokenError::Expired));
    assert_eq!(desk.gate.renew(&mut lease, OVER), over);
    assert_eq!(desk.gate.renew(&mut lease, OVER.plus(3_600)), over);
}

#[test]
fn a_newer_generation_that_is_seen_here_lets_it_go_on_for_a_tokens_life() {
    let (desk, _, mut lease) = open(&long());
    let now = UnixTime::from_secs(EXP - 300);
    let end = desk.gate.end_of_life(lease.session());
    let newer = Arc::new(of_generation(lease.session(), 1));
    desk.gate.memory.newer.look(&newer, end, now);
    assert_eq!(desk.gate.renew(&mut lease, now), Ok(LIFE + 600));
    // The same generation again is no news.
    assert!(desk.gate.renew(&mut lease, OVER).is_ok());
    assert_eq!(
        desk.gate.renew(&mut lease, now.plus(LIFE + 600)),
        Err(NoIdentity::Token(TokenError::Expired))
    );
    // Of another session it is none at all.
    let (desk, _, mut lease) = open(&long());
    let other = of_generation(&session_of([7; 16], NOW), 1);
    desk.gate.memory.newer.look(&Arc::new(other), end, now);
    assert!(desk.gate.renew(&mut lease, OVER).is_err());
}

#[test]
fn a_connection_ends_with_the_lifetime_of_its_session() {
    let mut config = config();
    config.session.lifetime = Duration::from_secs(1_800);
    let (desk, _, mut lease) = open(&config);
    assert_eq!(desk.gate.renew(&mut lease, NOW), Ok(1_800));
    assert!(desk.gate.renew(&mut lease, NOW.plus(1_799)).is_ok());
    assert_eq!(
        desk.gate.renew(&mut lease, NOW.plus(1_800)),
        Err(NoIdentity::LifetimeOver)
    );
    assert!(!may_write(&desk, &lease, NOW.plus(1_800)));
}

#[test]
fn a_connection_does_not_end_for_want_of_other_requests() {
    let mut config = long();
    config.session.idle_timeout = Some(Duration::from_secs(60));
    let (mut desk, jar, mut lease) = open(&config);
    desk.now = NOW.plus(600);
    let idle = desk.reply(&Req::get("/socket").cookies(&jar));
    assert_eq!(idle.note.reason, Some("session_idle"));
    assert!(desk.gate.renew(&mut lease, desk.now).is_ok());
}

#[test]
fn only_what_somebody_was_let_through_for_has_a_lease() {
    let mut config = config();
    config.routes = vec![
        route(&["/open/"], Access::Public),
        route(&["/o/"], Access::Optional),
    ];
    let (mut desk, jar, _) = open(&config);
    for (target, with_cookies, leased) in [
        ("/open/x", true, false),
        ("/o/x", false, false),
        ("/o/x", true, true),
        ("/x", true, true),
    ] {
        let req = match with_cookies {
            true => Req::get(target).cookies(&jar),
            false => Req::get(target),
        };
        assert_eq!(desk.forward(&req).lease.is_some(), leased, "{target}");
    }
}

#[test]
fn signing_out_in_another_tab_ends_it() {
    let (mut desk, jar, mut lease) = open(&long());
    assert!(may_write(&desk, &lease, NOW));
    desk.decide(&Req::open("/_vestibule/logout").cookies(&jar));
    assert_eq!(desk.gate.renew(&mut lease, NOW), Err(NoIdentity::Denied));
    assert!(!may_write(&desk, &lease, NOW), "nor is it sealed again");
}

#[test]
fn a_new_configuration_that_refuses_the_session_ends_it() {
    let subject = id_claims()["sub"].as_str().unwrap().to_owned();
    let revoked = [
        Revoked {
            subjects: [subject].into(),
            ..Revoked::default()
        },
        Revoked {
            signed_in_before: Some(NOW.plus(1)),
            ..Revoked::default()
        },
    ];
    let (desk, _, mut lease) = open(&long());
    assert!(desk.gate.renew(&mut lease, NOW).is_ok());
    for revoked in revoked {
        let mut config = long();
        config.session.revoked = revoked;
        let reloaded = Gate::new(&config).unwrap();
        assert_eq!(reloaded.renew(&mut lease, NOW), Err(NoIdentity::Revoked));
    }
}

#[test]
fn what_was_decided_before_a_newer_generation_was_seen_is_not_written() {
    let (desk, _, lease) = open(&long());
    assert!(may_write(&desk, &lease, NOW));
    // The app takes its time; meanwhile another tab has brought the refreshed cookie.
    let newer = Arc::new(of_generation(lease.session(), 1));
    desk.gate.memory.newer.look(&newer, NOW.plus(86_400), NOW);
    assert!(!may_write(&desk, &lease, NOW));
}

/// What a new configuration makes of an open connection: why it ends, if it does.
fn reloaded(
    before: &Config,
    target: &str,
    signed_in: bool,
    change: impl FnOnce(&mut Config),
) -> Option<&'static str> {
    let (mut desk, jar, _) = open(before);
    let req = match signed_in {
        true => Req::get(target).cookies(&jar),
        false => Req::get(target),
    };
    let mut lease = desk.forward(&req).lease;
    let stays =
        |gate: &Gate, lease: &mut Option<Lease>| gate.stays_open(lease.as_mut(), &req.view(), NOW);
    assert!(stays(&desk.gate, &mut lease).is_ok(), "before the reload");
    let mut config = long();
    config.routes.clone_from(&before.routes);
    change(&mut config);
    let gate = desk.gate.succeeded_by(&config, NOW).unwrap();
    stays(&gate, &mut lease).err().map(|why| why.reason())
}

fn groups(group: &str) -> Access {
    let groups = Values::new(vec![group.to_owned()]).unwrap();
    let rule = Rule::new(vec![Condition::Groups(groups)]).unwrap();
    Access::Rules(Arc::new(Rules::new(vec![rule]).unwrap()))
}

#[test]
fn a_connection_ends_when_a_reload_refuses_its_route() {
    let ends = |access: Access| {
        reloaded(&long(), "/socket", true, |config| {
            config.routes = vec![route(&["/socket"], access)];
        })
    };
    assert_eq!(ends(Access::SignedIn), None);
    assert_eq!(ends(Access::Public), None);
    assert_eq!(ends(groups("Editors")), None);
    assert_eq!(ends(groups("Admins")), Some("rule_groups"));
    assert_eq!(ends(Access::Nobody), Some("route_closed"));
    // By another name, method or app.
    let changed = |change: fn(&mut Config)| reloaded(&long(), "/socket", true, change);
    let post: fn(&mut Config) = |config| {
        let mut route = route(&["/socket"], Access::SignedIn);
        route.methods = vec![http::Method::POST];
        config.routes = vec![route];
    };
    assert_eq!(changed(post), Some("no-rule-for-method"));
    let host: fn(&mut Config) = |config| {
        let moved = PublicOrigin::parse("https://moved.example.com").unwrap();
        config.server.origins = vec![moved];
    };
    assert_eq!(changed(host), Some("route_closed"));
    let no_app: fn(&mut Config) = |config| config.upstreams.default = None;
    assert_eq!(changed(no_app), Some("route_closed"));
    let ours: fn(&mut Config) = |config| config.server.path_prefix = "/socket".to_owned();
    assert_eq!(changed(ours), Some("route_closed"));
    // The map makes another person of the same claims.
    let no_user: fn(&mut Config) =
        |config| config.providers[0].identity.user = rule(&["custom:user"]);
    assert_eq!(changed(no_user), Some("no_user_claim"));
    let client: fn(&mut Config) =
        |config| config.providers[0].client_id = Some("another".to_owned());
    assert_eq!(changed(client), Some("token_audience"));
}

#[test]
fn a_connection_of_nobody_ends_when_a_reload_asks_for_somebody() {
    let mut open = long();
    open.routes = vec![
        route(&["/news"], Access::Public),
        route(&["/maybe"], Access::Optional),
    ];
    for target in ["/news", "/maybe"] {
        let ends = |access: Access| {
            reloaded(&open, target, false, |config| {
                config.routes = vec![route(&[target], access)];
            })
        };
        assert_eq!(ends(Access::Public), None);
        assert_eq!(ends(Access::Optional), None);
        assert_eq!(ends(Access::SignedIn), Some("no_cookie"));
    }
}

#[test]
fn a_connection_ends_with_the_key_that_had_sealed_its_cookie() {
    let ends = |keys: &[u8]| {
        let keys = keys.iter().map(|byte| secret_key(*byte)).collect();
        reloaded(&long(), "/socket", true, |config| {
            config.session.keys = keys
        })
    };
    assert_eq!(ends(&[1, 2]), None);
    assert_eq!(ends(&[2, 1]), None, "it is the second one now");
    assert_eq!(ends(&[2]), Some("cookie_key_retired"));
}
