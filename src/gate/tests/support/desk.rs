//! The core with what the edge would know, and the whole way of a login.

use serde_json::{Value, json};
use url::Url;

use super::browser::callback_under;
use super::{
    Dice, Jar, NOW, Req, callback, changed, id_claims, key_set, location, onward, set_cookies,
    tokens,
};
use crate::config::Config;
use crate::gate::refresh::Outcome;
use crate::gate::reply::Reply;
use crate::gate::signin::{Exchange, Tokens};
use crate::gate::time::UnixTime;
use crate::gate::token::KeySet;
use crate::gate::{Decision, Effect, Forward, Gate, Known, Seen};

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

/// Somebody who has signed in under this configuration.
pub(in crate::gate) fn signed_in_under(config: &Config) -> (Desk, Jar) {
    let mut desk = Desk::new(config);
    let mut jar = Jar::default();
    let prefix = &config.server.path_prefix;
    let reply = desk.sign_in_under(prefix, "/", &id_claims(), &mut jar);
    assert_eq!(location(&reply), "/");
    (desk, jar)
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
