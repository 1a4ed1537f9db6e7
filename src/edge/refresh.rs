//! Refreshing at the provider: one call for a session, however many requests
//! want it, and a result that outlives all of them.
//!
//! Owns the calls under way (`flights` says who joins which). Decides nothing: what tokens have to be, how long
//! to wait after a failure and what becomes of the session is the core's.

mod flights;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use self::flights::{Awaited, Flights};
use super::links::{Link, Links};
use super::missing_key::LOGIN_PATIENCE;
use super::provider::Resolved;
use crate::clock;
use crate::gate::Gate;
use crate::gate::refresh::{Outcome, Pauses, Refresh, RefreshError};
use crate::gate::session::SessionId;
use crate::gate::signin::Tokens;
use crate::gate::token::TokenError;
use crate::gate::userinfo::{CheckedTokens, UserinfoError};

/// Longest that one refresh may take, its turn included.
const PATIENCE: Duration = Duration::from_secs(20);

/// All refreshes of this instance.
pub struct Refresher {
    links: Arc<Links>,
    state: Arc<Mutex<State>>,
    /// How they ended, for metrics.
    pub counters: Arc<RefreshCounters>,
}

/// How refreshes ended.
#[derive(Debug, Default)]
pub struct RefreshCounters {
    /// With newer tokens.
    pub renewed: AtomicU64,
    /// With a no, or with tokens that do not hold.
    pub refused: AtomicU64,
    /// Without a provider that could be asked.
    pub unavailable: AtomicU64,
}

#[derive(Default)]
struct State {
    flights: Flights,
    pauses: Pauses,
}

/// A refresh that has begun, or is over already.
pub enum Flight {
    /// It is over, or will not be tried now.
    Over(Outcome),
    /// It is under way.
    Under(Awaited),
}

impl std::fmt::Debug for Refresher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refresher")
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Flight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Over(_) => "Over",
            Self::Under(_) => "Under",
        })
    }
}

impl Flight {
    /// Waits for the end.
    pub async fn end(self) -> Outcome {
        let mut under = match self {
            Self::Over(outcome) => return outcome,
            Self::Under(under) => under,
        };
        let ended = under.wait_for(Option::is_some).await;
        let outcome = ended.ok().and_then(|outcome| outcome.clone());
        outcome.unwrap_or(Err(RefreshError::Unavailable("refresh_aborted")))
    }
}

impl Refresher {
    /// Refreshes at these providers.
    #[must_use]
    pub fn new(links: Arc<Links>) -> Self {
        Self {
            links,
            state: Arc::default(),
            counters: Arc::default(),
        }
    }

    /// The same by other clients or at other providers. Refreshes under way
    /// are joined as before: a rotated token is never sent twice.
    #[must_use]
    pub fn succeeded_by(&self, links: Arc<Links>) -> Self {
        Self {
            links,
            state: Arc::clone(&self.state),
            counters: Arc::clone(&self.counters),
        }
    }

    /// Begins a refresh, or joins the one of the same session. It runs on by
    /// itself, whatever becomes of the request: a token that has been rotated
    /// must not get lost with a closed tab.
    pub fn begin(self: &Arc<Self>, gate: &Arc<Gate>, ask: Refresh) -> Flight {
        let now = clock::now();
        let mut state = self.state();
        if let Some(under) = state.flights.join(ask.id(), ask.generation()) {
            return Flight::Under(under);
        }
        // Asked under the lock: a refresh leaves `flights` only after its
        // result can be found.
        if let Some(session) = gate.refreshed_before(&ask) {
            return Flight::Over(Ok(session));
        }
        let (id, generation) = (*ask.id(), ask.generation());
        let may_ask = state.pauses.may_ask(ask.provider(), &id, generation, now);
        if let Err(why) = may_ask {
            return Flight::Over(Err(why));
        }
        let (told, under) = watch::channel(None);
        state.flights.begin(id, generation, under.clone());
        drop(state);
        let landing = Landing {
            refresher: Arc::clone(self),
            id,
            generation,
        };
        let gate = Arc::clone(gate);
        tokio::spawn(async move {
            let refresher = &landing.refresher;
            let asked = timeout(PATIENCE, refresher.renew(&gate, &ask)).await;
            let outcome = asked.unwrap_or(Err(RefreshError::Unavailable("refresh_timeout")));
            refresher.note(&gate, &ask, &outcome);
            drop(landing);
            told.send_replace(Some(outcome));
        });
        Flight::Under(under)
    }

