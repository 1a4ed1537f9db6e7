#!/usr/bin/env python3
"""What Vestibule takes at its limits: memory, a flood of cookies that were never ours, a second core.

    make bench-limits                                 installs what is missing, builds, measures
    python3 benches/peers/limits.py --minutes 1       a shorter flood

The second core is measured by processor time: two threads on both processors, beside the load. What a
request costs there, over what it costs one thread alone on its processor, says how much of the second
core is work and how much is the threads standing in each other's way.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from string import Template

import run

HERE = Path(__file__).resolve().parent


def figures(admin):
    text = run.ask("GET", f"http://127.0.0.1:{admin}/metrics")[1]
    return {name: float(value) for name, value in re.findall(r"^(vestibule_verified\w+) (\S+)$", text, re.M)}


def start(work, ports, provider, cache="32MiB", threads=1, cpus=run.PROXY_CPU):
    port, admin, app = ports
    values = {"port": port, "admin": admin, "app": app, "work": work, "issuer": provider.facts["issuer"],
              "client_id": provider.facts["client_id"], "access": "signed-in", "cache": cache}
    file = work / "vestibule.toml"
    text = Template((HERE / "vestibule.toml").read_text()).substitute(values)
    file.write_text(re.sub(r"^threads .*$", f"threads = {threads}", text, flags=re.M))
    proxy = run.Program([run.program("vestibule"), "run", "--config", str(file)], cpus, work / "vestibule.log", port)
    proxy.wait_for(lambda: run.answers(admin)
                   and run.ask("GET", f"http://127.0.0.1:{admin}/readyz")[0].status == 200)
    return proxy


def flood(proxy, origin, cookie, work, seconds):
    """Junk for so long: processor time per request in µs, and how many there were."""
    file = work / "good.txt"
    # Without the cookie of the login, in which other letters would change nothing.
    session = next(part for part in cookie.split("; ") if part.startswith("vestibule="))
    file.write_text(session + "\n")
    used = proxy.seconds()
    done = subprocess.run(["taskset", "-c", run.REST_CPU, run.program("wrk"), "-t1", "-c32", f"-d{seconds}s",
                           "-s", str(HERE / "junk.lua"), origin + "/", "--", str(file)],
                          check=True, capture_output=True, text=True).stdout
    result = json.loads(done.splitlines()[-1])
    if result["bad"] != result["requests"]:
        raise RuntimeError(f"junk was let through: {result}")
    return (proxy.seconds() - used) / result["requests"] * 1e6, result["requests"]


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=10, help="of the flood")
    options.add_argument("--seconds", type=int, default=6, help="of each other run")
    options.add_argument("--rounds", type=int, default=3, help="of the second core")
    options.add_argument("--sessions", type=int, default=2000)
    options = options.parse_args()
    if os.cpu_count() < 2:
        sys.exit("bench-limits: needs two processors")
    rows = []

    def tell(what, value):
        rows.append((what, value))
        print(f"bench-limits: {what}: {value}", file=sys.stderr)

    with tempfile.TemporaryDirectory(prefix="vestibule-limits-") as work:
        work = Path(work)
        ports = run.free_ports(3)
        port, admin, app_port = ports
        origin = f"http://127.0.0.1:{port}"
        app_file = work / "app.conf"
        app_file.write_text(Template((HERE / "app.conf").read_text()).substitute(work=work, port=app_port, body=run.BODY))
        (work / "session-key").write_bytes(
            subprocess.run([run.program("vestibule"), "keygen"], check=True, capture_output=True).stdout)
        app = run.Program([run.program("nginx"), "-c", str(app_file)], run.REST_CPU, work / "app.log", app_port)
        provider = run.Provider(work, f"{origin}/_vestibule/callback")
        (work / "client-secret").write_text(provider.facts["client_secret"])
        try:
            load = lambda proxy, turn: run.load(proxy, origin, app_port, turn, work, options.seconds)[0]
            proxy = start(work, ports, provider)
            try:
                tell("memory, idle (PSS, MB)", f"{proxy.megabytes():.1f}")
                cookies = [run.sign_in(origin + "/", provider.password) for _ in range(options.sessions)]
                many = load(proxy, cookies)
                known = figures(admin)
                tell(f"memory, {options.sessions} sessions remembered (PSS, MB)", f"{proxy.megabytes():.1f}")
                before = proxy.megabytes()
                junk, count = flood(proxy, origin, cookies[0], work, max(1, round(options.minutes * 60)))
                tell(f"memory after {options.minutes:g} minutes of random cookies, {count:,} of them (PSS, MB)",
                     f"{proxy.megabytes():.1f} ({proxy.megabytes() - before:+.1f})")
                tell("sessions remembered before and after the flood",
                     f"{known['vestibule_verified_sessions']:.0f}, {figures(admin)['vestibule_verified_sessions']:.0f}")
                tell("CPU a request, sessions in turn, before and after the flood (µs)",
                     f"{many:.1f}, {load(proxy, cookies):.1f}")
            finally:
                proxy.stop()
            proxy = start(work, ports, provider, cache="off")
            try:
                cold = load(proxy, cookies)
            finally:
                proxy.stop()
            tell("CPU of a cookie that was never ours, of a good one that is not remembered, ratio (µs)",
                 f"{junk:.1f}, {cold:.1f}, {junk / cold:.2f}")
            ones, boths = [], []
            for _ in range(options.rounds):
                for costs, more in ((ones, {}), (boths, {"threads": 2, "cpus": f"{run.PROXY_CPU},{run.REST_CPU}"})):
                    proxy = start(work, ports, provider, **more)
                    try:
                        load(proxy, cookies[:1])
                        costs.append(load(proxy, cookies[:1]))
                    finally:
                        proxy.stop()
            one, both = statistics.median(ones), statistics.median(boths)
            tell("CPU a request, one thread and two (µs); what the second core brings",
                 f"{one:.1f}, {both:.1f}; {2 * one / both:.2f}")
        finally:
            provider.program.stop()
            app.stop()
    print("| what | measured |\n| --- | --- |")
    for what, value in rows:
        print(f"| {what} | {value} |")


if __name__ == "__main__":
    main()
