//! What the chart refuses to install, and keys that rotate.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use base64::Engine;
use serde_json::{Value, json};

use super::chart::{protecting, rendered, values};
use super::{ask, file};
use crate::support::peers::root;

#[test]
fn what_leaves_a_way_around_it_is_not_installed() {
    let app = file("deploy/helm/vestibule/examples/app.yaml");
    let changed = |from: &str, to: &str| {
        assert!(app.contains(from), "{from}");
        app.replacen(from, to, 1)
    };
    let policy = |rule: &str| {
        format!(
            "{app}---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{ name: other }}\n\
             spec:\n  podSelector: {{ matchLabels: {{ app: wiki }} }}\n  ingress: [{rule}]\n"
        )
    };
    let of_another = |version: &str, kind: &str| {
        let ours = "networking.k8s.io/v1\nkind: NetworkPolicy";
        policy("{}").replace(ours, &format!("{version}\nkind: {kind}"))
    };
    // A manifest, and what is said of it.
    let manifests = [
        (
            changed(
                "    spec:\n      containers",
                "    spec:\n      hostNetwork: true\n      containers",
            ),
            "hostNetwork",
        ),
        (
            changed(
                "    spec:\n      containers",
                "    spec:\n      shareProcessNamespace: true\n      containers",
            ),
            "shareProcessNamespace",
        ),
        (
            changed(
                "    spec:\n      containers",
                "    spec:\n      hostPID: true\n      containers",
            ),
            "hostPID",
        ),
        (
            changed(
                "containerPort: 3000 }",
                "containerPort: 3000, hostPort: 80 }",
            ),
            "hostPort",
        ),
        (
            changed(
                "- name: wiki\n          image",
                "- name: vestibule\n          image",
            ),
            "called vestibule already",
        ),
        (
            changed("containerPort: 3000", "containerPort: 4180"),
            "the app itself listens on 4180",
        ),
        (
            changed(
                "containerPort: 3000 }",
                "containerPort: 3000 }\n            - { containerPort: 9090 }",
            ),
            "protect.port",
        ),
        (
            changed(
                "ports:\n            - { name: web, containerPort: 3000 }",
                "ports: []",
            ),
            "protect.port",
        ),
        (
            changed("  name: wiki\n", "  name: wiki\n  namespace: elsewhere\n"),
            "namespace elsewhere",
        ),
        (
            changed("kind: Deployment", "kind: StatefulSet"),
            "0 Deployments",
        ),
        (
            format!("{app}---\n{}", app.replace("name: wiki", "name: other")),
            "2 Deployments",
        ),
        ("kind: [".to_owned(), "no YAML"),
        (policy("{}"), "around Vestibule"),
        (policy("{ ports: [{ port: 3000 }] }"), "around Vestibule"),
        (policy("{ ports: [{ port: web }] }"), "around Vestibule"),
        (
            policy("{ ports: [{ port: 2000, endPort: 4000 }] }"),
            "around Vestibule",
        ),
        (policy("{ ports: [{ protocol: TCP }] }"), "around Vestibule"),
        (
            policy("{}").replace(
                "{ matchLabels: { app: wiki } }",
                "{ matchExpressions: [{ key: app, operator: In, values: [wiki] }] }",
            ),
            "around Vestibule",
        ),
        (
            policy("{}").replace("{ matchLabels: { app: wiki } }", "{}"),
            "around Vestibule",
        ),
        // A mesh puts that on pods that run.
        (
            policy("{}").replace(
                "{ matchLabels: { app: wiki } }",
                "{ matchExpressions: [{ key: security.istio.io/tlsMode, operator: Exists }] }",
            ),
            "around Vestibule",
        ),
        (
            policy("{}").replace("app: wiki }", "app: wiki, pod-template-hash: 5d4 }"),
            "around Vestibule",
        ),
        // By another's rules, whoever they select.
        (
            of_another("cilium.io/v2", "CiliumNetworkPolicy"),
            "not read here",
        ),
        (
            of_another("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"),
            "not read here",
        ),
        (
            of_another("projectcalico.org/v3", "NetworkPolicy"),
            "not read here",
        ),
    ];
    let cases: Vec<(Value, &str)> = manifests
        .iter()
        .map(|(manifest, said)| (protecting(manifest), *said))
        .collect();
    refuses(&cases);
    // A policy for something else is none of its business.
    rendered(&protecting(&policy("{ ports: [{ port: 9100 }] }"))).expect("manifests");
    for of_others in [
        "{ matchLabels: { app: other } }",
        "{ matchExpressions: [{ key: app, operator: NotIn, values: [wiki] }] }",
    ] {
        let other = policy("{}").replace(
            "{ matchLabels: { app: wiki } }\n  ingress",
            &format!("{of_others}\n  ingress"),
        );
        rendered(&protecting(&other)).expect("manifests");
    }
}

