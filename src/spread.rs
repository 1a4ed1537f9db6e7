//! Values of which each thread uses a copy of its own.
//!
//! To count in one number, or to clone one `Arc`, on every request of every
//! thread moves its cache line from core to core, and each waits for it. What
//! is asked or added up seldom is therefore kept in several copies, far enough
//! apart. Must not know what is in them.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Threads beyond this many share copies: that costs time, nothing else.
const COPIES: usize = 16;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static NUMBER: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}

/// The number of the thread that asks: the same for as long as it lives, and no other one's.
#[must_use]
pub fn number() -> usize {
    NUMBER.with(|number| *number)
}

/// On a cache line of its own; processors fetch two at a time.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Apart<T>(pub T);

/// Copies of one value; see above.
#[derive(Debug)]
pub struct Spread<T> {
    first: Apart<T>,
    others: Box<[Apart<T>]>,
}

impl<T> Spread<T> {
    /// Copies that are made one by one, so that they have nothing in common.
    pub fn of(mut copy: impl FnMut() -> T) -> Self {
        Self {
            first: Apart(copy()),
            others: (1..COPIES).map(|_| Apart(copy())).collect(),
        }
    }

    /// The copy of the thread that asks.
    pub fn own(&self) -> &T {
        let other = (number() % COPIES).checked_sub(1);
        let other = other.and_then(|place| self.others.get(place));
        &other.unwrap_or(&self.first).0
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::once(&self.first)
            .chain(&self.others)
            .map(|copy| &copy.0)
    }
}

impl<T: Default> Default for Spread<T> {
    fn default() -> Self {
        Self::of(T::default)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_thread_keeps_its_copy_and_no_two_of_few_share_one() {
        let spread = Spread::<AtomicUsize>::default();
        let seen = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..COPIES {
                scope.spawn(|| {
                    for _ in 0..10 {
                        spread.own().fetch_add(1, Ordering::Relaxed);
                    }
                    seen.lock().unwrap().push(number());
                });
            }
        });
        // Threads of other tests take places meanwhile: most, not all, are apart.
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen.iter().collect::<HashSet<_>>().len(), COPIES);
        let counts: Vec<_> = spread.iter().map(|n| n.load(Ordering::Relaxed)).collect();
        assert_eq!(counts.len(), COPIES);
        assert_eq!(counts.iter().sum::<usize>(), 10 * COPIES);
        let places: HashSet<_> = seen.iter().map(|number| number % COPIES).collect();
        let used = counts.iter().filter(|count| **count > 0).count();
        assert_eq!(places.len(), used, "each counts in its own place");
        assert!(used > 1);
    }

    #[test]
    fn copies_are_far_apart() {
        let spread = Spread::<u8>::default();
        let places: HashSet<_> = spread
            .iter()
            .map(|copy| std::ptr::from_ref(copy) as usize / 128)
            .collect();
        assert_eq!(places.len(), COPIES);
    }
}
