//! The Kustomize component, built by kubectl.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{
    app_is_unreachable, file, is_native_sidecar, is_probed, is_restricted, named, of_kind,
    open_ports, valid, vestibule_in, yaml,
};
use crate::support::peers::root;

fn built(folder: &Path) -> Vec<Value> {
    build(folder).unwrap_or_else(|error| panic!("{error}"))
}

/// What comes out, or why nothing does.
fn build(folder: &Path) -> Result<Vec<Value>, String> {
    let output = Command::new(root().join("target/tools/kubectl/kubectl"))
        .args(["kustomize", "--load-restrictor=LoadRestrictionsNone"])
        .arg(folder)
        .output()
        .expect("kubectl of scripts/setup");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(yaml(&String::from_utf8(output.stdout).expect("text")))
}

/// A kustomization of an app's manifests beside copies of the components.
fn kustomization(app: &str, text: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a directory");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(root().join("deploy/kustomize"))
        .arg(home.path().join("kustomize"))
        .status();
    assert!(copied.expect("cp").success());
    let config = file("deploy/kustomize/example/vestibule.toml");
    for (name, text) in [
        ("app.yaml", app),
        ("kustomization.yaml", text),
        ("vestibule.toml", &config),
    ] {
        std::fs::write(home.path().join(name), text).expect("a file");
    }
    home
}

#[test]
fn it_puts_a_native_sidecar_into_a_deployment_that_exists() {
    let objects = built(&root().join("deploy/kustomize/example"));
    valid("the example", &objects);
    let deployment = named(&objects, "Deployment", "wiki");
    is_native_sidecar(deployment);
    app_is_unreachable(&objects, deployment, 3000);
    let sidecar = vestibule_in(deployment);
    is_restricted(sidecar);
    is_probed(sidecar, 9090);
    let labels = &deployment["spec"]["template"]["metadata"]["labels"];
    assert_eq!(open_ports(&objects, labels), Some(vec![4180, 9090]));
    // The admin port for one namespace alone.
    let metrics = named(&objects, "NetworkPolicy", "vestibule-metrics");
    let from = metrics["spec"]["ingress"][0]["from"].as_array();
    assert_eq!(from.map(Vec::len), Some(1));
    // The ConfigMap that the pods mount is the one that was made.
    let map = of_kind(&objects, "ConfigMap")[0]["metadata"]["name"].clone();
    let volumes = &deployment["spec"]["template"]["spec"]["volumes"];
    assert_eq!(volumes[0]["configMap"]["name"], map);
    let monitor = named(&objects, "ServiceMonitor", "vestibule");
    let service = named(&objects, "Service", "vestibule-metrics");
    let wanted = &monitor["spec"]["selector"]["matchLabels"];
    assert!(super::selects(wanted, &service["metadata"]["labels"]));
}

#[test]
fn chart_and_component_say_the_same_of_the_sidecar() {
    let values = super::chart::protecting(&file("deploy/helm/vestibule/examples/app.yaml"));
    let chart = super::chart::rendered(&values).expect("manifests");
    let component = built(&root().join("deploy/kustomize/example"));
    let [chart, component] = [&chart, &component]
        .map(|objects| vestibule_in(named(objects, "Deployment", "wiki")).clone());
    let common = |mut sidecar: Value| {
        let table = sidecar.as_object_mut().expect("a table");
        table.remove("imagePullPolicy");
        sidecar
    };
    assert_eq!(common(chart), common(component));
}

