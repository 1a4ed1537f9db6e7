//! Spans between the end of their request and the collector.
//!
//! Owns that no request ever waits for a collector: what does not fit is
//! dropped and counted. Must not know how spans are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use super::span::Record;

/// Most requests that wait to be sent: some megabytes at worst.
const QUEUE_MAX: usize = 4096;
/// Most requests that are sent at once.
const BATCH_MAX: usize = 256;
/// How long others are waited for, to be sent together.
const GATHER: Duration = Duration::from_secs(1);

/// Takes what is to be sent.
#[derive(Clone, Debug)]
pub struct Queue {
    to: mpsc::Sender<Message>,
    counts: Arc<Counts>,
}

/// What became of spans.
#[derive(Debug, Default)]
pub struct Counts {
    /// The collector has them.
    pub sent: AtomicU64,
    /// There was no room for them: more requests are recorded than are sent.
    pub overflowed: AtomicU64,
    /// The collector could not be reached, or did not want them.
    pub refused: AtomicU64,
}

#[derive(Debug)]
enum Message {
    Record(Box<Record>),
    /// All before it have been sent, or not: somebody waits for that.
    Flush(oneshot::Sender<()>),
}

/// Hands out what is to be sent.
#[derive(Debug)]
pub struct Records {
    from: mpsc::Receiver<Message>,
    counts: Arc<Counts>,
}

/// What is sent together.
#[derive(Debug, Default)]
pub struct Batch {
    records: Vec<Record>,
    /// Who waits for it, if it is to be sent at once.
    flushes: Vec<oneshot::Sender<()>>,
}

impl Queue {
    /// A queue, and its other end.
    #[must_use]
    pub fn new() -> (Self, Records) {
        let (to, from) = mpsc::channel(QUEUE_MAX);
        let counts = Arc::<Counts>::default();
        let queue = Self {
            to,
            counts: Arc::clone(&counts),
        };
        (queue, Records { from, counts })
    }

    /// What became of spans so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Never waits.
    pub(super) fn add(&self, record: Record) {
        let spans = record.count();
        if self.to.try_send(Message::Record(Box::new(record))).is_err() {
            self.counts.overflowed.fetch_add(spans, Ordering::Relaxed);
        }
    }

    /// Has all that is in it sent, and waits for that; not for longer than `limit`.
    /// False if it was not over by then.
    pub async fn flush(&self, limit: Duration) -> bool {
        let (told, done) = oneshot::channel();
        let flushed = async {
            self.to.send(Message::Flush(told)).await.ok()?;
            done.await.ok()
        };
        matches!(timeout(limit, flushed).await, Ok(Some(())))
    }
}

impl Records {
    /// The next ones, once there are some. `None` if nobody adds any more.
    pub async fn next(&mut self) -> Option<Batch> {
        let mut batch = Batch::default();
        batch.take(self.from.recv().await?);
        let gathered = sleep(GATHER);
        tokio::pin!(gathered);
        while batch.records.len() < BATCH_MAX && batch.flushes.is_empty() {
            tokio::select! {
                message = self.from.recv() => match message {
                    Some(message) => batch.take(message),
                    None => break,
                },
                () = &mut gathered => break,
            }
        }
        Some(batch)
    }

    /// What became of spans so far.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.counts
    }
}

impl Batch {
    fn take(&mut self, message: Message) {
        match message {
            Message::Record(record) => self.records.push(*record),
            Message::Flush(told) => self.flushes.push(told),
        }
    }

    /// Whether somebody waits for it.
    #[must_use]
    pub fn is_urgent(&self) -> bool {
        !self.flushes.is_empty()
    }

    /// Its spans; they are taken out.
    pub fn spans(&mut self) -> Vec<Span> {
        let records = std::mem::take(&mut self.records);
        records.into_iter().flat_map(Record::into_spans).collect()
    }

    /// It has been dealt with.
    pub fn done(self) {
        for flush in self.flushes {
            // Whoever waited may have gone.
            let _told = flush.send(());
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::telemetry::phases::Phases;
    use crate::telemetry::span::Spans;
    use crate::telemetry::trace::Trace;

    fn record() -> Record {
        Record {
            trace: Trace::of(&HeaderMap::new(), || true).unwrap(),
            spans: Spans::new().unwrap(),
            phases: Phases::all(),
            ended: Duration::from_secs(1_795_260_181),
            lasted: Duration::from_secs(2),
            method: "GET".to_owned(),
            path: "/".to_owned(),
            status: 200,
            outcome: "forwarded",
            reason: None,
            route: None,
            upstream: None,
            user: None,
        }
    }

    #[tokio::test]
    async fn what_there_is_no_room_for_is_counted_and_nobody_waits() {
        let (queue, mut records) = Queue::new();
        for _ in 0..QUEUE_MAX + 3 {
            queue.add(record());
        }
        // Each of them is four spans.
        assert_eq!(queue.counts().overflowed.load(Ordering::Relaxed), 12);
        let mut batch = records.next().await.unwrap();
        assert!(!batch.is_urgent());
        assert_eq!(batch.spans().len(), 4 * BATCH_MAX);
    }

    #[tokio::test]
    async fn a_flush_hurries_what_is_before_it() {
        let (queue, mut records) = Queue::new();
        queue.add(record());
        let flushed = queue.flush(Duration::from_secs(60));
        let sent = async {
            let mut batch = records.next().await.unwrap();
            assert!(batch.is_urgent());
            assert_eq!(batch.spans().len(), 4);
            batch.done();
        };
        let (flushed, ()) = tokio::join!(flushed, sent);
        assert!(flushed);
        assert!(!queue.flush(Duration::ZERO).await, "nobody reads any more");
    }
}
