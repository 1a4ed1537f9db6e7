//! Several Vestibules in front of one app: same configuration, keys and public URL, no store.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use super::peers::free_port;
use super::process::Process;
use super::wire::try_request;
use super::{Harness, records};

/// One more instance, ended when dropped.
pub(crate) struct Replica {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    pub(crate) config: PathBuf,
}

impl Harness {
    /// So many more instances, ready to serve.
    pub(crate) fn replicas(&self, count: usize) -> Vec<Replica> {
        (0..count)
            .map(|number| self.replica_in(number, &[]))
            .collect()
    }

    /// One more instance with these variables in its environment.
    pub(crate) fn replica_in(&self, number: usize, env: &[(&str, &str)]) -> Replica {
        let [address, admin] =
            [free_port(), free_port()].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let text = fs::read_to_string(&self.config).expect("the config");
        let listen = |address: SocketAddr| format!("listen = \"{address}\"");
        let text = text
            .replace(&listen(self.address), &listen(address))
            .replace(&listen(self.admin), &listen(admin));
        let config = self.file(&format!("replica-{number}.toml"));
        fs::write(&config, text).expect("the config");
        let mut command = Command::new(env!("CARGO_BIN_EXE_vestibule"));
        command.args(["run", "--config"]).arg(&config);
        command.envs(env.iter().copied());
        let name = records::unique("vestibule");
        let mut process = Process::start(&mut command, &records::log_dir(), &name);
        let probe = b"GET /readyz HTTP/1.1\r\nHost: admin\r\n\r\n";
        process.wait_until("readiness", || {
            try_request(admin, probe).is_ok_and(|answer| answer.status == 200)
        });
        Replica {
            process,
            address,
            config,
        }
    }
}
