//! One program: its output kept in files, ended by its process id when dropped.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

/// Only programs that hang are stopped by this; no test waits for it.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Process {
    child: Child,
    pub(crate) stdout: PathBuf,
    pub(crate) stderr: PathBuf,
}

impl Process {
    /// Starts a program whose output goes to `DIR/NAME.out` and `DIR/NAME.err`.
    pub(crate) fn start(command: &mut Command, dir: &Path, name: &str) -> Self {
        let stdout = dir.join(format!("{name}.out"));
        let stderr = dir.join(format!("{name}.err"));
        let child = command
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).expect("the output file"))
            .stderr(File::create(&stderr).expect("the error file"))
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The first line of output, as soon as it is there.
    pub(crate) fn first_line(&mut self) -> String {
        let path = self.stdout.clone();
        let mut line = String::new();
        self.wait_until("its first line", || {
            line.clear();
            let file = File::open(&path).expect("the output file");
            let read = BufReader::new(file).read_line(&mut line);
            read.is_ok() && line.ends_with('\n')
        });
        line.trim_end().to_owned()
    }

    /// Waits for a condition, as long as the program lives.
    pub(crate) fn wait_until(&mut self, what: &str, mut done: impl FnMut() -> bool) {
        let start = Instant::now();
        while !done() {
            if let Some(status) = self.exited() {
                panic!("ended ({status}) before {what}:\n{}", self.output());
            }
            assert!(
                start.elapsed() < PATIENCE,
                "no sign of {what}:\n{}",
                self.output()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Its exit status, if it has ended.
    pub(crate) fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("the state of a child")
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.exited() {
                return status;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "does not end:\n{}",
                self.output()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal by name (`TERM`, `HUP`).
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status()
            .expect("kill");
        assert!(status.success(), "cannot send {name}");
    }

    /// All it has printed so far.
    pub(crate) fn output(&self) -> String {
        let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned();
        read(&self.stdout) + &read(&self.stderr)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

/// What a program that has ended said.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
