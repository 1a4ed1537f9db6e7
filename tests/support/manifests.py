"""What is in deploy/, read by others than us: the other half of tests/suite/deploy.

Questions come as JSON on stdin, answers leave as JSON on stdout; argv names the question.

render    {"chart": PATH, "cases": {NAME: VALUES}}  ->  {NAME: {"objects": [...], "notes": TEXT} or {"error": TEXT}}
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
    with helm.Chart.load(question["chart"]) as chart:
        for name, values in question["cases"].items():
            try:
                files = chart.render(values, name="wiki", namespace="prod")
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


# Kinds that Kubernetes itself does not know: of them, the tests look at what they need.
OTHERS = {"monitoring.coreos.com/v1", "gateway.networking.k8s.io/v1", "external-secrets.io/v1"}


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
            if item.get("apiVersion") not in OTHERS:
                errors.append(error.message)
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
