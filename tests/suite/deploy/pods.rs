//! What the chart gives a pod besides, how long it lets it end, and what it tells people.

use serde_json::{Value, json};

use super::chart::{protecting, rendered, values};
use super::refused::refuses;
use super::{ask, file, is_restricted, named, of_kind, valid, vestibule_in, yaml};
use crate::support::peers::root;

const EXTRAS: &str = "ci/extras-values.yaml";

fn app() -> String {
    file("deploy/helm/vestibule/examples/app.yaml")
}

/// The manifest of the example, something in it changed.
fn app_with(from: &str, to: &str) -> String {
    let app = app();
    assert!(app.contains(from), "{from}");
    app.replacen(from, to, 1)
}

/// The pod of the release's one Deployment.
fn pod(values: &Value) -> Value {
    let objects = rendered(values).expect("manifests");
    let deployments = of_kind(&objects, "Deployment");
    assert_eq!(deployments.len(), 1);
    deployments[0]["spec"]["template"]["spec"].clone()
}

fn pause(pod: &Value) -> u64 {
    let seconds = &pod["terminationGracePeriodSeconds"];
    seconds.as_u64().expect("a number")
}

/// What people are told after the install.
fn told(values: &Value) -> String {
    let chart = root().join("deploy/helm/vestibule");
    let answer = ask(
        "render",
        &json!({ "chart": chart, "cases": { "it": values } }),
    );
    let notes = answer["it"]["notes"].as_str();
    notes.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn certificates_authorities_and_a_proxy_reach_vestibules_container_alone() {
    let extras = values(EXTRAS);
    let objects = rendered(&extras).expect("manifests");
    valid("extras", &objects);
    let standalone = named(&objects, "Deployment", "wiki-vestibule");
    is_restricted(vestibule_in(standalone));
    assert_eq!(pause(&pod(&extras)), 90);
    let mut beside_an_app = extras.clone();
    beside_an_app["protect"] = json!({ "manifest": app() });
    beside_an_app["config"]["upstream"] = json!({ "url": "http://127.0.0.1:3000" });
    let objects = rendered(&beside_an_app).expect("manifests");
    valid("extras beside an app", &objects);
    let protected = named(&objects, "Deployment", "wiki");
    is_restricted(vestibule_in(protected));
    for deployment in [standalone, protected] {
        let vestibule = vestibule_in(deployment);
        let mounts = vestibule["volumeMounts"].as_array().expect("mounts");
        assert_eq!(mounts.len(), 4, "{mounts:?}");
        for (place, name) in [("/run/tls", "tls"), ("/run/ca", "ca")] {
            let mounted = mounts
                .iter()
                .any(|mount| mount["mountPath"] == place && mount["name"] == name);
            assert!(mounted, "{place}");
        }
        let volumes = &deployment["spec"]["template"]["spec"]["volumes"];
        assert_eq!(volumes[2]["secret"]["secretName"], "wiki-tls");
        assert_eq!(volumes[3]["configMap"]["name"], "corporate-ca");
        assert_eq!(vestibule["env"][0]["name"], "HTTPS_PROXY");
        assert_eq!(
            vestibule["envFrom"][0]["configMapRef"]["name"],
            "wiki-client"
        );
    }
    let app = &protected["spec"]["template"]["spec"]["containers"][0];
    assert!(app.get("env").is_none() && app.get("volumeMounts").is_none());
}

#[test]
fn what_would_not_be_reloaded_or_does_not_fit_is_not_mounted() {
    let with = |place: &str, value: Value| {
        let mut values = values(EXTRAS);
        *values.pointer_mut(place).expect("a place") = value;
        values
    };
    let mount = "/extraVolumeMounts/0";
    let mut beside_an_app = protecting(&app_with(
        "      containers:\n",
        "      volumes: [{ name: tls, emptyDir: {} }]\n      containers:\n",
    ));
    beside_an_app["extraVolumes"] = values(EXTRAS)["extraVolumes"].clone();
    refuses(&[
        (
            with(
                mount,
                json!({ "name": "tls", "mountPath": "/run/tls/tls.crt", "subPath": "tls.crt" }),
            ),
            "subPath, which does not follow",
        ),
        (
            with(
                mount,
                json!({ "name": "tls", "mountPath": "/run/tls", "subPathExpr": "$(POD)" }),
            ),
            "subPath, which does not follow",
        ),
        (
            with(
                mount,
                json!({ "name": "tls", "mountPath": "/etc/vestibule/tls" }),
            ),
            "mount it beside",
        ),
        (
            with(
                mount,
                json!({ "name": "tls", "mountPath": "/run/tls", "readOnly": false }),
            ),
            "readOnly",
        ),
        (
            with("/extraVolumes/0/name", json!("vestibule-secrets")),
            "the chart's own",
        ),
        (beside_an_app, "the app has a volume tls already"),
    ]);
    // Beside, though its name begins alike.
    let beside = json!({ "name": "tls", "mountPath": "/etc/vestibule-tls" });
    rendered(&with(mount, beside)).expect("manifests");
}

#[test]
fn pods_may_end_for_as_long_as_the_configuration_takes() {
    let standalone = |delay: &str, grace: &str| {
        let mut values = values(EXTRAS);
        values["terminationGracePeriodSeconds"] = json!(0);
        values["config"]["server"]["shutdown_delay"] = json!(delay);
        values["config"]["server"]["grace_period"] = json!(grace);
        values
    };
    // Five before SIGTERM, ten to spare.
    for (delay, grace, seconds) in [
        ("0s", "25s", 40),
        ("10s", "1m", 85),
        ("1m 30s", "2min", 225),
        ("500ms", "1h", 3616),
    ] {
        assert_eq!(pause(&pod(&standalone(delay, grace))), seconds, "{delay}");
    }
    assert_eq!(pause(&pod(&values("ci/standalone-values.yaml"))), 40);
    // The app's own, unless it is shorter.
    let of_the_app = |seconds: u64| {
        protecting(&app_with(
            "      containers:\n",
            &format!("      terminationGracePeriodSeconds: {seconds}\n      containers:\n"),
        ))
    };
    assert_eq!(pause(&pod(&protecting(&app()))), 40);
    assert_eq!(pause(&pod(&of_the_app(300))), 300);
    assert_eq!(pause(&pod(&of_the_app(10))), 40);

    let mut short = standalone("10s", "1m");
    short["terminationGracePeriodSeconds"] = json!(79);
    let mut beside_an_app = of_the_app(300);
    beside_an_app["terminationGracePeriodSeconds"] = json!(34);
    let mut hidden = standalone("0s", "25s");
    hidden["config"]["server"]["grace_period"] = json!({ "env": "GRACE" });
    refuses(&[
        (short.clone(), "come to 80"),
        (beside_an_app, "come to 35"),
        (hidden, "write it out"),
    ]);
    short["terminationGracePeriodSeconds"] = json!(80);
    assert_eq!(pause(&pod(&short)), 80);
}

#[test]
fn what_no_probe_and_no_prometheus_could_reach_is_not_installed() {
    let mut cases = Vec::new();
    for address in ["127.0.0.1", "[::1]", "localhost"] {
        for (key, port) in [("listen", 4180), ("admin_listen", 9090)] {
            let mut values = protecting(&app());
            values["config"]["server"][key] = json!(format!("{address}:{port}"));
            cases.push((values, "on loopback"));
        }
    }
    let mut unseen = protecting(&app());
    unseen["serviceMonitor"] = json!({ "enabled": true });
    cases.push((unseen.clone(), "networkPolicy.monitoring"));
    refuses(&cases);
    unseen["networkPolicy"] = json!({ "monitoring": [{ "podSelector": {} }] });
    rendered(&unseen).expect("manifests");
    for address in [
        json!("[::]:4180"),
        json!(["127.0.0.1:4180", "10.0.0.7:4180"]),
    ] {
        let mut values = protecting(&app());
        values["config"]["server"]["listen"] = address;
        rendered(&values).expect("manifests");
    }
}

#[test]
fn only_a_budget_of_these_pods_takes_the_place_of_ours() {
    let budgets = |selector: &str| {
        let manifest = format!(
            "{}---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{ name: theirs }}\n\
             spec: {{ maxUnavailable: 1, selector: {selector} }}\n",
            app()
        );
        let objects = rendered(&protecting(&manifest)).expect("manifests");
        of_kind(&objects, "PodDisruptionBudget").len()
    };
    for of_these in [
        "{ matchLabels: { app: wiki } }",
        "{}",
        "{ matchExpressions: [{ key: app, operator: In, values: [wiki, tickets] }] }",
        "{ matchExpressions: [{ key: tier, operator: DoesNotExist }] }",
    ] {
        assert_eq!(budgets(of_these), 1, "{of_these}");
    }
    for of_others in [
        "{ matchLabels: { app: tickets } }",
        "{ matchLabels: { app: wiki, tier: db } }",
        "{ matchExpressions: [{ key: app, operator: NotIn, values: [wiki] }] }",
        "{ matchExpressions: [{ key: tier, operator: Exists }] }",
    ] {
        assert_eq!(budgets(of_others), 2, "{of_others}");
    }
}

#[test]
fn what_a_cluster_wrote_is_left_out_and_so_is_a_number_that_another_sets() {
    let manifest = format!(
        "{}---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{ name: wiki }}\nspec:\n  \
         maxReplicas: 9\n  scaleTargetRef: {{ apiVersion: apps/v1, kind: Deployment, name: wiki }}\n",
        app_with(
            "  name: wiki\n",
            "  name: wiki\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: \"{}\"\n    \
             deployment.kubernetes.io/revision: \"7\"\n    owner: web\n",
        )
    );
    let mut scaled = protecting(&manifest);
    let objects = rendered(&scaled).expect("manifests");
    valid("scaled", &objects);
    let deployment = named(&objects, "Deployment", "wiki");
    assert!(deployment["spec"].get("replicas").is_none());
    assert_eq!(
        deployment["metadata"]["annotations"],
        json!({ "owner": "web" })
    );
    // What stays after the release is gone.
    scaled["protect"]["keep"] = json!(true);
    let objects = rendered(&scaled).expect("manifests");
    for (kind, name) in [
        ("Deployment", "wiki"),
        ("Service", "wiki"),
        ("Ingress", "wiki"),
        ("HorizontalPodAutoscaler", "wiki"),
    ] {
        let annotations = &named(&objects, kind, name)["metadata"]["annotations"];
        assert_eq!(annotations["helm.sh/resource-policy"], "keep", "{kind}");
    }
    let policy = named(&objects, "NetworkPolicy", "wiki-vestibule");
    assert!(policy["metadata"].get("annotations").is_none());
    let replicas = &pod_template(&protecting(&app()))["spec"]["replicas"];
    assert_eq!(replicas, 2, "nobody else sets it");
}

fn pod_template(values: &Value) -> Value {
    let objects = rendered(values).expect("manifests");
    named(&objects, "Deployment", "wiki").clone()
}

#[test]
fn a_store_keeps_the_secret_that_is_mounted_with_the_files_that_are_named() {
    let kept = yaml(&file("deploy/helm/vestibule/examples/external-secret.yaml"));
    let told = ask("validate", &json!(kept));
    assert_eq!(told, json!([["ExternalSecret wiki-vestibule"]]));
    let objects = rendered(&protecting(&app())).expect("manifests");
    let volumes = &named(&objects, "Deployment", "wiki")["spec"]["template"]["spec"]["volumes"];
    assert_eq!(
        volumes[1]["secret"]["secretName"],
        kept[0]["spec"]["target"]["name"]
    );
    let config = named(&objects, "ConfigMap", "wiki-vestibule");
    let config = config["data"]["vestibule.toml"].as_str().expect("a text");
    for item in kept[0]["spec"]["data"].as_array().expect("a list") {
        let name = item["secretKey"].as_str().expect("a name");
        assert!(
            config.contains(&format!("\"/run/secrets/vestibule/{name}\"")),
            "{name}"
        );
    }
}

#[test]
fn kinds_that_kubernetes_does_not_know_are_looked_at_too() {
    let objects = rendered(&values("ci/standalone-values.yaml")).expect("manifests");
    let with = |kind: &str, place: &str, value: Value| {
        let mut object = of_kind(&objects, kind)[0].clone();
        *object.pointer_mut(place).expect("a place") = value;
        object
    };
    let mut kept = yaml(&file("deploy/helm/vestibule/examples/external-secret.yaml")).remove(0);
    kept["spec"]["secretStoreReference"] = json!({ "name": "aws" });
    let wrong = json!([
        with("ServiceMonitor", "/spec/endpoints/0/port", json!(9090)),
        with(
            "ServiceMonitor",
            "/apiVersion",
            json!("monitoring.coreos.com/v2")
        ),
        with("HTTPRoute", "/spec/rules/0/backendRefs", json!([])),
        with(
            "HTTPRoute",
            "/spec/hostnames/0",
            json!("https://wiki.example.com")
        ),
        with("HTTPRoute", "/kind", json!("HttpRoute")),
        kept,
    ]);
    for answer in ask("validate", &wrong).as_array().expect("a list") {
        let said = answer.as_array().expect("a list");
        assert!(said.len() > 1, "{said:?} is let through");
    }
}

/// Whoever adds an example adds the test that reads it.
#[test]
fn every_example_is_read_by_a_test() {
    let tests: String = ["chart", "pods", "refused", "component"]
        .map(|name| file(&format!("tests/suite/deploy/{name}.rs")))
        .concat();
    for folder in ["examples", "ci"] {
        let path = root().join("deploy/helm/vestibule").join(folder);
        for entry in std::fs::read_dir(path).expect("a directory") {
            let name = entry.expect("an entry").file_name();
            let name = format!("{folder}/{}", name.to_str().expect("a name"));
            assert!(tests.contains(&name), "{name}");
        }
    }
}

#[test]
fn people_are_told_what_to_register_and_what_an_uninstall_takes_away() {
    let mut values = protecting(&app());
    let one = told(&values);
    assert!(one.contains("callback URL  https://wiki.example.com/_vestibule/callback\n"));
    assert!(one.contains("sign-out URL  https://wiki.example.com/_vestibule/signed-out\n"));
    assert!(one.contains("`helm uninstall` DELETES THE APP"), "{one}");
    assert!(file("deploy/helm/vestibule/README.md").contains("## Taking it away again"));

    values["protect"]["keep"] = json!(true);
    values["config"]["server"]["public_url"] =
        json!([{ "env": "PUBLIC_URL" }, "https://b.example.com/"]);
    values["config"]["provider"] = json!({
        "corp": { "kind": "oidc", "issuer": "https://a.example.com", "client_id": "a", "email_domains": ["a.example.com"] },
        "partner": {
            "kind": "oidc", "issuer": "https://b.example.com", "client_id": "b", "email_domains": ["b.example.com"],
            "callback_path": "/oauth2/callback", "logout": "local",
        },
        "machines": { "kind": "oidc", "issuer": "https://c.example.com", "api": { "audiences": ["c"] } },
    });
    let several = told(&values);
    for said in [
        "${PUBLIC_URL}/_vestibule/callback/corp\n",
        "https://b.example.com/_vestibule/callback/corp\n",
        "https://b.example.com/oauth2/callback\n",
        "`helm uninstall` leaves the app",
    ] {
        assert!(several.contains(said), "{said}: {several}");
    }
    assert_eq!(several.matches("callback URL").count(), 4, "{several}");
    assert_eq!(several.matches("sign-out URL").count(), 2, "{several}");
    assert!(!several.contains("map["), "{several}");
    assert!(!several.contains("machines"), "{several}");
    // Where several go on from there, each returns to a path of its own.
    for id in ["corp", "partner"] {
        let then = json!({ "then": "https://login.example.com/out" });
        values["config"]["provider"][id]["logout"] = then;
    }
    let going_on = told(&values);
    for id in ["corp", "partner"] {
        let said = format!("https://b.example.com/_vestibule/logout/then/{id}\n");
        assert!(going_on.contains(&said), "{said}: {going_on}");
    }
}
