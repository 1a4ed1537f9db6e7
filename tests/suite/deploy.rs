//! What is in `deploy/`: each file read by the program that it is for, or by one that knows its rules.
//!
//! - `chart`: the Helm chart, rendered and linted by Helm's own code
//! - `pods`: what it gives them besides, how long they may end, what it tells people
//! - `refused`: what the chart refuses to install
//! - `platforms`: what clusters ask for: names, registries, users, clients by other names
//! - `component`: the Kustomize component, built by kubectl
//! - `image`: the container image, built by its recipe and started
//! - `machine`: the systemd unit, the compose file, the Debian package
//! - `watched`: dashboard and alerts, against the list of metrics
//!
//! Whatever comes out for Kubernetes is validated by its schemas, and each configuration in it by
//! `vestibule check`.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::peers::root;

mod chart;
mod component;
mod image;
mod machine;
mod platforms;
mod pods;
mod refused;
mod watched;

/// Asks `tests/support/manifests.py`.
fn ask(question: &str, with: &Value) -> Value {
    let mut python = Command::new(root().join("target/tools/venv/bin/python"))
        .arg(root().join("tests/support/manifests.py"))
        .arg(question)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Python of scripts/setup");
    let mut stdin = python.stdin.take().expect("its stdin");
    stdin
        .write_all(with.to_string().as_bytes())
        .expect("to be read");
    drop(stdin);
    let output = python.wait_with_output().expect("its answer");
    assert!(
        output.status.success(),
        "{question}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A file of the repository.
pub(super) fn file(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The documents of a YAML text.
pub(super) fn yaml(text: &str) -> Vec<Value> {
    let answer = ask("read", &json!({ "text": text }));
    answer["text"].as_array().expect("documents").clone()
}

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|o| o["kind"] == kind).collect()
}

fn named<'a>(objects: &'a [Value], kind: &str, name: &str) -> &'a Value {
    let all = of_kind(objects, kind);
    let mut found = all.into_iter().filter(|o| o["metadata"]["name"] == name);
    found
        .next()
        .unwrap_or_else(|| panic!("no {kind} called {name}"))
}

/// Kubernetes takes all of it, and Vestibule the configuration in it.
fn valid(what: &str, objects: &[Value]) {
    assert!(!objects.is_empty(), "{what}: nothing came out");
    let answer = ask("validate", &json!(objects));
    let wrong: Vec<&Value> = answer
        .as_array()
        .expect("a list")
        .iter()
        .filter(|item| item.as_array().is_some_and(|item| item.len() > 1))
        .collect();
    assert!(wrong.is_empty(), "{what}: {wrong:#?}");
    let configs: Vec<&str> = of_kind(objects, "ConfigMap")
        .iter()
        .filter_map(|map| map["data"]["vestibule.toml"].as_str())
        .collect();
    assert_eq!(configs.len(), 1, "{what}");
    checked(what, configs[0]);
}

