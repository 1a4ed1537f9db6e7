//! The recipes as texts: all of them, and those that no process runs here (Traefik, ingress-nginx, Envoy Gateway)
//! by what they say.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::suite::deploy::{file, yaml};

/// What preset "vestibule" tells the app.
const TOLD: [&str; 5] = [
    "x-access-right",
    "x-forwarded-email",
    "x-forwarded-groups",
    "x-forwarded-name",
    "x-forwarded-user",
];

fn recipe(name: &str) -> Vec<Value> {
    yaml(&file(&format!("deploy/forward-auth/{name}")))
}

/// The object of this kind and name.
fn object<'o>(objects: &'o [Value], kind: &str, name: &str) -> &'o Value {
    let its = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
    let found = objects.iter().find(its);
    found.unwrap_or_else(|| panic!("no {kind} called {name}"))
}

/// Texts of a list, or of one with commas, in lower case.
fn names(list: &Value) -> BTreeSet<String> {
    let texts: Vec<&str> = match list {
        Value::String(text) => text.split(',').collect(),
        list => {
            let items = list.as_array().expect("a list").iter();
            items.map(|item| item.as_str().expect("a text")).collect()
        }
    };
    texts
        .into_iter()
        .map(|name| name.trim().to_lowercase())
        .collect()
}

fn told() -> BTreeSet<String> {
    TOLD.map(str::to_owned).into()
}

/// The other spellings of a name, with these characters and the hyphen between its words.
fn aliases(name: &str, others: &[char]) -> BTreeSet<String> {
    let mut words = name.split('-');
    let mut all = vec![words.next().expect("a word").to_owned()];
    for word in words {
        let joined = |start: &String| {
            let all = others.iter().chain(&['-']);
            all.map(|join| format!("{start}{join}{word}"))
                .collect::<Vec<_>>()
        };
        all = all.iter().flat_map(joined).collect();
    }
    all.into_iter().filter(|alias| alias != name).collect()
}

#[test]
fn traefik_strips_every_alias_of_what_it_tells_and_keeps_the_question_inside() {
    let recipe = &recipe("traefik.yaml")[0]["http"];
    let asking = &recipe["middlewares"]["vestibule"]["forwardAuth"];
    assert_eq!(names(&asking["authResponseHeaders"]), told());
    assert_eq!(asking["trustForwardHeader"], false);
    assert_eq!(asking["address"], "http://127.0.0.1:4180/_vestibule/auth");
    let removed = &recipe["middlewares"]["one-spelling"]["headers"]["customRequestHeaders"];
    let removed = removed.as_object().expect("a table");
    assert!(removed.values().all(|value| value == ""), "{removed:?}");
    let removed: BTreeSet<String> = removed.keys().map(|name| name.to_lowercase()).collect();
    for name in told() {
        let aliases = aliases(&name, &['_', '.']);
        assert_eq!(aliases.len(), 8);
        let left: Vec<_> = aliases.difference(&removed).collect();
        assert!(left.is_empty(), "{name}: {left:?}");
    }
    let routers = &recipe["routers"];
    let same = &recipe["middlewares"]["same-request"]["headers"]["customRequestHeaders"];
    let same = same.as_object().expect("a table");
    assert!(same.values().all(|value| value == ""), "{same:?}");
    let same: BTreeSet<String> = same.keys().map(|name| name.to_lowercase()).collect();
    for name in OVERRIDES {
        assert!(same.contains(name), "{name}");
        let aliases = aliases(name, &['_', '.']);
        let left: Vec<_> = aliases.difference(&same).collect();
        assert!(left.is_empty(), "{name}: {left:?}");
    }
    // Taken out before it asks, since what it is told comes after that.
    let order = ["no-upgrade", "same-request", "one-spelling", "vestibule"];
    assert_eq!(routers["wiki"]["middlewares"], json!(order));
    let order = [
        "only-websocket",
        "same-request",
        "one-spelling",
        "vestibule",
    ];
    assert_eq!(routers["wiki-websocket"]["middlewares"], json!(order));
    let own = &routers["vestibule-auth"];
    let at = |rule: &Value, path: &str| rule.as_str().is_some_and(|rule| rule.ends_with(path));
    assert!(at(&own["rule"], "PathPrefix(`/_vestibule/auth`)"), "{own}");
    assert_eq!(own["middlewares"], json!(["nobody"]));
    let nobody = &recipe["middlewares"]["nobody"]["ipAllowList"]["sourceRange"];
    assert_eq!(*nobody, json!(["255.255.255.255/32"]));
    let priority = |name: &str| routers[name]["priority"].as_i64().expect("a priority");
    assert!(priority("vestibule-auth") > priority("vestibule"));
    assert!(priority("vestibule") > priority("wiki-websocket"));
    assert!(priority("wiki-websocket") > priority("wiki"));
    // ipAllowList has that name since 2.11.
    let head = file("deploy/forward-auth/traefik.yaml");
    assert!(head.starts_with("# Traefik (v2.11, v3) "), "{head:.60}");
}

