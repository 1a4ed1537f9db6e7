//! Dashboard and alerts, against the list of metrics and what they can say.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{ask, file, yaml};
use crate::support::wire::raw_request;
use crate::support::{Harness, source};

#[test]
fn every_query_is_of_metrics_that_there_are() {
    let dashboard: Value =
        serde_json::from_str(&file("deploy/grafana/dashboard.json")).expect("JSON");
    let mut queries = Vec::new();
    collect(&dashboard, &mut queries);
    assert!(queries.len() > 15, "{}", queries.len());
    let alerts = yaml(&file("deploy/prometheus/alerts.yaml")).remove(0);
    let before = queries.len();
    collect(&alerts, &mut queries);
    assert!(queries.len() > before + 5, "{}", queries.len() - before);

    let (asked, answers) = parsed(&queries);
    let page = file("docs/metrics.md");
    let described: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    let source = source::of_the_program();
    for (query, answer) in asked.iter().zip(answers.as_array().expect("a list")) {
        assert!(answer.get("error").is_none(), "{answer}");
        let metrics = answer["metrics"].as_array().expect("a list");
        assert!(!metrics.is_empty(), "{query}");
        for metric in metrics {
            let metric = metric.as_str().expect("a name");
            // Of a histogram, its buckets.
            let metric = metric.strip_suffix("_bucket").unwrap_or(metric);
            // Prometheus' own, of each instance that it asks.
            if metric == "up" {
                continue;
            }
            assert!(described.contains(metric), "{metric} in {query}");
        }
        for (label, values) in answer["labels"].as_object().expect("a table") {
            match label.as_str() {
                "outcome" | "result" | "reason" => {
                    for value in values.as_array().expect("a list") {
                        assert!(source.contains(&value.to_string()), "{value} in {query}");
                    }
                }
                "namespace" | "job" | "instance" => {}
                other => panic!("{other} in {query}"),
            }
        }
    }
}

