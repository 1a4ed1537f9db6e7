#!/usr/bin/env python3
"""Where the instructions of one request go, by function: callgrind over the whole process.

    make profile

The binary has names in it (profile "profiling", otherwise as released). The same request goes over one
kept connection 500 times and 100 times; the difference of the two counts, over 400, is what one costs.
Instructions of the kernel are not in it.
"""
import http.client
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from string import Template

import run

HERE = Path(__file__).resolve().parent
BINARY = run.TARGET / "profiling" / "vestibule"
BARE = run.TARGET / "profiling/examples" / "bare_pingora"
FEW, MANY = 100, 500
# The first that matches says whose function it is.
OWNERS = [
    ("decision and edits (ours)", r"vestibule::gate|vestibule::edge::(view|respond|proxy)|vestibule::telemetry"),
    ("the rest of ours", r"vestibule::"),
    ("cryptography (aws-lc)", r"aws_lc|aes|gcm|bn_|rsa|sha256|mont|amm52|ecp"),
    ("pingora", r"pingora"),
    ("header parsing and maps", r"httparse|http::|indexmap"),
    ("runtime (tokio, mio)", r"tokio|mio::|std::sys|parking_lot|futures|timer"),
    ("memory (mimalloc, copies)", r"mi_|mimalloc|memcpy|memmove|memset|memcmp|bytes::|alloc::|drop_in_place|RawVec"),
]


def under_callgrind(work, command):
    """A program's command line, counted."""
    return ["valgrind", "--tool=callgrind", f"--callgrind-out-file={work / 'callgrind.out'}", *command]


def ask_often(port, cookie, requests):
    """So many requests over one kept connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for _ in range(requests):
        connection.request("GET", "/", headers={"Cookie": cookie} if cookie else {})
        reply = connection.getresponse()
        reply.read()
        if reply.status != 200:
            raise RuntimeError(f"answered {reply.status}")
    connection.close()


def by_function(work):
    text = subprocess.run(["callgrind_annotate", "--threshold=100", "--show-percs=no", str(work / "callgrind.out")],
                          check=True, capture_output=True, text=True).stdout
    functions = Counter()
    for count, name in re.findall(r"^\s*([\d,]+)\s+\S*?:(\S.*?)(?: \[[^]]*\])?$", text, re.M):
        functions[re.sub(r"'\d+$", "", name)] += int(count.replace(",", ""))
    return functions


def counted_bare(requests, ports, work):
    """The same of a bare pingora."""
    port, _, app = ports
    command = [str(BARE), f"127.0.0.1:{port}", f"127.0.0.1:{app}"]
    proxy = run.Program(under_callgrind(work, command), "0,1", work / "pingora.log", port)
    try:
        ask_often(port, None, requests)
    finally:
        proxy.stop()
    return by_function(work)


def counted(access, cookie, requests, provider, ports, work):
    """Instructions by function of a process that served so many."""
    port, admin, app = ports
    config = work / "vestibule.toml"
    config.write_text(Template((HERE / "vestibule.toml").read_text()).substitute(
        port=port, admin=admin, app=app, work=work, issuer=provider.facts["issuer"],
        client_id=provider.facts["client_id"], access=access, cache="32MiB"))
    command = under_callgrind(work, [str(BINARY), "run", "--config", str(config)])
    proxy = run.Program(command, "0,1", work / "vestibule.log", port)
    try:
        proxy.wait_for(lambda: run.answers(admin)
                       and run.ask("GET", f"http://127.0.0.1:{admin}/readyz")[0].status == 200, 120)
        origin = f"http://127.0.0.1:{port}"
        cookie = cookie or (run.sign_in(origin + "/", provider.password) if access != "public" else None)
        ask_often(port, cookie, requests)
    finally:
        proxy.stop()
    return by_function(work), cookie


def owner(name):
    return next((title for title, pattern in OWNERS if re.search(pattern, name)), "other")


def main():
    for path in (BINARY, BARE):
        if not path.exists():
            sys.exit(f"profile: {path} is not built (make profile)")
    with tempfile.TemporaryDirectory(prefix="vestibule-profile-") as work:
        work = Path(work)
        ports = run.free_ports(3)
        app_file = work / "app.conf"
        app_file.write_text(Template((HERE / "app.conf").read_text()).substitute(work=work, port=ports[2], body=run.BODY))
        (work / "session-key").write_bytes(subprocess.run([str(BINARY), "keygen"], check=True, capture_output=True).stdout)
        app = run.Program([run.program("nginx"), "-c", str(app_file)], "0,1", work / "app.log", ports[2])
        provider = run.Provider(work, f"http://127.0.0.1:{ports[0]}/_vestibule/callback")
        (work / "client-secret").write_text(provider.facts["client_secret"])
        try:
            few, many = (counted_bare(requests, ports, work) for requests in (FEW, MANY))
            many.subtract(few)
            costs = {"bare pingora": {name: count / (MANY - FEW) for name, count in many.items()}}
            for title, access in (("public", "public"), ("signed in", "signed-in")):
                # The sign-in is in neither of the two that are compared.
                _, cookie = counted(access, None, 1, provider, ports, work)
                few, _ = counted(access, cookie, FEW, provider, ports, work)
                many, _ = counted(access, cookie, MANY, provider, ports, work)
                many.subtract(few)
                costs[title] = {name: count / (MANY - FEW) for name, count in many.items()}
        finally:
            provider.program.stop()
            app.stop()
    for title, cost in costs.items():
        owners = Counter()
        for name, count in cost.items():
            owners[owner(name)] += count
        print(f"\n{title}: {sum(cost.values()):,.0f} instructions a request\n\n| whose | instructions |\n| --- | --- |")
        for name, count in owners.most_common():
            print(f"| {name} | {count:,.0f} |")
    print("\nthe most expensive functions of a signed-in request\n\n| function | instructions |\n| --- | --- |")
    for name, count in Counter(costs["signed in"]).most_common(int(os.environ.get("FUNCTIONS", "40"))):
        print(f"| `{name}` | {count:,.0f} |")


if __name__ == "__main__":
    main()
