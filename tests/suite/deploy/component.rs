//! The Kustomize component, built by kubectl.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{
    app_is_unreachable, file, is_native_sidecar, is_probed, is_restricted, named, of_kind,
    open_ports, valid, vestibule_in, yaml,
};
use crate::support::peers::root;

fn built(folder: &Path) -> Vec<Value> {
    let output = Command::new(root().join("target/tools/kubectl/kubectl"))
        .args(["kustomize", "--load-restrictor=LoadRestrictionsNone"])
        .arg(folder)
        .output()
        .expect("kubectl of scripts/setup");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    yaml(&String::from_utf8(output.stdout).expect("text"))
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
    let home = tempfile::tempdir().expect("a directory");
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
    std::fs::write(home.path().join("app.yaml"), format!("{app}---\n{off}")).expect("the apps");
    let component = root().join("deploy/kustomize/component");
    let link = home.path().join("component");
    let copied = Command::new("cp")
        .arg("-r")
        .arg(component)
        .arg(link)
        .status();
    assert!(copied.expect("cp").success());
    std::fs::write(
        home.path().join("kustomization.yaml"),
        "resources: [app.yaml]\ncomponents: [component]\n",
    )
    .expect("the kustomization");
    let objects = built(home.path());
    is_native_sidecar(named(&objects, "Deployment", "wiki"));
    let before = yaml(&off);
    for kind in ["Deployment", "Service"] {
        let now = named(&objects, kind, "other");
        assert_eq!(now, named(&before, kind, "other"), "{kind}");
    }
}
