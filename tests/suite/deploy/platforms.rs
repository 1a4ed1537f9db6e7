//! What the chart makes of what clusters ask for: names that fit, registries and nodes, users that the
//! cluster chooses, clients that come by another name.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::chart::{protecting, rendered, values};
use super::{ask, file, named, of_kind, open_ports, valid, vestibule_in, yaml};
use crate::support::peers::root;

const STANDALONE: &str = "ci/standalone-values.yaml";

/// The manifests of a release of that name.
fn released(release: &str) -> Vec<Value> {
    let chart = root().join("deploy/helm/vestibule");
    let values = values(STANDALONE);
    let question = json!({ "chart": chart, "cases": { "it": values }, "release": release });
    let answer = ask("render", &question);
    let objects = answer["it"]["objects"].as_array();
    objects.unwrap_or_else(|| panic!("{answer}")).clone()
}

#[test]
fn names_fit_however_long_the_release_is_called() {
    let mut jobs = Vec::new();
    // 53 characters at most are what Helm takes.
    for release in [
        "wiki".to_owned(),
        "a".repeat(53),
        format!("vestibule-{}1", "b".repeat(42)),
        format!("vestibule-{}2", "b".repeat(42)),
        format!("vestibule-{}-3", "b".repeat(23)),
    ] {
        let objects = released(&release);
        let job = of_kind(&objects, "CronJob")[0];
        let name = job["metadata"]["name"].as_str().expect("a name").to_owned();
        assert!(name.len() <= 52, "{name}");
        assert!(
            name.ends_with("-rotation") && !name.contains("--"),
            "{name}"
        );
        let account = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["serviceAccountName"];
        named(
            &objects,
            "ServiceAccount",
            account.as_str().expect("a name"),
        );
        for service in of_kind(&objects, "Service") {
            let name = service["metadata"]["name"].as_str().expect("a name");
            assert!(name.len() <= 63, "{name}");
        }
        assert!(!jobs.contains(&name), "{jobs:?}");
        if release.starts_with("aa") {
            valid(&release, &objects);
        }
        jobs.push(name);
    }
    assert_eq!(jobs[0], "wiki-vestibule-rotation");
}

#[test]
fn the_rotation_is_pulled_and_placed_as_all_else() {
    let mut wanted = values(STANDALONE);
    let rotating = |values: &Value| {
        let objects = rendered(values).expect("manifests");
        let job = named(&objects, "CronJob", "wiki-vestibule-rotation");
        job["spec"]["jobTemplate"]["spec"]["template"]["spec"].clone()
    };
    let pod = rotating(&wanted);
    assert_eq!(pod["imagePullSecrets"], wanted["image"]["pullSecrets"]);
    assert_eq!(pod["nodeSelector"], wanted["nodeSelector"]);
    assert_eq!(pod["tolerations"], wanted["tolerations"]);
    assert_eq!(pod["securityContext"]["runAsUser"], 65532);
    wanted["runAsUser"] = Value::Null;
    wanted["runAsGroup"] = Value::Null;
    let pod = rotating(&wanted);
    assert!(pod["securityContext"].get("runAsUser").is_none());
    assert!(pod["securityContext"].get("runAsGroup").is_none());
}

#[test]
fn a_cluster_may_choose_who_it_runs_as_but_never_root() {
    let app = file("deploy/helm/vestibule/examples/app.yaml");
    for (mut values, name) in [
        (protecting(&app), "wiki"),
        (values(STANDALONE), "wiki-vestibule"),
    ] {
        values["runAsUser"] = json!(1_000_650_000);
        let objects = rendered(&values).expect("manifests");
        let context = &vestibule_in(named(&objects, "Deployment", name))["securityContext"];
        assert_eq!(context["runAsUser"], 1_000_650_000);
        values["runAsUser"] = Value::Null;
        values["runAsGroup"] = Value::Null;
        let objects = rendered(&values).expect("manifests");
        valid(name, &objects);
        let context = &vestibule_in(named(&objects, "Deployment", name))["securityContext"];
        assert!(context.get("runAsUser").is_none(), "{context}");
        assert!(context.get("runAsGroup").is_none(), "{context}");
        assert_eq!(context["runAsNonRoot"], true);
        assert_eq!(context["readOnlyRootFilesystem"], true);
        values["runAsUser"] = json!(0);
        let error = rendered(&values).expect_err("root");
        assert!(error.contains("runAsUser"), "{error}");
    }
}

#[test]
fn metrics_of_others_with_the_same_labels_are_not_asked_for() {
    let objects = rendered(&values(STANDALONE)).expect("manifests");
    let monitor = named(&objects, "ServiceMonitor", "wiki-vestibule");
    let selector = &monitor["spec"]["selector"]["matchLabels"];
    let of_another = json!({
        "app.kubernetes.io/name": "wiki",
        "app.kubernetes.io/instance": "wiki",
        "app.kubernetes.io/component": "metrics",
    });
    assert!(!super::selects(selector, &of_another), "{selector}");
}

/// What the README says to whom else the Service has.
#[test]
fn callers_inside_and_checks_of_load_balancers_get_what_the_page_says() {
    let page = file("deploy/helm/vestibule/README.md");
    let section = page.split("## Who else uses the Service\n").nth(1);
    let section = section.and_then(|text| text.split("\n## ").next());
    let blocks: Vec<&str> = section
        .expect("the section")
        .split("```yaml\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .collect();
    assert_eq!(blocks.len(), 3);
    let app = file("deploy/helm/vestibule/examples/app.yaml");
    let of_block = |block: &str| {
        let mut values = protecting(&app);
        merge(&mut values, &yaml(block)[0]);
        let objects = rendered(&values).expect("manifests");
        valid(block, &objects);
        objects
    };
    let plain = rendered(&protecting(&app)).expect("manifests");
    let inside = of_block(blocks[0]);
    let checked = of_block(blocks[2]);
    for (objects, request, status, outcome) in [
        (&plain, "http://wiki/page", 421, "misdirected"),
        (&plain, "http://10.0.0.7/health", 421, "misdirected"),
        (&inside, "http://wiki/api/orders", 421, "misdirected"),
        (&inside, "http://wiki.prod.svc/api/orders", 401, "sign-in"),
        (&checked, "http://10.0.0.7/health", 200, "forwarded"),
        (&checked, "http://10.0.0.7/page", 421, "misdirected"),
    ] {
        let told = explained(objects, request);
        let found = (&told["status"], &told["outcome"]);
        assert_eq!(
            found,
            (&json!(status), &json!(outcome)),
            "{request}: {told:#}"
        );
    }
    let admin = of_block(blocks[1]);
    let deployment = named(&admin, "Deployment", "wiki");
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    assert_eq!(open_ports(&admin, labels), Some(vec![4180, 9090]));
}

/// Tables key by key, lists and texts as a whole.
fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

/// What becomes of a request for which nobody is signed in.
fn explained(objects: &[Value], request: &str) -> Value {
    let home = tempfile::tempdir().expect("a directory");
    let path = home.path().join("vestibule.toml");
    let config = &named(objects, "ConfigMap", "wiki-vestibule")["data"]["vestibule.toml"];
    fs::write(&path, config.as_str().expect("a text")).expect("the configuration");
    let output = Command::new(env!("CARGO_BIN_EXE_vestibule"))
        .args(["explain", "--json", "--request", request, "--config"])
        .arg(&path)
        .output()
        .expect("vestibule");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}
