//! Which refreshes are under way, and who joins which.
//!
//! Owns one flight for each session: the one of its newest generation. A
//! request with an older cookie joins it; one with a newer cookie does not join
//! a flight of before, whose refresh token is another one, and whose end says
//! nothing of its own.

use std::collections::HashMap;

use tokio::sync::watch;

use crate::gate::refresh::Outcome;
use crate::gate::session::SessionId;

/// What those who wait hear in the end.
pub(super) type Awaited = watch::Receiver<Option<Outcome>>;

/// The flights; see above.
#[derive(Default)]
pub(super) struct Flights {
    under_way: HashMap<SessionId, Flight>,
}

struct Flight {
    generation: u32,
    awaited: Awaited,
}

impl Flights {
    /// The flight that serves a session of this generation.
    pub(super) fn join(&self, id: &SessionId, generation: u32) -> Option<Awaited> {
        let flight = self.under_way.get(id)?;
        (flight.generation >= generation).then(|| flight.awaited.clone())
    }

    /// One that nobody could join begins. An older one of the session flies on,
    /// for those who wait for it already.
    pub(super) fn begin(&mut self, id: SessionId, generation: u32, awaited: Awaited) {
        let flight = Flight {
            generation,
            awaited,
        };
        self.under_way.insert(id, flight);
    }

    /// The flight of this generation has ended.
    pub(super) fn land(&mut self, id: &SessionId, generation: u32) {
        if let Some(flight) = self.under_way.get(id)
            && flight.generation == generation
        {
            self.under_way.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::refresh::RefreshError;

    const ID: SessionId = [1; 16];

    fn flight(why: &'static str) -> Awaited {
        watch::channel(Some(Err(RefreshError::Refused(why)))).1
    }

    fn joined(flights: &Flights, generation: u32) -> Option<&'static str> {
        let outcome = flights.join(&ID, generation)?.borrow().clone();
        outcome.and_then(Result::err).map(RefreshError::reason)
    }

    #[test]
    fn a_session_joins_a_flight_of_its_generation_or_a_newer_one_and_no_older_one() {
        let mut flights = Flights::default();
        flights.begin(ID, 3, flight("third"));
        assert_eq!(joined(&flights, 2), Some("third"));
        assert_eq!(joined(&flights, 3), Some("third"));
        assert_eq!(joined(&flights, 4), None, "its refresh token is another");
        assert!(flights.join(&[2; 16], 3).is_none(), "another session");
        flights.begin(ID, 4, flight("fourth"));
        for generation in [3, 4] {
            assert_eq!(joined(&flights, generation), Some("fourth"));
        }
    }

    #[test]
    fn an_older_flight_that_lands_does_not_take_the_newer_one_with_it() {
        let mut flights = Flights::default();
        flights.begin(ID, 3, flight("third"));
        flights.begin(ID, 4, flight("fourth"));
        flights.land(&ID, 3);
        assert_eq!(joined(&flights, 4), Some("fourth"));
        flights.land(&ID, 4);
        assert_eq!(joined(&flights, 0), None);
    }
}