#[test]
fn what_is_labelled_off_is_left_alone() {
    let app = file("deploy/kustomize/example/app.yaml");
    let off = app
        .replace("name: wiki", "name: other")
        .replace("app: wiki", "app: other")
        .replace(
            "labels: { app: other }\nspec:\n  replicas",
            "labels: { vestibule: \"off\" }\nspec:\n  replicas",
        )
        .replace(
            "name: other\nspec:\n  selector",
            "name: other\n  labels: { vestibule: \"off\" }\nspec:\n  selector",
        );
    assert_eq!(off.matches("vestibule: \"off\"").count(), 2, "{off}");
    // It has no port that could be led anywhere.
    let elsewhere = "apiVersion: v1\nkind: Service\nmetadata:\n  name: elsewhere\n  labels: { vestibule: \"off\" }\n\
         spec: { type: ExternalName, externalName: a.example.com }\n";
    let off = format!("{off}---\n{elsewhere}");
    let home = kustomization(
        &format!("{app}---\n{off}"),
        "resources: [app.yaml]\ncomponents: [kustomize/component]\n",
    );
    let objects = built(home.path());
    is_native_sidecar(named(&objects, "Deployment", "wiki"));
    let before = yaml(&off);
    for kind in ["Deployment", "Service"] {
        let now = named(&objects, kind, "other");
        assert_eq!(now, named(&before, kind, "other"), "{kind}");
    }
    let now = named(&objects, "Service", "elsewhere");
    assert_eq!(now, named(&before, "Service", "elsewhere"));
}

/// An app called that, beside others of its namespace.
fn beside_others(name: &str) -> Vec<Value> {
    let app = file("deploy/kustomize/example/app.yaml").replace("wiki", name);
    let text = format!(
        "namespace: prod\nresources: [app.yaml]\nimages: [{{ name: vestibule, newName: a.example.com/v }}]\n\
         components: [kustomize/component, kustomize/disruption, kustomize/monitoring, kustomize/shared-namespace]\n\
         configMapGenerator: [{{ name: {name}-vestibule, files: [vestibule.toml] }}]\n"
    );
    built(kustomization(&app, &text).path())
}

#[test]
fn two_apps_of_a_namespace_have_nothing_in_common() {
    let apps = ["wiki", "tickets"].map(|name| (name, beside_others(name)));
    let mut together = Vec::new();
    for (name, objects) in &apps {
        valid(name, objects);
        let deployment = named(objects, "Deployment", name);
        app_is_unreachable(objects, deployment, 3000);
        let volumes = &deployment["spec"]["template"]["spec"]["volumes"];
        let map = &of_kind(objects, "ConfigMap")[0]["metadata"]["name"];
        assert_eq!(&volumes[0]["configMap"]["name"], map);
        let secret = &volumes[1]["secret"]["secretName"];
        assert_eq!(secret, &format!("{name}-vestibule"));
        together.extend(objects.iter().cloned());
    }
    let names: BTreeSet<String> = together
        .iter()
        .map(|object| format!("{} {}", object["kind"], object["metadata"]["name"]))
        .collect();
    assert_eq!(names.len(), together.len(), "{names:?}");
    // Of each app, by each kind's selector: what is its own, and nothing of the other's.
    for (name, objects) in &apps {
        let labels = &named(objects, "Deployment", name)["spec"]["template"]["metadata"]["labels"];
        let metrics = named(objects, "Service", &format!("{name}-vestibule-metrics"));
        for (kind, place, labels, of_its_own) in [
            ("NetworkPolicy", "/spec/podSelector/matchLabels", labels, 2),
            (
                "PodDisruptionBudget",
                "/spec/selector/matchLabels",
                labels,
                1,
            ),
            ("Service", "/spec/selector", labels, 2),
            (
                "ServiceMonitor",
                "/spec/selector/matchLabels",
                &metrics["metadata"]["labels"],
                1,
            ),
        ] {
            let selecting = |objects: &[Value]| {
                of_kind(objects, kind)
                    .into_iter()
                    .filter_map(|object| object.pointer(place))
                    .filter(|selector| super::selects(selector, labels))
                    .count()
            };
            assert_eq!(selecting(objects), of_its_own, "{kind} of {name}");
            assert_eq!(selecting(&together), of_its_own, "{kind} of {name}");
        }
    }
}

#[test]
fn names_of_an_app_are_not_taken_from_one_of_several() {
    let app = file("deploy/kustomize/example/app.yaml");
    let two = format!("{app}---\n{}", app.replace("wiki", "tickets"));
    let text =
        "resources: [app.yaml]\ncomponents: [kustomize/component, kustomize/shared-namespace]\n";
    let error = build(kustomization(&two, text).path()).expect_err("no manifests");
    assert!(error.contains("multiple matches"), "{error}");
    // Without anything beside the component.
    let objects = built(kustomization(&app, text).path());
    named(&objects, "NetworkPolicy", "wiki-vestibule");
}
