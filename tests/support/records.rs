//! What a run leaves under `target/test-logs/` for `suite::log_scan`: the logs of every Vestibule
//! process, and every value that must not be in them.
//!
//! Each test is a process of its own, so all of it is files. A secret is one line of
//! `secrets/*.tsv`: its kind, a tab, its value.

use std::collections::HashSet;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

/// Shorter values would be found by chance.
const SHORTEST_SECRET: usize = 8;

static SEEN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);

/// The build's target directory, wherever it is.
pub(crate) fn target_dir() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .parent()
        .expect("the target directory")
        .to_path_buf()
}

/// The directory of this run's logs.
pub(crate) fn log_dir() -> PathBuf {
    let dir = target_dir().join("test-logs").join("logs");
    fs::create_dir_all(&dir).expect("the log directory");
    dir
}

/// The directory of the lists of secrets.
pub(crate) fn secret_dir() -> PathBuf {
    let dir = target_dir().join("test-logs").join("secrets");
    fs::create_dir_all(&dir).expect("the directory of secrets");
    dir
}

/// A name no other process or test uses: test, process id, counter.
pub(crate) fn unique(label: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let test = std::thread::current()
        .name()
        .unwrap_or("unnamed")
        .replace("::", ".");
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{test}-{}-{count}.{label}", std::process::id())
}

/// Remembers a value that no log line may hold.
pub(crate) fn secret(kind: &str, value: &str) {
    if value.len() < SHORTEST_SECRET || !SEEN.lock().expect("the lock").insert(value.to_owned()) {
        return;
    }
    let path = secret_dir().join(format!("{}.tsv", std::process::id()));
    let mut file = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .expect("the list of secrets");
    writeln!(file, "{kind}\t{value}").expect("the list of secrets");
}

/// Remembers what a URL on the way through a login carries: code, state, nonce and their like.
pub(crate) fn secrets_of_url(url: &str) {
    let Ok(url) = url::Url::parse(url) else {
        return;
    };
    for (name, value) in url.query_pairs() {
        let kind = match name.as_ref() {
            "code" => "code",
            "state" => "state",
            "nonce" => "nonce",
            "code_challenge" => "code challenge",
            "id_token_hint" => "token",
            _ => continue,
        };
        secret(kind, &value);
    }
}
