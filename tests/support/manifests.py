"""What is in deploy/, read by others than us: the other half of tests/suite/deploy.

Questions come as JSON on stdin, answers leave as JSON on stdout; argv names the question.

render    {"chart": PATH, "cases": {NAME: VALUES}, "release": NAME or nothing: wiki}
                                                    ->  {NAME: {"objects": [...], "notes": TEXT} or {"error": TEXT}}
lint      {"chart": PATH, "cases": {NAME: VALUES}}  ->  {NAME: [ERROR, ...]}
read      {NAME: YAML}                              ->  {NAME: [OBJECT, ...]}
validate  [OBJECT, ...]                             ->  [[OBJECT's name, ERROR, ...], ...]
queries   [PROMQL, ...]                             ->  [{"metrics": [...], "labels": {NAME: [VALUE, ...]}} or {"error": TEXT}]
"""

import json
import sys

import yaml


def objects(text):
    return [document for document in yaml.safe_load_all(text) if document]


def render(question):
    import helm_python as helm

    answers = {}
    release = question.get("release", "wiki")
    with helm.Chart.load(question["chart"]) as chart:
        for name, values in question["cases"].items():
            try:
                files = chart.render(values, name=release, namespace="prod")
            except helm.HelmError as error:
                answers[name] = {"error": str(error)}
                continue
            notes = "".join(files.pop(key) for key in list(files) if key.endswith("NOTES.txt"))
            answers[name] = {"objects": [o for text in files.values() for o in objects(text)], "notes": notes}
    return answers


def lint(question):
    import helm_python as helm

    answers = {}
    for name, values in question["cases"].items():
        report = helm.lint(question["chart"], values)
        # Severity 1 is advice, such as a picture for the chart.
        messages = [m["error"] for m in report["messages"] if m["severity"] > 1]
        answers[name] = messages + report["errors"]
    return answers


def read(question):
    return {name: objects(text) for name, text in question.items()}


TEXT = {"type": "string", "minLength": 1}
PORT = {"type": "integer", "minimum": 1, "maximum": 65535}


def table(required, **optional):
    """What is required, what may be there besides, and nothing else."""
    return {
        "type": "object",
        "properties": required | optional,
        "required": list(required),
        "additionalProperties": False,
    }


def some(items):
    return {"type": "array", "minItems": 1, "items": items}


# Kinds that Kubernetes itself does not know: the part of their definitions that is used here, kept by hand after the
# documentation of the Prometheus operator, of Gateway API 1.x and of External Secrets.
OTHERS = {
    ("monitoring.coreos.com/v1", "ServiceMonitor"): table(
        {
            "selector": table({"matchLabels": {"type": "object", "minProperties": 1, "additionalProperties": TEXT}}),
            "endpoints": some(
                table(
                    {"port": TEXT},
                    path={"type": "string", "pattern": "^/"},
                    interval={"type": "string", "pattern": "^([0-9]+(ms|[smhd]))+$"},
                )
            ),
        },
    ),
    ("gateway.networking.k8s.io/v1", "HTTPRoute"): table(
        {
            "parentRefs": some(table({"name": TEXT}, namespace=TEXT, sectionName=TEXT, port=PORT)),
            "rules": some(
                table(
                    {"backendRefs": some(table({"name": TEXT, "port": PORT}, namespace=TEXT))},
                    matches=some(
                        table({"path": table({"type": {"enum": ["Exact", "PathPrefix"]}, "value": TEXT})}),
                    ),
                )
            ),
        },
        hostnames=some({"type": "string", "pattern": r"^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"}),
    ),
    ("external-secrets.io/v1", "ExternalSecret"): table(
        {
            "secretStoreRef": table({"name": TEXT}, kind={"enum": ["SecretStore", "ClusterSecretStore"]}),
            "data": some(
                table({"secretKey": TEXT, "remoteRef": table({"key": TEXT}, property=TEXT, version=TEXT)}),
            ),
        },
        refreshInterval={"type": "string", "pattern": "^([0-9]+[smh])+$"},
        target=table(
            {"name": TEXT},
            creationPolicy={"enum": ["Owner", "Orphan", "Merge", "None"]},
            deletionPolicy={"enum": ["Delete", "Merge", "Retain"]},
        ),
    ),
}


def other(item, message):
    """What is wrong with a kind that Kubernetes does not know; the message, if we do not either."""
    import jsonschema

    spec = OTHERS.get((item.get("apiVersion"), item.get("kind")))
    if spec is None:
        return [message]
    whole = {
        "type": "object",
        "properties": {
            "apiVersion": TEXT,
            "kind": TEXT,
            "metadata": table(
                {"name": TEXT},
                **dict.fromkeys(["labels", "annotations"], {"type": "object", "additionalProperties": {"type": "string"}}),
                namespace=TEXT,
            ),
            "spec": spec,
        },
        "required": ["metadata", "spec"],
        "additionalProperties": False,
    }
    wrong = jsonschema.Draft7Validator(whole).iter_errors(item)
    return [f"{list(error.path)}: {error.message}" for error in wrong]


def validate(question):
    import kubernetes_validate

    answers = []
    for item in question:
        name = f'{item.get("kind")} {item.get("metadata", {}).get("name")}'
        errors = []
        try:
            kubernetes_validate.validate(item, "1.37", strict=True)
        except kubernetes_validate.ValidationError as error:
            errors.append(f"{list(error.path)}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError as error:
            errors.extend(other(item, error.message))
        answers.append([name, *errors])
    return answers


def queries(question):
    import promql_parser

    def walk(node, found):
        if isinstance(node, promql_parser.VectorSelector):
            found["metrics"].append(node.name)
            for matcher in node.matchers.matchers:
                found["labels"].setdefault(matcher.name, []).extend(matcher.value.split("|"))
        for part in ("expr", "lhs", "rhs", "vector_selector", "param"):
            child = getattr(node, part, None)
            if child is not None and not isinstance(child, (str, float)):
                walk(child, found)
        for child in getattr(node, "args", None) or []:
            walk(child, found)

    answers = []
    for query in question:
        found = {"metrics": [], "labels": {}}
        try:
            walk(promql_parser.parse(query), found)
        except ValueError as error:
            found = {"error": f"{query}: {error}"}
        answers.append(found)
    return answers


QUESTIONS = {"render": render, "lint": lint, "read": read, "validate": validate, "queries": queries}

json.dump(QUESTIONS[sys.argv[1]](json.load(sys.stdin)), sys.stdout)
