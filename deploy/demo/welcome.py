#!/usr/bin/env python3
"""What `make demo` says when all of it runs: who can sign in by which button, and what to try.

    welcome.py EMULATOR.json          the line that the emulator prints when it is ready
"""

import json
import sys

# By what people come, by the emulator's word for it.
WAYS = {
    "local": "name and password, on the page that comes first:",
    "pool2": 'the button "Continue with Pool2", and that pool\'s own page:',
    "entra": 'the button "Continue with entra", and a click without a password:',
}

# What is to be known of somebody besides the groups, by user name or first name.
NOTES = {
    "unverified@example.org": "refused: her email is not verified",
    "Tomas": "fails: more groups than fit into an attribute",
    "Otto": "none arrives: more than fit into Entra's token",
    "Noah": "fails: no email",
}

WELCOME = """
    The app is at   http://localhost:8080

    Who can sign in, and by what:
{people}

    Try:
      Administration, in the app's menu: 403 as kirsten.holm@example.org, and the page says why;
      as ola.admin@example.org, or as Nadia Berg of Entra, you get in.

      As a program with a token, then with a forged header (no change), then without the token (401):
        curl -H "Authorization: Bearer $(deploy/demo/token)" http://localhost:8080/api/orders
        curl -H "Authorization: Bearer $(deploy/demo/token)" -H "X-Forwarded-User: root" http://localhost:8080/api/orders
        curl http://localhost:8080/api/orders

      Another rule, without a restart: in deploy/demo/vestibule.toml, write groups = ["Admins", "Editors"]
      for /admin/*, save, and load the page as Kirsten again. target/demo/vestibule.log says that it was taken up.

    What runs: the legacy app (127.0.0.1:8090), Vestibule (localhost:8080; /healthz, /readyz and /metrics
    on 127.0.0.1:9090), the emulated user pool (127.0.0.1:9101-9103). Logs: target/demo/. Ctrl-C stops all of it.
"""


def people(users):
    """Everybody, below the way by which they come."""
    for kind, way in WAYS.items():
        yield f"      {way}"
        # Those of Entra as they are, the others by password: the order in which they are numbered.
        for user in sorted((user for user in users if user["kind"] == kind), key=lambda user: user["password"] or ""):
            name = user["username"] if user["password"] else user["name"]
            yield f"        {name:<24}   {user['password'] or '':<16}   {note(user)}".rstrip()


def note(user):
    """What tells somebody from the others."""
    groups = user["groups"]
    if isinstance(groups, int):
        groups = [f"{groups or 'no'} group{'' if groups == 1 else 's'} of Entra"]
    special = NOTES.get(user["username"]) or NOTES.get(user["name"].split()[0])
    return "; ".join(part for part in (", ".join(groups), special) if part)


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as ready:
        print(WELCOME.format(people="\n".join(people(json.load(ready)["users"]))))
