//! Where log lines go: gathered from all threads, written by one.
//!
//! Owns the order of lines and that none is lost: a writer that falls behind
//! makes the others wait, and [`flush`] writes what is left before the process
//! ends. Must not know what a line says.
//!
//! A thread that serves requests copies its line into memory and goes on. After
//! each write the writer gathers for a few milliseconds: under load one system
//! call takes many lines, and a line that comes alone is written at once.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

/// How long lines are gathered after a write.
const GATHER: Duration = Duration::from_millis(5);
/// So much may wait for a slow reader, in bytes; then the proxy waits as well.
const PENDING_MAX: usize = 1 << 20;

/// Memory that is kept for lines to come, in bytes.
const KEPT: usize = 64 * 1024;

/// The log of this process: there is one stdout.
static SINK: OnceLock<Sink> = OnceLock::new();

/// Takes lines for stdout.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stdout;

struct Sink {
    has_writer: AtomicBool,
    pending: Mutex<Pending>,
    /// Something to write, for the writer.
    work: Condvar,
    /// Room again, for who waits to add a line.
    room: Condvar,
    /// Held from taking lines to having written them, so that they stay in order.
    out: Mutex<Out>,
}

struct Out {
    to: Box<dyn Write + Send>,
    /// Empty, in turn with what is pending: two pieces of memory for good.
    spare: Vec<u8>,
}

#[derive(Default)]
struct Pending {
    lines: Vec<u8>,
    /// Whether the writer sleeps until it is called.
    is_waited_for: bool,
}

/// Starts the writer. If the system gives no thread for it, whoever adds a line
/// writes it.
pub(super) fn start() {
    let sink = SINK.get_or_init(|| Sink::new(Box::new(io::stdout())));
    let writer = thread::Builder::new().name("log".to_owned());
    let started = writer.spawn(|| sink.write_on()).is_ok();
    sink.has_writer.store(started, Ordering::Release);
}

/// Writes what has been gathered: before the process ends.
pub fn flush() {
    if let Some(sink) = SINK.get() {
        sink.write_pending();
    }
}

/// Adds one whole line, its end included.
pub(super) fn add(line: &[u8]) {
    if let Some(sink) = SINK.get() {
        sink.add(line);
        if !sink.has_writer.load(Ordering::Acquire) {
            sink.write_pending();
        }
    }
}

impl Sink {
    fn new(to: Box<dyn Write + Send>) -> Self {
        Self {
            has_writer: AtomicBool::new(false),
            pending: Mutex::default(),
            work: Condvar::new(),
            room: Condvar::new(),
            out: Mutex::new(Out {
                to,
                spare: Vec::new(),
            }),
        }
    }

    fn add(&self, line: &[u8]) {
        let mut pending = held(&self.pending);
        while pending.lines.len() > PENDING_MAX {
            pending = self
                .room
                .wait(pending)
                .unwrap_or_else(PoisonError::into_inner);
        }
        pending.lines.extend_from_slice(line);
        if std::mem::take(&mut pending.is_waited_for) {
            self.work.notify_one();
        }
    }

    fn write_on(&self) {
        loop {
            {
                let mut pending = held(&self.pending);
                while pending.lines.is_empty() {
                    pending.is_waited_for = true;
                    pending = self
                        .work
                        .wait(pending)
                        .unwrap_or_else(PoisonError::into_inner);
                }
            }
            self.write_pending();
            thread::sleep(GATHER);
        }
    }

    fn write_pending(&self) {
        let mut out = held(&self.out);
        let Out { to, spare } = &mut *out;
        std::mem::swap(&mut held(&self.pending).lines, spare);
        self.room.notify_all();
        // If whoever read them has gone, there is nobody to tell.
        let written = to.write_all(spare).and_then(|()| to.flush());
        drop(written);
        spare.clear();
        spare.shrink_to(KEPT);
    }
}

impl Write for Stdout {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A thread that died in here leaves whole lines behind.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A slow reader of lines.
    #[derive(Clone, Default)]
    struct Reader(Arc<Mutex<Vec<u8>>>);

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            thread::yield_now();
            held(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_of_many_threads_stay_whole_and_in_order_and_none_is_lost() {
        const THREADS: usize = 8;
        const LINES: usize = 2_000;
        // Long enough that more is written than may be pending.
        let filler = "x".repeat(200);
        let reader = Reader::default();
        let sink: &'static Sink = Box::leak(Box::new(Sink::new(Box::new(reader.clone()))));
        thread::spawn(|| sink.write_on());
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let filler = &filler;
                scope.spawn(move || {
                    for line in 0..LINES {
                        sink.add(format!("{thread} {line} {filler}\n").as_bytes());
                    }
                });
            }
        });
        sink.write_pending();
        let written = String::from_utf8(held(&reader.0).clone()).unwrap();
        let mut next = [0; THREADS];
        for line in written.lines() {
            let mut words = line.split(' ');
            let mut number = || words.next().unwrap().parse::<usize>().unwrap();
            let (thread, line) = (number(), number());
            assert_eq!(line, next[thread], "of thread {thread}");
            assert_eq!(words.next(), Some(filler.as_str()));
            next[thread] += 1;
        }
        assert_eq!(next, [LINES; THREADS]);
    }
}
