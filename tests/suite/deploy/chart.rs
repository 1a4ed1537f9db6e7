//! The Helm chart, rendered and linted by Helm's own code.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{
    app_is_unreachable, ask, file, is_native_sidecar, is_probed, is_restricted, named, of_kind,
    open_ports, valid, vestibule_in, yaml,
};
use crate::support::peers::root;

const CHART: &str = "deploy/helm/vestibule";

/// The values of a file of the chart.
pub(super) fn values(name: &str) -> Value {
    yaml(&file(&format!("{CHART}/{name}"))).remove(0)
}

/// The fifteen lines, and the manifest that is given beside them.
pub(super) fn protecting(manifest: &str) -> Value {
    let mut values = values("examples/protect-values.yaml");
    values["protect"] = json!({ "manifest": manifest });
    values
}

/// What becomes of these values: the manifests, or why not.
pub(super) fn rendered(values: &Value) -> Result<Vec<Value>, String> {
    render(&root().join(CHART), values)
}

fn render(chart: &Path, values: &Value) -> Result<Vec<Value>, String> {
    let answer = ask(
        "render",
        &json!({ "chart": chart, "cases": { "it": values } }),
    );
    match answer["it"]["error"].as_str() {
        Some(error) => Err(error.to_owned()),
        None => Ok(answer["it"]["objects"].as_array().expect("a list").clone()),
    }
}

#[test]
fn every_use_of_it_is_linted() {
    let cases = json!({
        "defaults": {},
        "standalone": values("ci/standalone-values.yaml"),
        "protect": values("ci/protect-values.yaml"),
        "extras": values("ci/extras-values.yaml"),
        "fifteen lines": protecting(&file("deploy/helm/vestibule/examples/app.yaml")),
    });
    let answer = ask(
        "lint",
        &json!({ "chart": root().join(CHART), "cases": cases }),
    );
    for (name, messages) in answer.as_object().expect("a table") {
        assert_eq!(messages, &json!([]), "{name}");
    }
}

#[test]
fn fifteen_lines_protect_a_deployment_that_exists() {
    let lines = file("deploy/helm/vestibule/examples/protect-values.yaml");
    let counted = lines.lines().filter(|line| !line.starts_with('#')).count();
    assert!(counted <= 15, "{counted}");
    let before = yaml(&file("deploy/helm/vestibule/examples/app.yaml"));
    let manifest = file("deploy/helm/vestibule/examples/app.yaml");
    let objects = rendered(&protecting(&manifest)).expect("manifests");
    valid("protect", &objects);

    let deployment = named(&objects, "Deployment", "wiki");
    is_native_sidecar(deployment);
    app_is_unreachable(&objects, deployment, 3000);
    let sidecar = vestibule_in(deployment);
    is_restricted(sidecar);
    is_probed(sidecar, 9090);
    assert_eq!(sidecar["resources"]["limits"]["memory"], "160Mi");
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    assert_eq!(
        open_ports(&objects, labels),
        Some(vec![4180]),
        "nothing else"
    );

    // What is the app's own stays as it was, and so does what leads to its Service.
    let was = named(&before, "Deployment", "wiki");
    let (mut app, app_was) = (
        deployment["spec"]["template"]["spec"]["containers"][0].clone(),
        &was["spec"]["template"]["spec"]["containers"][0],
    );
    let hook = app.as_object_mut().and_then(|app| app.remove("lifecycle"));
    assert_eq!(
        hook,
        Some(json!({ "preStop": { "sleep": { "seconds": 5 } } }))
    );
    assert_eq!(&app, app_was);
    assert_eq!(deployment["spec"]["selector"], was["spec"]["selector"]);
    let ingress = named(&objects, "Ingress", "wiki");
    assert_eq!(ingress, named(&before, "Ingress", "wiki"));
    let service = named(&objects, "Service", "wiki");
    assert_eq!(service["spec"]["ports"][0]["port"], 80);
    assert_eq!(
        of_kind(&objects, "Service").len(),
        1,
        "none beside the app's"
    );
    let budget = of_kind(&objects, "PodDisruptionBudget");
    assert_eq!(budget[0]["spec"]["selector"], was["spec"]["selector"]);
}