#[test]
fn a_service_without_an_address_leads_to_no_port_but_the_one_that_its_clients_know() {
    let app = file("deploy/helm/vestibule/examples/app.yaml");
    let headless = |ports: &str| {
        let manifest = format!(
            "{app}---\napiVersion: v1\nkind: Service\nmetadata: {{ name: peers }}\n\
             spec: {{ clusterIP: None, selector: {{ app: wiki }}, ports: {ports} }}\n"
        );
        protecting(&manifest)
    };
    refuses(&[
        (
            headless("[{ port: 3000 }]"),
            "Service peers is headless (clusterIP: None): whoever asks by its name comes to port 3000",
        ),
        (
            headless("[{ port: 80, targetPort: web }]"),
            "give it the port 4180",
        ),
    ]);
    // Vestibule's, or what has nothing to do with the app's port.
    for ports in ["[{ port: 4180, targetPort: web }]", "[{ port: 7946 }]"] {
        rendered(&headless(ports)).expect("manifests");
    }
}

#[test]
fn values_that_contradict_themselves_are_not_installed() {
    let app = file("deploy/helm/vestibule/examples/app.yaml");
    // A place in the values, what stands there, and what is said of it.
    let changes = [
        (
            "/networkPolicy",
            json!({ "enabled": false }),
            "open to the cluster",
        ),
        (
            "/networkPolicy",
            json!({ "extraIngress": [{ "ports": [{ "port": 3000 }] }] }),
            "around Vestibule",
        ),
        (
            "/networkPolicy",
            json!({ "extraIngress": [{ "ports": [{ "port": "web" }] }] }),
            "as numbers",
        ),
        ("/networkPolicy", json!({ "extraIngress": [{}] }), "ports"),
        (
            "/protect/bind",
            json!({ "HOST": "127.0.0.1" }),
            "readinessProbe",
        ),
        (
            "/protect/selector",
            json!({ "app": "wiki" }),
            "either manifest or selector",
        ),
        ("/protect/deployment", json!("another"), "0 Deployments"),
        ("/config/server/public_url", json!(""), "public_url"),
        (
            "/config/server/listen",
            json!("0.0.0.0:8080"),
            "another one",
        ),
        ("/config/provider", json!({}), "config.provider"),
        (
            "/config/upstream",
            json!({ "url": "http://elsewhere:3000" }),
            "its own pod",
        ),
        ("/config", json!("[server"), "no TOML"),
        ("/image/repository", json!(""), "image.repository"),
        ("/image/digest", json!("sha256:short"), "digest"),
        ("/ports", json!({ "http": 80 }), "minimum"),
        ("/ports", json!({ "http": 3000 }), "the app itself"),
        ("/rotation", json!({ "enabled": true }), "rotation.image"),
        ("/ingress", json!({ "enabled": true }), "app's own Service"),
        ("/replica", json!(3), "replica"),
    ];
    let mut cases = Vec::new();
    for (place, value, said) in changes {
        let mut values = protecting(&app);
        let (table, key) = place.rsplit_once('/').expect("a path");
        let table = values.pointer_mut(table).expect("a table");
        table[key] = value;
        cases.push((values, said));
    }
    let mut values = values("ci/standalone-values.yaml");
    values["config"] = json!("[server]\npublic_url = \"https://a.example.com\"\n[provider.a]\n");
    cases.push((values, "config.upstream"));
    let mut values = super::chart::values("ci/standalone-values.yaml");
    values["httpRoute"] = json!({ "enabled": true });
    cases.push((values.clone(), "name the Gateway"));
    values["httpRoute"] = json!({ "enabled": true, "parentRefs": [] });
    cases.push((values, "name the Gateway"));
    refuses(&cases);
}

