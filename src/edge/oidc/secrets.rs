//! The client secrets of one provider: several while they rotate.
//!
//! Owns which one is sent first: the one that was not refused the last time.

use std::sync::atomic::{AtomicUsize, Ordering};

use secrecy::{ExposeSecret, SecretString};

/// How we prove to be our client (RFC 6749 2.3.1), with what.
pub(super) struct Secrets {
    pub(super) method: Method,
    all: Vec<SecretString>,
    /// Place of the one that works, as far as is known.
    works: AtomicUsize,
}

/// Where the secret goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// HTTP Basic.
    Basic,
    /// In the body.
    Post,
    /// There is none.
    None,
}

/// One of them, on its turn.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    place: usize,
    tried: usize,
}

impl Secrets {
    pub(super) fn new(method: Method, all: &[SecretString]) -> Self {
        let copy = |secret: &SecretString| SecretString::from(secret.expose_secret());
        Self {
            method,
            all: all.iter().map(copy).collect(),
            works: AtomicUsize::new(0),
        }
    }

    /// The one to begin with.
    pub(super) fn first(&self) -> Turn {
        Turn {
            place: self.works.load(Ordering::Relaxed),
            tried: 1,
        }
    }

    /// The next one, after the provider has refused our client; `None` if all
    /// have been tried.
    pub(super) fn after(&self, turn: Turn) -> Option<Turn> {
        (turn.tried < self.all.len()).then(|| Turn {
            place: (turn.place + 1) % self.all.len(),
            tried: turn.tried + 1,
        })
    }

    /// Remembers the one that was not refused.
    pub(super) fn worked(&self, turn: Turn) {
        self.works.store(turn.place, Ordering::Relaxed);
    }

    /// The secret itself; `None` for a public client.
    pub(super) fn on(&self, turn: Turn) -> Option<&SecretString> {
        self.all.get(turn.place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_secret_has_its_turn_and_the_one_that_works_is_first_from_then_on() {
        let all = ["a", "b", "c"].map(SecretString::from);
        let secrets = Secrets::new(Method::Basic, &all);
        let shown = |turn| secrets.on(turn).unwrap().expose_secret();
        let mut turn = secrets.first();
        let mut tried = vec![shown(turn)];
        while let Some(next) = secrets.after(turn) {
            turn = next;
            tried.push(shown(turn));
        }
        assert_eq!(tried, ["a", "b", "c"]);
        secrets.worked(secrets.after(secrets.first()).unwrap());
        let first = secrets.first();
        let second = secrets.after(first).unwrap();
        let third = secrets.after(second).unwrap();
        assert_eq!([first, second, third].map(shown), ["b", "c", "a"]);
        assert!(secrets.after(third).is_none());
    }

    #[test]
    fn a_public_client_has_one_turn_without_a_secret() {
        let secrets = Secrets::new(Method::None, &[]);
        assert!(secrets.on(secrets.first()).is_none());
        assert!(secrets.after(secrets.first()).is_none());
    }
}