/// `vestibule check` takes the configuration.
fn checked(what: &str, config: &str) {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("vestibule.toml");
    fs::write(&path, config).expect("the configuration");
    let output = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["check", "--no-secrets", "--config"])
        .arg(&path)
        .output()
        .expect("vestibule");
    assert!(
        output.status.success(),
        "{what}: {}\n{config}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The sidecar or container that is Vestibule's, in a Deployment.
fn vestibule_in(deployment: &Value) -> &Value {
    let pod = &deployment["spec"]["template"]["spec"];
    ["initContainers", "containers"]
        .iter()
        .filter_map(|list| pod[list].as_array())
        .flatten()
        .find(|container| container["name"] == "vestibule")
        .expect("Vestibule's container")
}

/// As Pod Security's `restricted` asks of a container, and a bit more.
fn is_restricted(container: &Value) {
    let context = &container["securityContext"];
    assert_eq!(context["runAsNonRoot"], true);
    assert_eq!(context["runAsUser"], 65532);
    assert_eq!(context["allowPrivilegeEscalation"], false);
    assert_eq!(context["readOnlyRootFilesystem"], true);
    assert_eq!(context["capabilities"], json!({ "drop": ["ALL"] }));
    assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault");
    let mounts = container["volumeMounts"].as_array().expect("mounts");
    for mount in mounts {
        assert_eq!(mount["readOnly"], true, "{mount}");
        assert!(mount.get("subPath").is_none(), "never reloaded: {mount}");
    }
}

/// The probes of an instance that a provider's outage must not restart.
fn is_probed(container: &Value, admin: u16) {
    for (probe, path) in [
        ("startupProbe", "/healthz"),
        ("livenessProbe", "/healthz"),
        ("readinessProbe", "/readyz"),
    ] {
        let asked = &container[probe]["httpGet"];
        assert_eq!(asked["path"], path, "{probe}");
        assert_eq!(asked["port"], admin, "{probe}");
    }
}

/// A native sidecar: an init container that goes on, and that is told of its pod's end before the app is gone, by the
/// program that the image has.
fn is_native_sidecar(deployment: &Value) {
    let pod = &deployment["spec"]["template"]["spec"];
    let sidecar = vestibule_in(deployment);
    let init = pod["initContainers"].as_array().expect("init containers");
    assert!(init.contains(sidecar));
    assert_eq!(sidecar["restartPolicy"], "Always");
    let recipe = file("deploy/image/Containerfile");
    let entrypoint = recipe
        .lines()
        .find_map(|line| line.strip_prefix("ENTRYPOINT "));
    let program: Value = serde_json::from_str(entrypoint.expect("its program")).expect("a list");
    assert_eq!(
        sidecar["lifecycle"],
        json!({ "preStop": { "exec": { "command": [program[0], "leave"] } } })
    );
}

/// The ports that anybody may reach, of pods with these labels, by the policies among the objects;
/// `None` where there is no policy for them, so that all are open.
fn open_ports(objects: &[Value], labels: &Value) -> Option<Vec<u64>> {
    let policies = of_kind(objects, "NetworkPolicy");
    let of_these: Vec<_> = policies
        .into_iter()
        .filter(|policy| selects(&policy["spec"]["podSelector"]["matchLabels"], labels))
        .filter(|policy| policy["spec"]["policyTypes"] == json!(["Ingress"]))
        .collect();
    if of_these.is_empty() {
        return None;
    }
    let rules = of_these
        .iter()
        .filter_map(|policy| policy["spec"]["ingress"].as_array())
        .flatten();
    let mut open = Vec::new();
    for rule in rules {
        let ports = rule["ports"].as_array().expect("a rule that names ports");
        for port in ports {
            assert!(port.get("endPort").is_none());
            open.push(port["port"].as_u64().expect("a number"));
        }
    }
    Some(open)
}

/// Whether a selector of labels fits.
fn selects(selector: &Value, labels: &Value) -> bool {
    selector.as_object().is_some_and(|selector| {
        !selector.is_empty() && selector.iter().all(|(name, value)| &labels[name] == value)
    })
}

/// Nobody outside of the pod reaches the app: no policy opens its port, and every Service of the
/// pods leads to Vestibule.
fn app_is_unreachable(objects: &[Value], deployment: &Value, app: u64) {
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    let open = open_ports(objects, labels).expect("a policy for these pods");
    assert!(!open.contains(&app), "{open:?}");
    let pod = &deployment["spec"]["template"]["spec"];
    assert_ne!(pod["hostNetwork"], true);
    let ports = vestibule_in(deployment)["ports"].as_array().expect("ports");
    let ours: Vec<u64> = ports
        .iter()
        .filter_map(|port| port["containerPort"].as_u64())
        .collect();
    assert!(!ours.contains(&app), "{ours:?}");
    let mut services = 0;
    for service in of_kind(objects, "Service") {
        if selects(&service["spec"]["selector"], labels) {
            for port in service["spec"]["ports"].as_array().expect("ports") {
                // By number, since names of a sidecar's ports are not known everywhere.
                let target = port["targetPort"].as_u64().expect("a number");
                assert!(ours.contains(&target), "{port}");
                services += 1;
            }
        }
    }
    assert!(services > 0, "a way in");
    assert!(open.contains(&ours[0]), "{open:?}");
}