#[test]
fn a_manifest_may_come_out_of_a_cluster_and_have_several_parts() {
    let manifest = format!(
        "{}---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{ name: wiki }}\nspec:\n  \
         maxUnavailable: 1\n  selector: {{ matchLabels: {{ app: wiki }} }}\n",
        file("deploy/helm/vestibule/examples/app.yaml")
            .replacen(
                "  name: wiki\n",
                "  name: wiki\n  uid: 0f1e2d3c\n  resourceVersion: \"7\"\n  namespace: prod\n",
                1
            )
            .replacen(
                "spec:\n  replicas",
                "status: { replicas: 2 }\nspec:\n  replicas",
                1
            )
            // The port by its number this time.
            .replace("targetPort: web", "targetPort: 3000")
    );
    let objects = rendered(&protecting(&manifest)).expect("manifests");
    valid("out of a cluster", &objects);
    let deployment = named(&objects, "Deployment", "wiki");
    assert!(deployment.get("status").is_none());
    assert!(deployment["metadata"].get("uid").is_none());
    assert!(deployment["metadata"].get("resourceVersion").is_none());
    app_is_unreachable(&objects, deployment, 3000);
    // A pod with two budgets can never be evicted.
    assert_eq!(of_kind(&objects, "PodDisruptionBudget").len(), 1);
}

#[test]
fn an_app_bound_to_loopback_needs_no_policy() {
    let mut values = values("ci/protect-values.yaml");
    let objects = rendered(&values).expect("manifests");
    valid("bound", &objects);
    let deployment = named(&objects, "Deployment", "wiki");
    is_probed(vestibule_in(deployment), 9191);
    app_is_unreachable(&objects, deployment, 3000);
    let app = &deployment["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        app["env"],
        json!([{ "name": "HOST", "value": "127.0.0.1" }])
    );

    values["networkPolicy"] = json!({ "enabled": false });
    let objects = rendered(&values).expect("manifests");
    assert!(of_kind(&objects, "NetworkPolicy").is_empty());
}

#[test]
fn one_of_its_own_stands_before_several_apps() {
    let objects = rendered(&values("ci/standalone-values.yaml")).expect("manifests");
    valid("standalone", &objects);
    let deployment = named(&objects, "Deployment", "wiki-vestibule");
    let vestibule = vestibule_in(deployment);
    is_restricted(vestibule);
    is_probed(vestibule, 9090);
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["volumes"][1]["secret"]["secretName"], "apps-signin");
    // The drain's 25 seconds, after those in which load balancers learn of it.
    assert!(pod["terminationGracePeriodSeconds"].as_u64() > Some(30));

    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    assert_eq!(open_ports(&objects, labels), Some(vec![4180, 9090]));
    for (name, port) in [("wiki", 3000), ("tickets", 8080)] {
        let policy = named(&objects, "NetworkPolicy", &format!("wiki-vestibule-{name}"));
        let rules = policy["spec"]["ingress"].as_array().expect("rules");
        assert_eq!(rules.len(), 1, "Vestibule alone");
        assert_eq!(rules[0]["ports"][0]["port"], port);
        let from = &rules[0]["from"];
        assert_eq!(from.as_array().map(Vec::len), Some(1));
        assert!(super::selects(
            &from[0]["podSelector"]["matchLabels"],
            labels
        ));
    }
    let hosts = json!(["wiki.example.com", "tickets.example.com"]);
    assert_eq!(
        named(&objects, "HTTPRoute", "wiki-vestibule")["spec"]["hostnames"],
        hosts
    );
    let ingress = named(&objects, "Ingress", "wiki-vestibule");
    assert_eq!(ingress["spec"]["tls"][0]["hosts"], hosts);
    let monitor = named(&objects, "ServiceMonitor", "wiki-vestibule");
    let metrics = named(&objects, "Service", "wiki-vestibule-metrics");
    let wanted = &monitor["spec"]["selector"]["matchLabels"];
    assert!(super::selects(wanted, &metrics["metadata"]["labels"]));
    assert_eq!(metrics["spec"]["ports"][0]["targetPort"], 9090);
}

