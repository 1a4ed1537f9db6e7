//! How many clients there is room for: a connection is a file, and takes memory.
//!
//! Owns both limits of this process, and how many clients they are enough for.
//! Must not know who those are.

use std::fs;
use std::path::Path;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For listeners, runtimes, the provider, the configuration and the log; of a few, half.
const OURS: usize = 64;
/// Of the memory, for each client: what one takes at most that keeps us waiting
/// for the end of its header (`leash::READ_MAX` and what a connection takes by
/// itself, with TLS too), and a fifth beside it (docs/operations.md).
const CLIENT: u64 = 192 << 10;
/// As many there are by default, however little there is.
const FEWEST: usize = 16;
/// What is above is no limit: cgroup v1 has a number of pages that no machine has.
const UNLIMITED: u64 = 1 << 60;

/// What decided how many clients may be connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Files,
    Memory,
    Configuration,
}

impl By {
    /// For the log.
    const fn name(self) -> &'static str {
        match self {
            Self::Files => "open files",
            Self::Memory => "memory",
            Self::Configuration => "server.max_connections",
        }
    }
}

/// Has as many as this process may allow itself (`RLIMIT_NOFILE`, setrlimit(2)):
/// the soft limit is low by custom, for programs that use select(2). How many
/// that are.
#[must_use]
pub fn raise_limit() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    if limit.current != limit.maximum
        && let Err(error) = setrlimit(Resource::Nofile, raised)
    {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
    let files = getrlimit(Resource::Nofile).current;
    files.map_or(usize::MAX, |files| {
        usize::try_from(files).unwrap_or(usize::MAX)
    })
}

/// Bytes that the cgroup of this process may have, where it has a limit (v2:
/// `memory.max`, also of those that it is in; v1: `memory.limit_in_bytes` of the container).
#[must_use]
pub fn memory_limit() -> Option<u64> {
    let cgroup = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    limit_under(Path::new("/sys/fs/cgroup"), &cgroup)
}

/// The narrowest limit that can be read; `cgroup` is as cgroups(7) has `/proc/PID/cgroup`.
fn limit_under(root: &Path, cgroup: &str) -> Option<u64> {
    let own = cgroup.lines().find_map(|line| line.strip_prefix("0::"));
    // One outside of what this namespace shows (cgroup_namespaces(7)) cannot be read.
    let own = own.filter(|path| !path.contains(".."));
    let own = root.join(own.unwrap_or_default().trim_start_matches('/'));
    let around = own.ancestors().take_while(|path| path.starts_with(root));
    let limits = around.map(|path| path.join("memory.max"));
    limits
        .chain([root.join("memory/memory.limit_in_bytes")])
        .filter_map(|path| bytes(&fs::read_to_string(path).ok()?))
        .min()
}

/// What such a file says; `None` if that is no limit.
fn bytes(text: &str) -> Option<u64> {
    let bytes = text.trim().parse().ok();
    bytes.filter(|bytes| *bytes <= UNLIMITED)
}

/// How many clients may be connected with so many files and so much memory: as many as are wanted,
/// as far as each has a file, or else so many that each can have one more towards an app, and memory.
#[must_use]
pub fn clients(files: usize, memory: Option<u64>, wanted: Option<usize>) -> usize {
    let (clients, by) = decided(files, memory, wanted);
    if wanted.is_some_and(|wanted| wanted > clients) {
        tracing::warn!(
            files,
            clients,
            "server.max_connections is more than this process may open files for"
        );
    }
    let by = by.name();
    tracing::info!(clients, by, "so many clients may be connected at a time");
    clients
}

fn decided(files: usize, memory: Option<u64>, wanted: Option<usize>) -> (usize, By) {
    let left = files - OURS.min(files / 2);
    let by_memory = memory.map_or(usize::MAX, |bytes| {
        usize::try_from(bytes / CLIENT).unwrap_or(usize::MAX)
    });
    match wanted {
        Some(wanted) if wanted > left => (left.max(1), By::Files),
        Some(wanted) => (wanted, By::Configuration),
        None if by_memory < left / 2 => (by_memory.max(FEWEST), By::Memory),
        None => ((left / 2).max(FEWEST), By::Files),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn there_is_a_file_for_each_client_and_one_for_what_it_asks_for() {
        for (files, enough_for) in [(0, 16), (20, 16), (128, 32), (1_024, 480), (65_536, 32_736)] {
            assert_eq!(decided(files, None, None), (enough_for, By::Files));
        }
        assert!(clients(usize::MAX, None, None) > 1 << 30);
        let wanted = |files, wanted| decided(files, Some(MIB), Some(wanted));
        assert_eq!(wanted(1_024, 900), (900, By::Configuration));
        assert_eq!(wanted(1_024, 2_000), (960, By::Files));
        assert_eq!(wanted(65_536, 1), (1, By::Configuration));
        assert_eq!(wanted(0, 1), (1, By::Files));
    }

    #[test]
    fn there_is_memory_for_each_client_too() {
        for (files, memory, enough_for) in [
            (524_288, 160 * MIB, (853, By::Memory)),
            (65_536, 1_024 * MIB, (5_461, By::Memory)),
            (65_536, 8_192 * MIB, (32_736, By::Files)),
            (1_024, 160 * MIB, (480, By::Files)),
            (1_024, 0, (16, By::Memory)),
        ] {
            assert_eq!(decided(files, Some(memory), None), enough_for);
        }
    }

    #[test]
    fn a_limit_is_a_number_that_a_machine_may_have() {
        for (text, limit) in [
            ("167772160\n", Some(160 * MIB)),
            ("0", Some(0)),
            ("max\n", None),
            ("9223372036854771712\n", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(bytes(text), limit, "{text:?}");
        }
    }

    #[test]
    fn the_narrowest_limit_counts() {
        let home = tempfile::tempdir().unwrap();
        let root = &home.path().join("cgroup");
        let says = |path: &str, text: &str| {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let limit = |cgroup: &str| limit_under(root, cgroup);
        let unit = "4:memory:/a/b\n0::/system.slice/vestibule.service\n";
        assert_eq!(limit(unit), None);
        // Outside of the hierarchy nobody looks.
        fs::write(home.path().join("memory.max"), "1").unwrap();
        says("memory/memory.limit_in_bytes", "9223372036854771712");
        assert_eq!(limit(unit), None);
        says("memory/memory.limit_in_bytes", "5000");
        assert_eq!((limit(unit), limit("")), (Some(5_000), Some(5_000)));
        says("memory.max", "max");
        assert_eq!(limit("0::/"), Some(5_000));
        says("memory.max", "4000");
        assert_eq!(limit("0::/../other"), Some(4_000));
        says("system.slice/memory.max", "3000");
        says("system.slice/vestibule.service/memory.max", "3500");
        assert_eq!((limit(unit), limit("0::/")), (Some(3_000), Some(4_000)));
        says("system.slice/vestibule.service/memory.max", "2000");
        assert_eq!(limit(unit), Some(2_000));
    }

    #[test]
    fn as_many_are_allowed_as_may_be() {
        let files = raise_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert!(files > 0);
    }
}