#[test]
fn traefik_hands_on_a_change_to_a_websocket_and_to_nothing_else() {
    let recipe = &recipe("traefik.yaml")[0]["http"];
    let headers = |name: &str| &recipe["middlewares"][name]["headers"]["customRequestHeaders"];
    assert_eq!(
        *headers("no-upgrade"),
        json!({ "Upgrade": "", "HTTP2-Settings": "" })
    );
    assert_eq!(
        *headers("only-websocket"),
        json!({ "Upgrade": "websocket", "HTTP2-Settings": "" })
    );
    let rule = recipe["routers"]["wiki-websocket"]["rule"].as_str();
    let rule = rule.expect("a rule");
    let conditions: Vec<&str> = rule.split(" && ").collect();
    assert_eq!(
        conditions,
        [
            "Host(`wiki.example.com`)",
            "Method(`GET`)",
            "HeaderRegexp(`Upgrade`, `(?i)^websocket$`)"
        ]
    );
}

#[test]
fn envoy_gateway_strips_every_alias_of_what_it_tells_and_keeps_the_question_inside() {
    let recipe = recipe("envoy-gateway.yaml");
    let policy = &object(&recipe, "SecurityPolicy", "wiki")["spec"];
    assert_eq!(policy["targetRefs"][0]["name"], "wiki");
    let asking = &policy["extAuth"];
    assert_eq!(asking["failOpen"], false);
    assert_eq!(asking["http"]["path"], "/_vestibule/auth");
    assert_eq!(names(&asking["http"]["headersToBackend"]), told());
    let route = &object(&recipe, "HTTPRoute", "wiki")["spec"]["rules"][0];
    let removed = &route["filters"][0]["requestHeaderModifier"]["remove"];
    // Gateway API takes 16 names at most.
    assert!(removed.as_array().is_some_and(|names| names.len() <= 16));
    assert!(names(removed).contains("http2-settings"), "{removed}");
    let headers = &object(&recipe, "ClientTrafficPolicy", "public")["spec"]["headers"];
    assert_eq!(headers["withUnderscoresAction"], "DropHeader");
    let removed = names(&headers["earlyRequestHeaders"]["remove"]);
    for name in told() {
        let aliases = aliases(&name, &['.']);
        assert_eq!(aliases.len(), 3);
        let left: Vec<_> = aliases.difference(&removed).collect();
        assert!(left.is_empty(), "{name}: {left:?}");
    }
    let own = &object(&recipe, "HTTPRoute", "wiki-vestibule")["spec"]["rules"];
    let mut rules = own.as_array().expect("rules").iter();
    let is_question = |rule: &&Value| {
        let path = &rule["matches"][0]["path"];
        path["value"] == "/_vestibule/auth" && path["type"] == "PathPrefix"
    };
    let question = rules.find(is_question).expect("a rule for the question");
    assert_eq!(question["filters"][0]["extensionRef"]["name"], "nobody");
    assert_eq!(question["backendRefs"], Value::Null);
    let answer = &object(&recipe, "HTTPRouteFilter", "nobody")["spec"];
    assert_eq!(answer["directResponse"]["statusCode"], 404);
}

