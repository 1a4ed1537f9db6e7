#!/usr/bin/env python3
"""Vestibule beside three proxies that its users know, and the library that carries its requests: what one costs each.

    make bench-peers                                  installs what is missing, builds, measures
    python3 benches/peers/run.py --only vestibule nginx --rounds 1

Everything listens on 127.0.0.1. The proxy has processor 0 and one worker to itself; load, app and
provider share processor 1. The figure is processor time (user and system) of the proxy's process
over the requests that it served: other programs on the machine move it little, waiting not at all.

nginx, bare pingora and "public" routes show what carrying a request costs without looking at who sends it. HAProxy
and Envoy get the bare ID token in a cookie, of which they check signature, issuer, audience and
expiry; neither signs people in nor hides the token from the browser. Envoy remembers 10,000 tokens.
Vestibule gets the session cookie of a real sign-in.
"""
import argparse
import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from string import Template
from urllib.parse import urlencode, urljoin, urlsplit

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PROXY_CPU, REST_CPU = "0", "1"
PERSON = "kirsten.holm@example.org"
BODY = "x" * 1024
# What a run may be disturbed by: the share of processor 0 that others took.
QUIET = 0.05


class Missing(Exception):
    """A program is not there."""


def program(name):
    """A program of the machine, of the tools' own environment, or built here."""
    built = {"vestibule": "release", "bare_pingora": "release/examples", "dev-idp": "debug"}
    if name in built:
        path = TARGET / built[name] / name
        if not path.exists():
            raise Missing(f"{path} is not built")
        return str(path)
    if name == "envoy":
        for path in (ROOT / "target/tools").glob("peers/lib/python*/site-packages/envoy/_bin/envoy"):
            return str(path)
    found = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")
    if not found:
        raise Missing(f"no program {name}")
    return found


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Program:
    """One that runs until it is stopped, by its own process id."""

    def __init__(self, command, cpu, log, port=None):
        self.log = log
        self.child = subprocess.Popen(["taskset", "-c", cpu, *command], stdin=subprocess.DEVNULL,
                                      stdout=log.open("w"), stderr=subprocess.STDOUT)
        if port:
            self.wait_for(lambda: answers(port))

    def wait_for(self, condition, seconds=60):
        end = time.monotonic() + seconds
        while not condition():
            if self.child.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self):
        self.child.terminate()
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def seconds(self):
        """Processor time used so far, all threads."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def megabytes(self):
        text = Path(f"/proc/{self.child.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Pss:\s+(\d+)", text, re.M)[1]) / 1024


def answers(port):
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def ask(method, url, headers=None, body=None):
    parts = urlsplit(url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=30)
    target = (parts.path or "/") + ("?" + parts.query if parts.query else "")
    connection.request(method, target, body, {"Host": parts.netloc, **(headers or {})})
    reply = connection.getresponse()
    text = reply.read().decode("utf-8", "replace")
    connection.close()
    return reply, text


class Provider:
    """The emulated user pool."""

    def __init__(self, work, callback):
        log = work / "provider.log"
        self.program = Program([program("dev-idp"), "--base-port", "0", "--quiet", "--allow-callback", callback],
                               REST_CPU, log)
        self.program.wait_for(lambda: "\n" in log.read_text())
        self.facts = json.loads(log.read_text().splitlines()[0])
        self.password = next(user["password"] for user in self.facts["users"] if user["username"] == PERSON)
        _, keys = ask("GET", self.facts["issuer"] + "/.well-known/jwks.json")
        self.keys = json.loads(keys)

    def token(self, **changes):
        order = {"pool": self.facts["pool"], "client_id": self.facts["client_id"], "token_use": "id",
                 "username": PERSON, **changes}
        _, text = ask("POST", self.facts["admin"] + "/mint", {"Content-Type": "application/json"}, json.dumps(order))
        return json.loads(text)["token"]

    def key_of(self, token):
        head = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
        return next(key for key in self.keys["keys"] if key["kid"] == head["kid"])


def pem(key):
    """A JWK as a public key for OpenSSL: SubjectPublicKeyInfo (RFC 5280 4.1, RFC 8017 A.1.1)."""
    def der(tag, content):
        size = len(content)
        head = bytes([size]) if size < 128 else bytes([0x82]) + size.to_bytes(2, "big")
        return bytes([tag]) + head + content

    def number(text):
        raw = base64.urlsafe_b64decode(text + "==")
        return der(2, b"\0" + raw if raw[0] & 0x80 else raw)

    rsa = bytes.fromhex("300d06092a864886f70d0101010500")
    whole = der(0x30, rsa + der(3, b"\0" + der(0x30, number(key["n"]) + number(key["e"]))))
    lines = base64.encodebytes(whole).decode()
    return f"-----BEGIN PUBLIC KEY-----\n{lines}-----END PUBLIC KEY-----\n"


def sign_in(url, password):
    """Signs in as a browser would; gives the Cookie header."""
    jars = {}
    method, body = "GET", None
    for _ in range(12):
        jar = jars.setdefault(urlsplit(url).netloc, {})
        headers = {"Accept": "text/html"}
        if jar:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        reply, text = ask(method, url, headers, body)
        for cookie in reply.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            if value and "max-age=0" not in cookie.lower():
                jar[name] = value
            else:
                jar.pop(name, None)
        method, body = "GET", None
        if reply.status in (302, 303):
            url = urljoin(url, reply.headers["Location"])
        elif 'name="password"' in text:
            form = next(form for form in re.findall(r"<form.*?</form>", text, re.S) if "password" in form)
            action = re.search(r'action="([^"]*)"', form)
            url = urljoin(url, action[1].replace("&amp;", "&")) if action else url
            hidden = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form))
            method, body = "POST", urlencode({**hidden, "username": PERSON, "password": password})
        elif reply.status == 200:
            return headers["Cookie"]
        else:
            raise RuntimeError(f"sign-in ended with {reply.status} at {url}")
    raise RuntimeError("sign-in goes in circles")


class Contender:
    def __init__(self, name, title, command, file=None, sessions=None, checked=True, **values):
        self.name, self.title, self.command, self.file = name, title, command, file
        self.sessions, self.checked, self.values = sessions, checked, values


CONTENDERS = [
    Contender("nginx", "nginx, bare", ["nginx", "-c", "@"], "nginx.conf", checked=False),
    Contender("pingora", "pingora, bare", ["bare_pingora", "127.0.0.1:$port", "127.0.0.1:$app"], checked=False),
    Contender("vestibule-public", "Vestibule, public routes", ["vestibule", "run", "--config", "@"],
              "vestibule.toml", checked=False, access="public", cache="32MiB"),
    Contender("vestibule", "Vestibule, session cookie", ["vestibule", "run", "--config", "@"],
              "vestibule.toml", "cookie", access="signed-in", cache="32MiB"),
    Contender("vestibule-nocache", "Vestibule, session cookie, cache off", ["vestibule", "run", "--config", "@"],
              "vestibule.toml", "cookie", access="signed-in", cache="off"),
    Contender("haproxy", "HAProxy, jwt_verify, token in a cookie", ["haproxy", "-db", "-f", "@"],
              "haproxy.cfg", "token"),
    Contender("envoy", "Envoy, jwt_authn, cache of 10,000, token in a cookie",
              ["envoy", "--concurrency", "1", "--disable-hot-restart", "--log-level", "error", "-c", "@"],
              "envoy.yaml", "token"),
]


def credentials(contender, provider, origin, count):
    """Cookie headers, each another session of the same person."""
    if contender.sessions == "cookie":
        return [sign_in(origin + "/", provider.password) for _ in range(count)]
    if contender.sessions == "token":
        return [f"session={provider.token()}" for _ in range(count)]
    return ["theme=dark"]


def check(contender, origin, cookie):
    """It does its job: who it is arrives, whatever the client says; and without a session nobody passes."""
    if not contender.checked:
        return
    said = {"Cookie": cookie, "X-Forwarded-Email": "someone@else.example"}
    reply, text = ask("GET", origin + "/who", said)
    if (reply.status, text) != (200, PERSON):
        raise RuntimeError(f"{contender.name}: the app sees {reply.status} {text[:60]!r}")
    head, _, tail = cookie.rpartition("=")
    broken = tail[:-8] + ("AAAAAAAA" if tail[-8:] != "AAAAAAAA" else "BBBBBBBB")
    for wrong in ({}, {"Cookie": f"{head}={broken}"}):
        reply, _ = ask("GET", origin + "/who", wrong)
        if reply.status not in (302, 401, 403):
            raise RuntimeError(f"{contender.name}: lets {list(wrong)} pass with {reply.status}")


def busy():
    """Seconds that processor 0 has worked since the machine started."""
    fields = next(line for line in Path("/proc/stat").read_text().splitlines()
                  if line.startswith(f"cpu{PROXY_CPU} ")).split()
    return sum(int(field) for field in fields[1:4] + fields[6:8]) / os.sysconf("SC_CLK_TCK")


def served(app):
    """Requests that reached the app, this one included."""
    return int(ask("GET", f"http://127.0.0.1:{app}/served")[1].split("requests")[1].split()[2])


def load(proxy, origin, app, cookies, work, seconds):
    """One run: processor time per request in µs, requests a second, what others took of the processor."""
    file = work / "cookies.txt"
    file.write_text("\n".join(cookies) + "\n")
    before = served(app)
    used, total, began = proxy.seconds(), busy(), time.monotonic()
    done = subprocess.run(["taskset", "-c", REST_CPU, program("wrk"), "-t1", "-c32", f"-d{seconds}s",
                           "-s", str(HERE / "turns.lua"), origin + "/", "--", str(file)],
                          check=True, capture_output=True, text=True).stdout
    lasted = time.monotonic() - began
    used = proxy.seconds() - used
    others = (busy() - total - used) / lasted
    result = json.loads(done.splitlines()[-1])
    # A redirect into a sign-in is no error to wrk: what reached the app tells.
    lost = result["requests"] - (served(app) - before - 1)
    if lost > 0 or result["errors"] or result["bad"]:
        raise RuntimeError(f"{lost} requests did not reach the app: {result}")
    return used / result["requests"] * 1e6, result["requests"] / result["seconds"], others


def measure(contender, provider, work, ports, options):
    port, admin, app = ports
    origin = f"http://127.0.0.1:{port}"
    token = provider.token()
    key = provider.key_of(token)
    (work / "key.pem").write_text(pem(key))
    (work / "client-secret").write_text(provider.facts["client_secret"])
    (work / "keys.json").write_text(json.dumps(provider.keys))
    values = {"port": port, "admin": admin, "app": app, "work": work, "issuer": provider.facts["issuer"],
              "issuer_in_json": provider.facts["issuer"].replace("/", "\\/"),
              "client_id": provider.facts["client_id"], "domain": provider.facts["domain"], **contender.values}
    file = work / (contender.file or "none")
    if contender.file:
        file.write_text(Template((HERE / contender.file).read_text()).substitute(values))
    parts = [str(file) if part == "@" else part for part in contender.command]
    name, *arguments = [Template(part).substitute(values) for part in parts]
    proxy = Program([program(name), *arguments], PROXY_CPU, work / f"{contender.name}.log", port)
    try:
        if name == "vestibule":
            proxy.wait_for(lambda: answers(admin) and ask("GET", f"http://127.0.0.1:{admin}/readyz")[0].status == 200)
        cookies = credentials(contender, provider, origin, options.sessions)
        check(contender, origin, cookies[0])
        rows = []
        kinds = [("one", cookies[:1]), ("many", cookies)] if contender.checked else [("bare", cookies)]
        for kind, turn in kinds:
            load(proxy, origin, app, turn, work, 2)
            runs = []
            while len(runs) < 2 * options.rounds and sum(run[2] <= QUIET for run in runs) < options.rounds:
                runs.append(load(proxy, origin, app, turn, work, options.seconds))
            runs = sorted(runs, key=lambda run: run[2])[:options.rounds]
            rows.append((contender.title, kind, *(statistics.median(run[i] for run in runs) for i in range(3)),
                         proxy.megabytes()))
        return rows
    finally:
        proxy.stop()


def table(rows, many):
    kinds = {"bare": "no session", "one": "one session", "many": f"{many} in turn"}
    print("| proxy | sessions | CPU µs/request | requests/s, 1 core | memory MB |")
    print("| --- | --- | --- | --- | --- |")
    for title, kind, cost, rate, others, memory in rows:
        noisy = " (disturbed)" if others > QUIET else ""
        print(f"| {title} | {kinds[kind]} | {cost:.1f}{noisy} | {rate:,.0f} | {memory:.0f} |")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", nargs="+", choices=[contender.name for contender in CONTENDERS])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--seconds", type=int, default=5)
    options.add_argument("--sessions", type=int, default=500, help="how many are sent in turn")
    options = options.parse_args()
    if os.cpu_count() < 2:
        sys.exit("bench-peers: needs two processors, one for the proxy and one for the rest")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    rows, failed = [], False
    with tempfile.TemporaryDirectory(prefix="vestibule-peers-") as work:
        work = Path(work)
        ports = free_ports(3)
        app_file = work / "app.conf"
        app_file.write_text(Template((HERE / "app.conf").read_text()).substitute(work=work, port=ports[2], body=BODY))
        key = subprocess.run([program("vestibule"), "keygen"], check=True, capture_output=True).stdout
        (work / "session-key").write_bytes(key)
        app = Program([program("nginx"), "-c", str(app_file)], REST_CPU, work / "app.log", ports[2])
        provider = Provider(work, f"http://127.0.0.1:{ports[0]}/_vestibule/callback")
        try:
            for contender in CONTENDERS:
                if options.only and contender.name not in options.only:
                    continue
                print(f"bench-peers: {contender.title}", file=sys.stderr)
                try:
                    rows += measure(contender, provider, work, ports, options)
                except Missing as what:
                    print(f"bench-peers: left out: {what}", file=sys.stderr)
                except (RuntimeError, OSError, subprocess.CalledProcessError) as what:
                    failed = True
                    print(f"bench-peers: failed: {what}", file=sys.stderr)
        finally:
            provider.program.stop()
            app.stop()
    table(rows, options.sessions)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
