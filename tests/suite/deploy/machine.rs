//! Without Kubernetes: the systemd unit, the compose file, the Debian package.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::{checked, file, yaml};
use crate::support::peers::root;

/// What deploy/systemd/README.md says, in tenths.
const EXPOSURE: f64 = 1.1;

#[test]
fn the_unit_is_as_hardened_as_is_said_of_it() {
    let unit = root().join("deploy/systemd/vestibule.service");
    let output = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--json=off", "--no-pager"])
        .arg(&unit)
        .output()
        .expect("systemd-analyze");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let level = text
        .split("Overall exposure level for vestibule.service: ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .and_then(|level| level.parse::<f64>().ok())
        .unwrap_or_else(|| panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr)));
    assert!(level <= EXPOSURE, "{text}");
    let said = file("deploy/systemd/README.md");
    assert!(said.contains(&format!("**{EXPOSURE}**")), "{said}");
}

#[test]
fn the_unit_is_understood_by_systemd() {
    let home = tempfile::tempdir().expect("a directory");
    let unit = home.path().join("vestibule.service");
    // The program where it is here, since systemd looks whether it is there.
    let text = file("deploy/systemd/vestibule.service")
        .replace("/usr/bin/vestibule", env!("CARGO_BIN_EXE_vestibule"));
    std::fs::write(&unit, text).expect("the unit");
    let output = Command::new("systemd-analyze")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .arg(&unit)
        .output()
        .expect("systemd-analyze");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    assert!(!told.contains("vestibule.service"), "{told}");
}

#[test]
fn the_compose_file_lets_nobody_around_it() {
    let compose = yaml(&file("deploy/compose/compose.yaml")).remove(0);
    let services = &compose["services"];
    let ours = &services["vestibule"];
    assert_eq!(ours["user"], "65532:65532");
    assert_eq!(ours["read_only"], true);
    assert_eq!(ours["cap_drop"], json!(["ALL"]));
    for port in ours["ports"].as_array().expect("ports") {
        let port = port.as_str().expect("a text");
        assert!(port.starts_with("127.0.0.1:"), "{port}");
    }
    let app = &services["wiki"];
    assert!(app.get("ports").is_none());
    assert_eq!(app["networks"], json!(["app"]));
    assert_eq!(compose["networks"]["app"]["internal"], true);
    // A key is nobody's but Vestibule's, whom the container runs as.
    let text = file("deploy/compose/compose.yaml");
    assert!(text.contains("(umask 077; mkdir -p secrets && "));
    assert!(text.contains("chown -R 65532:65532 secrets"));
    let config = file("deploy/compose/config/vestibule.toml");
    checked("compose", &config);
    // The app by its name in there.
    assert!(config.contains("url = \"http://wiki:3000\""));
}

#[test]
fn the_debian_package_takes_files_that_are_there() {
    let manifest: toml::Table = file("Cargo.toml").parse().expect("TOML");
    let deb = manifest["package"]["metadata"]["deb"]
        .as_table()
        .expect("a table");
    let mut installed = Vec::new();
    for asset in deb["assets"].as_array().expect("a list") {
        let from = asset[0].as_str().expect("a path");
        installed.push(asset[1].as_str().expect("a folder"));
        assert!(
            from == "target/release/vestibule" || root().join(from).is_file(),
            "{from}"
        );
    }
    assert!(installed.contains(&"usr/lib/sysusers.d/"));
    // The names that pages.texts takes, in every language that there is.
    let texts: Vec<_> = fs::read_dir(root().join("src/gate/page/words"))
        .expect("the texts")
        .flatten()
        .collect();
    let there = installed.iter().filter(|to| to.ends_with("/texts/"));
    assert_eq!(there.count(), texts.len());
    let units = deb["systemd-units"].as_table().expect("a table");
    let folder = units["unit-scripts"].as_str().expect("a folder");
    let name = units["unit-name"].as_str().expect("a name");
    assert!(
        root()
            .join(folder)
            .join(format!("{name}.service"))
            .is_file()
    );
    let scripts = deb["maintainer-scripts"].as_str().expect("a folder");
    let postinst = file(&format!("{scripts}postinst"));
    assert!(
        postinst.contains("#DEBHELPER#"),
        "where the unit is taken up"
    );
    // The user of the unit is the one that is made.
    let user = file("deploy/debian/vestibule.conf");
    assert!(user.contains("\nu vestibule "), "{user}");
    assert!(file("deploy/systemd/vestibule.service").contains("\nUser=vestibule\n"));
}
