"""Validates documents against a JSON Schema, with a validator of others.

stdin: {"schema": …, "documents": [[NAME, DOCUMENT], …]}. stdout: {NAME: [what is wrong, …], …}.
"""

import json
import sys

from jsonschema import Draft202012Validator

asked = json.load(sys.stdin)
Draft202012Validator.check_schema(asked["schema"])
validator = Draft202012Validator(asked["schema"])
answer = {
    name: [f"{error.json_path}: {error.validator}" for error in validator.iter_errors(document)]
    for name, document in asked["documents"]
}
json.dump(answer, sys.stdout)