/// Each of these values is refused, with words in which something stands.
pub(super) fn refuses(cases: &[(Value, &str)]) {
    let by_number: serde_json::Map<String, Value> = cases
        .iter()
        .enumerate()
        .map(|(number, (values, _))| (number.to_string(), values.clone()))
        .collect();
    let chart = root().join("deploy/helm/vestibule");
    let answer = ask("render", &json!({ "chart": chart, "cases": by_number }));
    for (number, (values, said)) in cases.iter().enumerate() {
        let error = answer[number.to_string()]["error"].as_str();
        let error = error.unwrap_or_else(|| panic!("installed, in spite of {said}: {values}"));
        assert!(error.contains(said), "{said}: {error}");
    }
}

#[test]
fn each_key_is_everywhere_before_it_seals_and_long_after() {
    let home = tempfile::tempdir().expect("a directory");
    let stored = home.path().join("stored");
    let base64 = base64::engine::general_purpose::STANDARD;
    let fresh = || base64.encode(rand_bytes());
    // As much of kubectl as is asked for: the Secret is a file, in base64.
    let kubectl = home.path().join("kubectl");
    fs::write(
        &kubectl,
        format!(
            "#!/bin/sh\nset -eu\ncase \"$1 $2 $3\" in\n'get secret wiki') cat {0} ;;\n\
             'patch secret wiki') sed 's/.*\"session-key\":\"\\(.*\\)\"}}}}/\\1/' >{0}.new; mv {0}.new {0} ;;\n\
             *) exit 1 ;;\nesac\n",
            stored.display()
        ),
    )
    .expect("kubectl");
    fs::set_permissions(&kubectl, fs::Permissions::from_mode(0o755)).expect("its mode");
    let rotate = || {
        let path = format!("{}:/usr/bin:/bin", home.path().display());
        Command::new("/bin/sh")
            .arg(root().join("deploy/helm/vestibule/files/rotate-session-key.sh"))
            .env_clear()
            .env("PATH", path)
            .env("SECRET", "wiki")
            .output()
            .expect("sh")
    };
    let keys = || {
        let text = fs::read_to_string(&stored).expect("the Secret");
        let text = base64.decode(text.trim()).expect("base64");
        let text = String::from_utf8(text).expect("text");
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let first = fresh();
    fs::write(&stored, base64.encode(format!("# ours\n{first}\n\n"))).expect("the Secret");
    let mut before = vec![first.clone()];
    for round in 0..4 {
        let output = rotate();
        assert!(output.status.success(), "{output:?}");
        let now = keys();
        match round {
            // One key was there: the next one joins it, and seals nothing yet.
            0 => assert_eq!(now[..1], before[..]),
            _ => {
                assert_eq!(now[0], before[1], "it was there for a whole period");
                assert_eq!(now[2], before[0], "and still opens what it sealed");
                assert!(!before.contains(&now[1]), "the next one is new");
                assert_eq!(now.len(), 3);
            }
        }
        let config = "[server]\nlisten = \"0.0.0.0:4180\"\npublic_url = \"https://wiki.example.com\"\n\
             [upstream]\nurl = \"http://127.0.0.1:3000\"\n[session]\nkeys = [{ file = \"keys\" }]\n\
             [provider.corp]\nkind = \"oidc\"\nissuer = \"https://a.example.com\"\nclient_id = \"a\"\n";
        fs::write(home.path().join("keys"), now.join("\n")).expect("the keys");
        fs::write(home.path().join("vestibule.toml"), config).expect("the configuration");
        let check = Command::new(env!("CARGO_BIN_EXE_vestibule"))
            .args(["check", "--config"])
            .arg(home.path().join("vestibule.toml"))
            .output()
            .expect("vestibule");
        assert!(check.status.success(), "{check:?}");
        before = now;
    }
    // What is no Secret of ours is left alone.
    fs::write(&stored, "").expect("the Secret");
    assert!(!rotate().status.success());
}

fn rand_bytes() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("randomness");
    bytes
}
