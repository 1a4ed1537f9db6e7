//! `vestibule leave`: a signal to an instance that serves, and to nothing else.
//!
//! Owns how an instance is told from another process, since most of those would end by
//! this signal, or take it as theirs. Must not know what an instance does about it.

use std::fs;
use std::io::{self, ErrorKind};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use super::{DONE, UNAVAILABLE, say};

/// Why nobody was told.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum LeaveError {
    #[error("there is no process {0}")]
    Absent(i32),
    #[error("process {0} is {1:?}, not Vestibule")]
    Another(i32, String),
    #[error("process {0} does not serve: not yet, or not by a version that can leave")]
    NotServing(i32),
    #[error("process {0} is another user's")]
    Foreign(i32),
    #[error("process {0} cannot be told: {1}")]
    Untold(i32, ErrorKind),
}

impl LeaveError {
    fn new(pid: i32, error: &io::Error) -> Self {
        match error.kind() {
            ErrorKind::NotFound => Self::Absent(pid),
            ErrorKind::PermissionDenied => Self::Foreign(pid),
            _ if Errno::from_io_error(error) == Some(Errno::SRCH) => Self::Absent(pid),
            kind => Self::Untold(pid, kind),
        }
    }

    fn remedy(&self) -> &'static str {
        match self {
            // With a process namespace that a whole pod shares, or an init in front, 1 is theirs.
            Self::Another(1, _) => {
                "--pid names the process that serves; in a pod, take shareProcessNamespace and hostPID out"
            }
            Self::Absent(_) | Self::Another(..) => "--pid names the process that serves",
            Self::NotServing(_) => "see its log",
            Self::Foreign(_) => "be the user that it runs as",
            Self::Untold(..) => "send it SIGUSR1 yourself",
        }
    }
}

pub(super) fn leave(pid: i32) -> u8 {
    match tell(pid) {
        Ok(()) => DONE,
        Err(error) => {
            say(&format!("vestibule: {error}"));
            say(&format!("    {}", error.remedy()));
            UNAVAILABLE
        }
    }
}

fn tell(pid: i32) -> Result<(), LeaveError> {
    let failed = |error: io::Error| LeaveError::new(pid, &error);
    let own = fs::read_to_string("/proc/self/status").map_err(failed)?;
    let its = fs::read(format!("/proc/{pid}/status")).map_err(failed)?;
    judge(pid, &own, &String::from_utf8_lossy(&its))?;
    let process = Pid::from_raw(pid).ok_or(LeaveError::Absent(pid))?;
    kill_process(process, Signal::USR1).map_err(|errno| failed(errno.into()))
}

/// By `/proc/PID/status` of this process and of that one (proc_pid_status(5)).
fn judge(pid: i32, own: &str, its: &str) -> Result<(), LeaveError> {
    let name = field(its, "Name").unwrap_or_default();
    if field(own, "Name") != Some(name) {
        return Err(LeaveError::Another(pid, name.to_owned()));
    }
    // Not every kernel says so (gVisor's does not); then the name has to do.
    let caught = field(its, "SigCgt").and_then(|mask| u64::from_str_radix(mask, 16).ok());
    // Signal n is bit n - 1.
    let bit = 1 << (Signal::USR1.as_raw() - 1);
    match caught {
        Some(caught) if caught & bit == 0 => Err(LeaveError::NotServing(pid)),
        _ => Ok(()),
    }
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = status.lines().filter_map(|line| line.split_once(':'));
    lines
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "Name:\tvestibule\nSigCgt:\t0000000000000000\n";

    #[test]
    fn only_an_instance_that_listens_for_it_is_told() {
        for (its, verdict) in [
            ("Name:\tvestibule\nSigCgt:\t0000000180014a07\n", Ok(())),
            ("Name:\tvestibule\nUid:\t65532\n", Ok(())),
            (OWN, Err(LeaveError::NotServing(7))),
            (
                "Name:\tpause\nSigCgt:\t0000000000014202\n",
                Err(LeaveError::Another(7, "pause".to_owned())),
            ),
            ("", Err(LeaveError::Another(7, String::new()))),
        ] {
            assert_eq!(judge(7, OWN, its), verdict, "{its}");
        }
    }

    #[test]
    fn what_the_kernel_says_is_told_apart() {
        for (errno, error) in [
            (Errno::SRCH, LeaveError::Absent(7)),
            (Errno::NOENT, LeaveError::Absent(7)),
            (Errno::PERM, LeaveError::Foreign(7)),
            (Errno::ACCESS, LeaveError::Foreign(7)),
            (Errno::NOMEM, LeaveError::Untold(7, ErrorKind::OutOfMemory)),
        ] {
            assert_eq!(LeaveError::new(7, &errno.into()), error, "{errno}");
        }
    }
}
