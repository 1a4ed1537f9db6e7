//! Which function answers which path on which of the four origins.

use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::header::{CONTENT_TYPE, DATE, LOCATION};

use crate::faults::Deed;
use crate::http::{Reply, Request};
use crate::world::World;
use crate::{admin, cognito, entra};

/// The four listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Issuer,
    Domain,
    Entra,
    Admin,
}

/// A function that answers, under the name that counters and faults use.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    pub(crate) name: &'static str,
    pub(crate) handler: Handler,
}

#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// Answers from the state alone.
    Local(fn(&mut World, &Request) -> Reply),
    /// `/oauth2/idpresponse`: calls the upstream provider, so it must not
    /// hold the lock all the way.
    Federation,
}

/// What a connection has to do.
pub(crate) enum Outcome {
    /// Send this.
    Reply(Reply),
    /// Send the first half of its body, then close.
    Half(Reply),
    /// Send nothing, and close or reset.
    Nothing { reset: bool },
}

impl Outcome {
    /// With another time than the system's.
    fn dated(self, date: &str) -> Self {
        match self {
            Self::Reply(reply) => Self::Reply(reply.with(DATE, date)),
            Self::Half(reply) => Self::Half(reply.with(DATE, date)),
            Self::Nothing { reset } => Self::Nothing { reset },
        }
    }

    /// 0 if nothing was sent.
    fn status(&self) -> u16 {
        match self {
            Self::Reply(reply) | Self::Half(reply) => reply.status(),
            Self::Nothing { .. } => 0,
        }
    }
}

/// The state, shared by all connections.
pub(crate) struct App {
    world: Mutex<World>,
}

impl Endpoint {
    pub(crate) const fn local(
        name: &'static str,
        handler: fn(&mut World, &Request) -> Reply,
    ) -> Self {
        Self {
            name,
            handler: Handler::Local(handler),
        }
    }

    fn find(origin: Origin, path: &str) -> Self {
        match origin {
            Origin::Issuer => cognito::issuer_endpoint(path),
            Origin::Domain => cognito::domain_endpoint(path),
            Origin::Entra => entra::endpoint(path),
            Origin::Admin => Self::local("admin", admin::serve),
        }
    }
}

impl App {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
        }
    }

    /// The state. A handler that died leaves it readable: an emulator that
    /// goes on is worth more than one that fails every later test.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) async fn answer(&self, origin: Origin, request: &Request) -> Outcome {
        let endpoint = Endpoint::find(origin, &request.path);
        if origin == Origin::Admin {
            return Outcome::Reply(self.serve(endpoint, request).await);
        }
        let deed = {
            let mut world = self.world();
            world.journal.arrival(endpoint.name, request);
            world
                .faults
                .deed(endpoint.name, request.form.first("grant_type"))
        };
        let outcome = match deed {
            Some(deed) => self.fail(endpoint, request, deed).await,
            None => Outcome::Reply(self.serve(endpoint, request).await),
        };
        let mut world = self.world();
        let now = world.clock.now();
        world
            .journal
            .answered(endpoint.name, request, outcome.status(), now);
        match world.clock.date() {
            Some(date) => outcome.dated(&date),
            None => outcome,
        }
    }

    /// Carries out what a fault says (cognito.md E18). No lock is held while
    /// time passes.
    async fn fail(&self, endpoint: Endpoint, request: &Request, deed: Deed) -> Outcome {
        match deed {
            Deed::Instead {
                status,
                content_type,
                location,
                body,
            } => {
                let mut reply = Reply::new(status).body(body);
                if let Some(content_type) = content_type {
                    reply = reply.with(CONTENT_TYPE, &content_type);
                }
                if let Some(location) = location {
                    reply = reply.with(LOCATION, &location);
                }
                Outcome::Reply(reply)
            }
            Deed::Late(by) => {
                let reply = self.serve(endpoint, request).await;
                tokio::time::sleep(by).await;
                Outcome::Reply(reply)
            }
            Deed::Silent(time) => {
                tokio::time::sleep(time).await;
                Outcome::Nothing { reset: false }
            }
            Deed::Reset => Outcome::Nothing { reset: true },
            Deed::Cut => Outcome::Half(self.serve(endpoint, request).await),
            Deed::Lost => {
                self.serve(endpoint, request).await;
                Outcome::Nothing { reset: false }
            }
        }
    }

    async fn serve(&self, endpoint: Endpoint, request: &Request) -> Reply {
        match endpoint.handler {
            Handler::Local(handler) => handler(&mut self.world(), request),
            Handler::Federation => cognito::complete_federation(self, request).await,
        }
    }
}