#[test]
fn ingress_nginx_lets_no_alias_in_and_keeps_the_question_inside() {
    let recipe = recipe("ingress-nginx.yaml");
    let asking = &object(&recipe, "Ingress", "wiki")["metadata"]["annotations"];
    let of = |name: &str| &asking[&format!("nginx.ingress.kubernetes.io/{name}")];
    assert_eq!(names(of("auth-response-headers")), told());
    let url = of("auth-url").as_str().expect("a URL");
    assert!(url.ends_with("/_vestibule/auth"), "{url}");
    // The controller drops all aliases by itself, unless it is told not to.
    let text = file("deploy/forward-auth/ingress-nginx.yaml");
    for key in ["enable-underscores-in-headers", "ignore-invalid-headers"] {
        let said = text.lines().filter(|line| line.contains(key));
        let said: Vec<&str> = said.collect();
        assert!(!said.is_empty(), "{key}");
        assert!(said.iter().all(|line| line.starts_with('#')), "{said:?}");
    }
    let own = object(&recipe, "Ingress", "wiki-vestibule");
    // It is not asked about, and its cookies may be large.
    let size = "nginx.ingress.kubernetes.io/proxy-buffer-size";
    assert_eq!(own["metadata"]["annotations"], json!({ size: "32k" }));
    assert_eq!(asking[size], "32k");
    let paths = own["spec"]["rules"][0]["http"]["paths"].as_array();
    let mut paths = paths.expect("paths").iter();
    let question = paths.find(|path| path["path"] == "/_vestibule/auth");
    let question = question.expect("a path for the question");
    assert_eq!(question["pathType"], "Prefix");
    assert_eq!(question["backend"]["service"]["name"], "nobody");
    let nobody = object(&recipe, "Service", "nobody");
    assert_eq!(nobody["spec"]["selector"], Value::Null);
}

#[test]
fn what_is_run_and_what_is_read_is_said() {
    let said = file("deploy/README.md");
    let line = said.lines().find(|line| line.contains("[forward-auth/]"));
    let line = line.expect("the recipes");
    let (run, read) = line.split_once("**read**").expect("what is read");
    assert!(run.contains("**run**"), "{line}");
    for name in ["nginx", "Caddy", "Envoy", "HAProxy"] {
        assert!(run.contains(name), "{name}: {run}");
    }
    for name in ["Traefik", "ingress-nginx", "Envoy Gateway"] {
        assert!(read.contains(name), "{name}: {read}");
    }
}

/// Headers that make apps see another request than the one that was asked about.
pub(super) const OVERRIDES: [&str; 11] = [
    "x-original-url",
    "x-original-uri",
    "x-original-host",
    "x-rewrite-url",
    "x-http-method-override",
    "x-http-method",
    "x-method-override",
    "x-forwarded-prefix",
    // What is mounted where: WSGI's apps take it from these (pgAdmin, Calibre-Web, gunicorn).
    "x-script-name",
    "script-name",
    "path-info",
];

#[test]
fn every_recipe_takes_out_what_makes_apps_see_another_request() {
    let recipes = crate::support::peers::root().join("deploy/forward-auth");
    let mut seen = 0;
    for recipe in std::fs::read_dir(recipes).expect("the recipes") {
        let path = recipe.expect("a recipe").path();
        if path.extension().is_some_and(|kind| kind == "lua") {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&path).expect("the recipe");
        let said: String = text
            .lines()
            .filter(|line| !line.trim_start().starts_with('#'))
            .flat_map(|line| [line, "\n"])
            .collect();
        let words: Vec<String> = said
            .to_ascii_lowercase()
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'))
            .map(|word| word.trim_start_matches('-').to_owned())
            .collect();
        for name in OVERRIDES {
            assert!(
                words.iter().any(|word| word == name),
                "{}: {name}",
                path.display()
            );
        }
    }
    assert_eq!(seen, 8, "of every front proxy");
}

/// What a recipe's comments say, without the number sign and the indent.
pub(super) fn aside(name: &str) -> Vec<String> {
    let text = file(&format!("deploy/forward-auth/{name}"));
    let lines = text
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix('#'));
    lines.map(|line| line.trim_start().to_owned()).collect()
}
