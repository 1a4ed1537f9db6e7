//! Which function answers which path on which of the four origins.

use std::sync::{Mutex, MutexGuard, PoisonError};

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

    pub(crate) async fn answer(&self, origin: Origin, request: &Request) -> Reply {
        let endpoint = Endpoint::find(origin, &request.path);
        if origin == Origin::Admin {
            return self.serve(endpoint, request).await;
        }
        let fault = {
            let mut world = self.world();
            world.journal.arrival(endpoint.name);
            world.faults.status(endpoint.name)
        };
        let reply = match fault {
            Some(status) => Reply::new(status),
            None => self.serve(endpoint, request).await,
        };
        let mut world = self.world();
        let now = world.clock.now();
        world
            .journal
            .answered(endpoint.name, request, reply.status(), now);
        reply
    }

    async fn serve(&self, endpoint: Endpoint, request: &Request) -> Reply {
        match endpoint.handler {
            Handler::Local(handler) => handler(&mut self.world(), request),
            Handler::Federation => cognito::complete_federation(self, request).await,
        }
    }
}