    /// One refresh, from the call to the session.
    async fn renew(&self, gate: &Gate, ask: &Refresh) -> Outcome {
        let not_ready = RefreshError::Unavailable("provider_not_ready");
        let link = self.links.named(ask.provider()).ok_or(not_ready)?;
        let out = RefreshError::Unavailable("refresh_turn");
        let _turn = link.turns.refresh().await.ok_or(out)?;
        let endpoints = link.state.snapshot().endpoints.clone();
        let endpoints = endpoints.ok_or(not_ready)?;
        let token = ask
            .refresh_token()
            .ok_or(RefreshError::Refused("refresh_token_missing"))?;
        let tokens = link.relying_party.refresh(token, &endpoints).await?;
        let given = tokens.refresh_token.clone();
        let is_rotated = given.as_ref().is_some_and(|given| given != token);
        let outcome = Self::take(gate, link, ask, tokens, &endpoints).await;
        let is_for_nobody = match &outcome {
            // Signed out while it was on its way.
            Err(RefreshError::Ended(_)) => true,
            // It came with what does not hold.
            Err(RefreshError::Refused(_)) => is_rotated,
            // Where the rest cannot be asked for, the session goes on by the
            // token that it has, and a revocation might end that too.
            Ok(_) | Err(RefreshError::Unavailable(_)) => false,
        };
        if is_for_nobody
            && let Some(token) = given
            && let Some(endpoint) = &endpoints.revocation
        {
            link.relying_party.revoke(&token, endpoint).await;
        }
        outcome
    }

    /// From tokens to the session: checked by whatever keys there are.
    async fn take(
        gate: &Gate,
        link: &Link,
        ask: &Refresh,
        tokens: Tokens,
        endpoints: &Resolved,
    ) -> Outcome {
        let mut checked = check(gate, link, ask, &tokens);
        if matches!(checked, Err(TokenError::UnknownKey)) {
            // The keys may have been rotated a moment ago.
            let mut request = link.state.ask_for_keys();
            while matches!(checked, Err(TokenError::UnknownKey))
                && request.answered(LOGIN_PATIENCE).await
            {
                checked = check(gate, link, ask, &tokens);
            }
        }
        let mut checked = checked.map_err(|error| match error {
            TokenError::UnknownKey => RefreshError::Unavailable(error.reason()),
            _ => RefreshError::Refused(error.reason()),
        })?;
        if gate.wants_userinfo(link.id()) {
            let answer = match &endpoints.userinfo {
                Some(endpoint) => {
                    let access_token = &tokens.access_token;
                    link.relying_party.userinfo(access_token, endpoint).await
                }
                None => Err(UserinfoError::Unavailable),
            };
            gate.take_userinfo_again(ask, &mut checked, answer)
                .map_err(|error| RefreshError::Refused(error.reason()))?;
        }
        gate.refreshed(ask, tokens, checked, clock::now())
    }

    /// Remembers how it went, before the next request may ask.
    fn note(&self, gate: &Gate, ask: &Refresh, outcome: &Outcome) {
        let (now, provider) = (clock::now(), ask.provider());
        let mut state = self.state();
        let pauses = &mut state.pauses;
        let counter = match outcome {
            Ok(session) => {
                let due = self.links.named(session.provider()).is_some_and(|link| {
                    let snapshot = link.state.snapshot();
                    let is_due = |keys| gate.is_due_again(session, keys, now);
                    snapshot.keys(now).is_some_and(is_due)
                });
                let generation = session.generation();
                pauses.succeeded(provider, ask.id(), generation, due, now);
                &self.counters.renewed
            }
            Err(why) => {
                pauses.failed(provider, ask.id(), ask.generation(), *why, now);
                match why {
                    RefreshError::Unavailable(_) => &self.counters.unavailable,
                    RefreshError::Refused(_) | RefreshError::Ended(_) => &self.counters.refused,
                }
            }
        };
        drop(state);
        counter.fetch_add(1, Ordering::Relaxed);
        match outcome {
            Ok(_) => tracing::debug!("a session has newer tokens"),
            Err(RefreshError::Unavailable(reason)) => {
                tracing::warn!(
                    provider,
                    reason,
                    "the provider cannot be asked for newer tokens"
                );
            }
            Err(why) => tracing::info!(reason = why.reason(), "a session is not renewed"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whole entries are left behind whatever happens in here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(
    gate: &Gate,
    link: &Link,
    ask: &Refresh,
    tokens: &Tokens,
) -> Result<CheckedTokens, TokenError> {
    let (snapshot, now) = (link.state.snapshot(), clock::now());
    let keys = snapshot.keys(now).ok_or(TokenError::UnknownKey)?;
    let checked = gate.check_refreshed(ask, tokens, keys, now)?;
    link.relying_party
        .second_opinion(tokens, None, &checked.identity, &snapshot, now)
        .map_err(|_| TokenError::Claim)?;
    Ok(checked)
}

/// Ends a flight, also one whose task was dropped.
struct Landing {
    refresher: Arc<Refresher>,
    id: SessionId,
    generation: u32,
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut state = self.refresher.state();
        state.flights.land(&self.id, self.generation);
    }
}
