//! What one instance remembers beyond a request.
//!
//! A reload of the configuration builds a new [`Gate`](super::Gate) around the
//! same memory. Everything in here is bounded, and nothing is lost with it that
//! a person could not do without: there is no store.

use super::activity::Activity;
use super::denied::Denied;
use super::newer::Newer;
use super::refresh::Jitter;
use super::seal::{RandomError, Rng};

/// The memory of one instance.
#[derive(Debug, Default)]
pub struct Memory {
    /// Which sessions have been ended here.
    pub denied: Denied,
    /// When each session was last in use.
    pub activity: Activity,
    /// Which sessions have been refreshed here.
    pub newer: Newer,
    /// How far this instance refreshes before or after the others.
    pub jitter: Jitter,
}

impl Memory {
    /// An empty memory, with this instance's own jitter.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn new(rng: Rng<'_>) -> Result<Self, RandomError> {
        Ok(Self {
            denied: Denied::default(),
            activity: Activity::default(),
            newer: Newer::default(),
            jitter: Jitter::roll(rng)?,
        })
    }
}