/// Of what the page lists, nothing is left out.
#[test]
fn whatever_is_described_is_shown_or_woken_by() {
    let dashboard: Value =
        serde_json::from_str(&file("deploy/grafana/dashboard.json")).expect("JSON");
    let mut queries = Vec::new();
    collect(&dashboard, &mut queries);
    // One deployment among several is chosen by what tells them apart.
    for query in &queries {
        let all = query.matches("vestibule_").count();
        let chosen = r#"{namespace=~"$namespace", job=~"$job", instance=~"$instance""#;
        assert_eq!(query.matches(chosen).count(), all, "{query}");
    }
    let variables = dashboard["templating"]["list"].as_array().expect("a list");
    let variables: Vec<&str> = variables
        .iter()
        .filter_map(|v| v["name"].as_str())
        .collect();
    assert_eq!(variables, ["datasource", "namespace", "job", "instance"]);
    // Each offers what fits the ones before it.
    let asked = |place: usize| &dashboard["templating"]["list"][place]["query"]["query"];
    assert_eq!(asked(1), "label_values(vestibule_build_info, namespace)");
    for (place, by) in [
        (2, r#"{namespace=~"$namespace"}, job)"#),
        (3, r#"job=~"$job"}, instance)"#),
    ] {
        let query = asked(place).as_str().expect("a query");
        assert!(
            query.contains(r#"{namespace=~"$namespace""#) && query.ends_with(by),
            "{query}"
        );
    }
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<String> = panels.iter().map(|panel| panel["id"].to_string()).collect();
    assert_eq!(ids.len(), panels.len());

    collect(
        &yaml(&file("deploy/prometheus/alerts.yaml")).remove(0),
        &mut queries,
    );
    let (_, answers) = parsed(&queries);
    let asked: BTreeSet<&str> = answers
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|answer| answer["metrics"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .map(|metric| metric.strip_suffix("_bucket").unwrap_or(metric))
        .collect();
    let page = file("docs/metrics.md");
    let described = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `vestibule_")?.split('`').next());
    let mut looked = 0;
    for metric in described {
        assert!(
            asked.contains(format!("vestibule_{metric}").as_str()),
            "{metric}"
        );
        looked += 1;
    }
    assert!(looked > 20, "{looked}");
}

#[test]
fn every_alert_says_what_to_do_with_it() {
    let alerts = yaml(&file("deploy/prometheus/alerts.yaml")).remove(0);
    let rules = alerts["groups"][0]["rules"].as_array().expect("rules");
    let mut names = BTreeSet::new();
    for rule in rules {
        let name = rule["alert"].as_str().expect("a name");
        assert!(names.insert(name), "twice: {name}");
        assert!(rule["annotations"]["summary"].is_string(), "{name}");
        let severity = rule["labels"]["severity"].as_str();
        assert!(matches!(severity, Some("warning" | "critical")), "{name}");
    }
}

#[test]
fn what_is_asked_for_is_there_before_it_happens() {
    let mut queries = Vec::new();
    collect(
        &yaml(&file("deploy/prometheus/alerts.yaml")).remove(0),
        &mut queries,
    );
    let dashboard: Value =
        serde_json::from_str(&file("deploy/grafana/dashboard.json")).expect("JSON");
    collect(&dashboard, &mut queries);
    let (asked, answers) = parsed(&queries);
    let chain = Harness::start();
    let fresh = raw_request(chain.admin, "GET /metrics HTTP/1.1\r\nHost: admin\r\n\r\n").text();
    let mut looked = 0;
    for (query, answer) in asked.iter().zip(answers.as_array().expect("a list")) {
        for label in ["outcome", "result", "reason"] {
            for value in answer["labels"][label].as_array().unwrap_or(&Vec::new()) {
                let value = format!("{label}={value}");
                // A sum over what is absent would compare with nothing.
                let found = fresh.lines().any(|line| line.contains(&value));
                assert!(found, "{value} of {query} in\n{fresh}");
                looked += 1;
            }
        }
    }
    assert!(looked > 12, "{looked}");
    let zeros = fresh
        .lines()
        .filter(|line| line.starts_with("vestibule_requests_total"))
        .count();
    assert!(zeros < 20, "{zeros}: their number is bounded");
    assert!(fresh.contains("\nvestibule_configuration_refused 0\n"));
}

#[test]
fn no_alert_takes_two_deployments_for_one() {
    let mut queries = Vec::new();
    collect(
        &yaml(&file("deploy/prometheus/alerts.yaml")).remove(0),
        &mut queries,
    );
    let mut sums = 0;
    for query in &queries {
        for aggregation in ["sum", "count", "min", "max", "avg"] {
            for (place, _) in query.match_indices(aggregation) {
                let (before, after) = query.split_at(place);
                let is_a_word =
                    !before.ends_with(|last: char| last.is_alphanumeric() || last == '_');
                let after = &after[aggregation.len()..];
                if !is_a_word || !after.starts_with([' ', '(']) {
                    continue;
                }
                let by = after
                    .strip_prefix(" by (")
                    .and_then(|by| by.split(')').next());
                let by: Vec<&str> = by.into_iter().flat_map(|by| by.split(", ")).collect();
                assert!(by.contains(&"job") && by.contains(&"namespace"), "{query}");
                sums += 1;
            }
        }
    }
    assert!(sums > 8, "{sums}");
    // One bad instance among many is seen by name.
    assert!(queries.iter().any(|query| query.starts_with("up == 0 ")));
}

/// The queries as Prometheus would get them, and what is in them.
fn parsed(queries: &[String]) -> (Vec<String>, Value) {
    // Grafana's variables stand for what Prometheus sees.
    let asked: Vec<String> = queries
        .iter()
        .map(|query| query.replace("$__rate_interval", "5m"))
        .collect();
    let answers = ask("queries", &json!(asked));
    (asked, answers)
}

/// Every `expr`, wherever it is.
fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(table) => {
            for (key, value) in table {
                match value.as_str() {
                    Some(query) if key == "expr" => found.push(query.to_owned()),
                    _ => collect(value, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}