#[test]
fn another_chart_fills_its_pods_by_the_same_templates() {
    let home = tempfile::tempdir().expect("a directory");
    let parent = home.path().join("parent-chart");
    let copy = |from: &str, to: &Path| {
        let from = root().join(from);
        let copied = Command::new("cp").arg("-r").arg(from).arg(to).status();
        assert!(copied.expect("cp").success());
    };
    copy("deploy/helm/vestibule/examples/parent-chart", &parent);
    std::fs::create_dir(parent.join("charts")).expect("a directory");
    copy(CHART, &parent.join("charts/vestibule"));
    let objects = render(&parent, &json!({})).expect("manifests");
    valid("library", &objects);
    let deployment = named(&objects, "Deployment", "wiki");
    is_native_sidecar(deployment);
    is_restricted(vestibule_in(deployment));
    app_is_unreachable(&objects, deployment, 3000);
    let pod = &deployment["spec"]["template"]["spec"];
    assert_eq!(pod["terminationGracePeriodSeconds"], 40);
    let hook = &pod["containers"][0]["lifecycle"]["preStop"];
    assert_eq!(hook, &json!({ "sleep": { "seconds": 5 } }));
}

/// What `edge::reload` calls fixed, wherever people are told of it.
#[test]
fn what_needs_a_restart_is_said_alike_everywhere() {
    let source = file("src/edge/reload.rs");
    let fixed = source.split("fn of(config").nth(1).expect("the list");
    let fixed = fixed.split("])").next().expect("its end");
    // What is quoted first in its brackets, wherever lines break; not how a value is written as text.
    let dense: String = fixed.split_whitespace().collect();
    let keys = dense
        .split("(\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let keys: Vec<&str> = keys.filter(|key| !key.starts_with('{')).collect();
    assert!(keys.contains(&"server.max_connections"), "{keys:?}");
    assert!(keys.len() > 7, "{keys:?}");
    let template = file(&format!("{CHART}/templates/_config.tpl"));
    let stamped = template.split("define \"vestibule.restartsWith\"").nth(1);
    let stamped = stamped.and_then(|stamped| stamped.split("define").next());
    let stamped = stamped.expect("what pods are replaced for");
    for key in &keys {
        let key = key.rsplit('.').next().unwrap_or(key);
        assert!(stamped.contains(&format!("\"{key}\"")), "{key}: {stamped}");
    }
    for page in [
        "docs/instances.md",
        "deploy/README.md",
        "deploy/helm/vestibule/README.md",
    ] {
        let text = file(page);
        let told = text
            .split("\n\n")
            .chain(text.split("\n- "))
            .filter(|told| told.contains("admin_listen") && told.contains("threads"))
            .find(|told| {
                keys.iter()
                    .all(|key| told.contains(key.rsplit('.').next().unwrap_or(key)))
            });
        assert!(told.is_some(), "{page} has not all of {keys:?}");
    }
}

#[test]
fn a_pod_restarts_for_what_is_not_reloaded_and_for_nothing_else() {
    let manifest = file("deploy/helm/vestibule/examples/app.yaml");
    let stamp = |change: &dyn Fn(&mut Value)| {
        let mut values = protecting(&manifest);
        change(&mut values["config"]);
        let objects = rendered(&values).expect("manifests");
        let template = &named(&objects, "Deployment", "wiki")["spec"]["template"];
        template["metadata"]["annotations"]["vestibule/restarts-with"].clone()
    };
    let plain = stamp(&|_| ());
    assert!(plain.is_string());
    let lifetime = stamp(&|config| config["session"] = json!({ "lifetime": "9h" }));
    assert_eq!(plain, lifetime);
    let level = stamp(&|config| config["log"] = json!({ "level": "debug" }));
    assert_ne!(plain, level);
    let threads = stamp(&|config| config["server"]["threads"] = json!(3));
    assert_ne!(plain, threads);
    let connections = stamp(&|config| config["server"]["max_connections"] = json!(500));
    assert_ne!(plain, connections);
    let mode = stamp(&|config| config["server"]["socket_mode"] = json!("0600"));
    assert_ne!(plain, mode);
    let tls = stamp(&|config| {
        config["server"]["tls"] = json!({
            "certificate": { "file": "/run/tls/tls.crt" }, "key": { "file": "/run/tls/tls.key" },
        });
    });
    assert_ne!(plain, tls);
}
