//! How many files this process may open: a connection is one.
//!
//! Owns that limit, and how many clients it is enough for. Must not know who
//! they are.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// For listeners, runtimes, the provider, the configuration and the log; of a few, half.
const OURS: usize = 64;

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

/// How many clients may be connected with so many files: as many as are wanted,
/// as far as each has one, or else so many that each can have one more towards an app.
#[must_use]
pub fn clients(files: usize, wanted: Option<usize>) -> usize {
    let left = files - OURS.min(files / 2);
    match wanted {
        Some(wanted) if wanted > left => {
            tracing::warn!(
                files,
                clients = left,
                "server.max_connections is more than this process may open files for"
            );
            left
        }
        Some(wanted) => wanted,
        None => left / 2,
    }
    .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_file_for_each_client_and_one_for_what_it_asks_for() {
        for (files, enough_for) in [
            (0, 1),
            (1, 1),
            (20, 5),
            (64, 16),
            (128, 32),
            (1_024, 480),
            (65_536, 32_736),
        ] {
            assert_eq!(clients(files, None), enough_for, "{files}");
        }
        assert!(clients(usize::MAX, None) > 1 << 30);
        assert_eq!(clients(1_024, Some(900)), 900);
        assert_eq!(clients(1_024, Some(2_000)), 960);
        assert_eq!(clients(65_536, Some(1)), 1);
    }

    #[test]
    fn as_many_are_allowed_as_may_be() {
        let files = raise_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert!(files > 0);
    }
}
