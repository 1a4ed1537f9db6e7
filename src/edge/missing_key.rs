//! A token names a key that is not known: the provider may have rotated its
//! keys a moment ago.
//!
//! Owns who waits for the next fetch, and how long. A login waits for the next
//! permitted one, and so does a refresh: its token was signed just now. Any other request waits only
//! for a fetch that goes at once, which is a matter of one round trip; during
//! the pause between fetches it is judged by what is known, so that a flood of
//! made-up key ids holds nothing.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::links::Link;
use super::provider::PAUSE;
use super::serving::Serving;
use super::view::Received;
use crate::gate::callback::Failed;
use crate::gate::signin::{Exchange, Tokens};
use crate::gate::token::TokenError;
use crate::gate::userinfo::CheckedTokens;
use crate::gate::{Decision, Effect};
use crate::telemetry::Phases;

/// Most requests that wait for keys at the same time.
pub(super) const WAITERS_MAX: usize = 1_000;
/// How long a login or a refresh waits: the pause, and the fetch itself.
pub(super) const LOGIN_PATIENCE: Duration = PAUSE.saturating_add(Duration::from_secs(2));
/// How long any other request waits for a fetch that goes at once.
const REQUEST_PATIENCE: Duration = Duration::from_secs(3);

impl Serving {
    /// Asks the core, once more if a key is missing and a fetch goes at once.
    pub(super) async fn decide_with_keys(
        &self,
        received: &Received<'_>,
        client: Option<IpAddr>,
        phases: &mut Phases,
    ) -> Decision {
        let mut decision = self.decide(received, client);
        // The decision does not say whose key it was: one provider after the other.
        for link in self.links.iter() {
            if !misses_key(&decision) {
                return decision;
            }
            let mut request = link.state.ask_for_keys();
            let turn = || self.limits.key_waiters.try_acquire().ok();
            let Some(_turn) = request.is_prompt().then(turn).flatten() else {
                continue;
            };
            let since = Instant::now();
            let answered = request.answered(REQUEST_PATIENCE).await;
            phases.waited(since);
            if answered {
                decision = self.decide(received, client);
            }
        }
        decision
    }

    /// Checks fresh tokens, again after each fetch that may have brought the key.
    pub(super) async fn check_with_keys(
        &self,
        link: &Link,
        tokens: &Tokens,
        ask: &Exchange,
    ) -> Result<CheckedTokens, Failed> {
        let is_unknown = |checked: &Result<_, Failed>| {
            matches!(checked, Err(Failed::Token(TokenError::UnknownKey)))
        };
        let nonce = ask.exchange.login().nonce();
        let mut checked = self.check(link, tokens, &nonce);
        if !is_unknown(&checked) {
            return checked;
        }
        let mut request = link.state.ask_for_keys();
        while is_unknown(&checked) && request.answered(LOGIN_PATIENCE).await {
            checked = self.check(link, tokens, &nonce);
        }
        checked
    }
}

fn misses_key(decision: &Decision) -> bool {
    let note = match decision {
        Decision::Reply(reply) => &reply.note,
        Decision::Forward(forward) => &forward.note,
        Decision::Perform(Effect::KeepForm(ask)) => ask.note(),
        Decision::Perform(_) => return false,
    };
    note.reason == Some(TokenError::UnknownKey.reason())
}
