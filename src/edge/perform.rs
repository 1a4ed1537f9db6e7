//! Effects: what the core asks for before it can answer, carried out against
//! the provider.
//!
//! Decides nothing: each result goes back to the core.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::task::JoinSet;
use zeroize::Zeroizing;

use super::links::Link;
use super::serving::Serving;
use super::view::Received;
use crate::clock;
use crate::gate::callback::Failed;
use crate::gate::reply::Reply;
use crate::gate::signin::{Exchange, ExchangeError, Tokens};
use crate::gate::signout::Logout;
use crate::gate::userinfo::{CheckedTokens, UserinfoError};
use crate::gate::{Decision, Effect};

impl Serving {
    pub(super) async fn perform(
        &self,
        effect: Effect,
        received: Received<'static>,
        client: Option<IpAddr>,
    ) -> Decision {
        let Ok(view) = received.view() else {
            let why = "the request cannot be read";
            return Decision::Reply(Reply::bad_request(why, "request_unreadable"));
        };
        let reply = match effect {
            Effect::Refresh(ask) => {
                let outcome = self.refresher.begin(&self.gate, ask).end().await;
                return self.decide_on(&view, client, Some(&outcome));
            }
            Effect::Authorize(ask) => {
                let Some(link) = self.links.named(&ask.provider) else {
                    return Decision::Reply(self.gate.login_impossible(&view, &mut clock::random));
                };
                if !link.is_there().await {
                    return Decision::Reply(self.gate.login_impossible(&view, &mut clock::random));
                }
                let snapshot = link.state.snapshot();
                let url = snapshot
                    .endpoints
                    .as_ref()
                    .and_then(|endpoints| link.relying_party.authorize_url(&ask, endpoints).ok());
                match url {
                    Some(url) => {
                        self.counters.logins.count(link.id(), "started");
                        self.gate.login_started(ask, &url)
                    }
                    None => self.gate.login_impossible(&view, &mut clock::random),
                }
            }
            Effect::Exchange(ask) => {
                let outcome = self.redeem(&ask).await;
                let (now, rng) = (clock::now(), &mut clock::random);
                let reply = self.gate.after_exchange(&view, &ask, outcome, now, rng);
                let result = match reply.note.outcome {
                    "signed_in" => "done",
                    _ => "failed",
                };
                let provider = ask.exchange.login().provider();
                self.counters.logins.count(provider, result);
                reply
            }
            // Its body is not at hand here.
            Effect::KeepForm(ask) => ask.otherwise(),
            Effect::Logout(logout) => {
                self.ends.look_again();
                let Logout {
                    refresh_tokens,
                    reply,
                } = logout;
                self.revoke_all(refresh_tokens).await;
                reply
            }
        };
        Decision::Reply(reply)
    }

    /// All at the same time: a sign-out waits for all no longer than for one.
    async fn revoke_all(&self, tokens: Vec<(String, Zeroizing<String>)>) {
        let mut revocations = JoinSet::new();
        for (provider, token) in tokens {
            let links = Arc::clone(&self.links);
            revocations.spawn(async move {
                if let Some(link) = links.named(&provider) {
                    link.revoke(&token).await;
                }
            });
        }
        while revocations.join_next().await.is_some() {}
    }

    /// From a code to tokens that both verifiers accept.
    async fn redeem(&self, ask: &Exchange) -> Result<(Tokens, CheckedTokens), Failed> {
        let provider = ask.exchange.login().provider();
        let link = self.links.named(provider);
        let link = link.ok_or(ExchangeError::Unavailable)?;
        let endpoints = link.state.snapshot().endpoints.clone();
        let endpoints = endpoints.ok_or(ExchangeError::Unavailable)?;
        let tokens = {
            // Whoever replays a login of their own with made-up codes must not
            // make the provider throttle everybody.
            let nonce = ask.exchange.login().nonce();
            let turn = link.turns.exchange(&nonce);
            let _turn = turn.ok_or(ExchangeError::Unavailable)?;
            link.relying_party.exchange(ask, &endpoints).await?
        };
        self.gate.check_sizes(provider, &tokens)?;
        let mut checked = self.check_with_keys(link, &tokens, ask).await?;
        if self.gate.wants_userinfo(provider) {
            let endpoint = endpoints.userinfo.as_ref();
            let endpoint = endpoint.ok_or(UserinfoError::Unavailable)?;
            let answer = link
                .relying_party
                .userinfo(&tokens.access_token, endpoint)
                .await?;
            self.gate.take_userinfo(&mut checked, &answer)?;
        }
        Ok((tokens, checked))
    }

    pub(super) fn check(
        &self,
        link: &Link,
        tokens: &Tokens,
        nonce: &str,
    ) -> Result<CheckedTokens, Failed> {
        let snapshot = link.state.snapshot();
        let now = clock::now();
        let keys = snapshot.keys(now).ok_or(ExchangeError::Unavailable)?;
        let checked = self
            .gate
            .check_tokens(link.id(), tokens, nonce, keys, now)
            .map_err(|error| {
                let token = &tokens.id_token;
                self.gate.failed_check(link.id(), error, token, keys, now)
            })?;
        link.relying_party.second_opinion(
            tokens,
            Some(nonce),
            &checked.identity,
            &snapshot,
            now,
        )?;
        Ok(checked)
    }
}
