#!/usr/bin/env python3
"""What restarts and reloads do to requests that are under way.

    disturb.py rolling --balancer haproxy|nginx   instances behind a load balancer: one more, then each restarted in
                                                  turn, then half of them at once
    disturb.py reloads                            a hundred reloads of one instance, each with a change
    disturb.py stop                               SIGTERM to one instance, with nothing in front of it

Each ends with a table, and with 1 if a request failed that did not have to, a kept connection closed under a request
that it did not have to (even one that was answered when it was sent again), or a session was lost.
"""
import argparse
import asyncio
import json
import random
import re
import signal
import sys
import time
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))

import run  # noqa: E402
from client import Connection, Failed, Socket  # noqa: E402
from load import Load  # noqa: E402
from world import World  # noqa: E402

# How long tokens live: Vestibule renews them in the last fifth, so that instances do so all the time.
NEAR_REFRESH = 15
GOING_AWAY = 1001
MIX = {"hot": 0.60, "turn": 0.20, "upload": 0.08, "nobody": 0.04, "forbidden": 0.04, "begin": 0.02, "told": 0.02}


def spread(load, rate, mix):
    return [asyncio.create_task(load.at_rate(kind, rate * share)) for kind, share in mix.items()]


class Watcher(Load):
    """Load, with websockets that say how they end and logins that are half done."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.closes = {}
        self.slowest = 0.0

    async def asked(self, *arguments, **more):
        began = time.monotonic()
        try:
            return await super().asked(*arguments, **more)
        finally:
            self.slowest = max(self.slowest, time.monotonic() - began)

    async def sockets(self):
        """One websocket, opened anew whenever it is closed. Of one that has said something, an end without a close
        frame is wrong; one that is cut before that (through nginx some in ten thousand, restarts or not) is counted."""
        while not self.over.is_set():
            try:
                socket = await Socket.open(self.port, self.host, "/socket", [random.choice(self.hot).cookie()])
            except Failed as why:
                self.note("socket", str(why), "open", *self.may_be_refused(why))
                await asyncio.sleep(0.2)
                continue
            self.note("socket", "open", "open")
            has_spoken = False
            while not self.over.is_set():
                await socket.send(b"tick")
                kind, data = await socket.receive()
                if kind == 1:
                    has_spoken = True
                    await asyncio.sleep(0.1)
                    continue
                if kind is None and not has_spoken:
                    self.counts["socket cut before its first message"] += 1
                    break
                code = int.from_bytes(data[:2]) if kind == 8 else None
                self.closes[code] = self.closes.get(code, 0) + 1
                self.note("socket", f"closed with {code}", f"closed with {GOING_AWAY}")
                if kind == 8:
                    await socket.send(data, 8)
                break
            socket.close()

    def may_be_refused(self, _why):
        """What a failure may be called where nobody has to be there."""
        return ()

    async def login_in_flight(self, pause):
        """Signs in with a pause at the provider's page, so that what began at one instance ends at another."""
        # In a thread: the steps are those of a browser, one after the other.
        person = await asyncio.to_thread(login_with_pause, self.origin, self.provider.password, pause)
        self.note("login in flight", person, 200)


def login_with_pause(origin, password, pause):
    """The status of the page at the end."""
    jars, url, method, body = {}, origin + "/page", "GET", None
    for _ in range(12):
        jar = jars.setdefault(urlsplit(url).netloc, {})
        headers = {"Accept": "text/html", "Cookie": "; ".join(f"{n}={v}" for n, v in jar.items())}
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        reply, text = run.ask(method, url, headers, body)
        for cookie in reply.headers.get_all("Set-Cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            jar[name] = value
            if not value or "max-age=0" in cookie.lower():
                del jar[name]
        method, body = "GET", None
        if reply.status in (302, 303):
            url = urljoin(url, reply.headers["Location"])
        elif 'name="password"' in text:
            time.sleep(pause)
            form = next(form for form in re.findall(r"<form.*?</form>", text, re.S) if "password" in form)
            action = re.search(r'action="([^"]*)"', form)
            url = urljoin(url, action[1].replace("&amp;", "&")) if action else url
            hidden = dict(re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', form))
            method, body = "POST", urlencode({**hidden, "username": run.PERSON, "password": password})
        else:
            return reply.status
    return "circles"


async def rolling(options, world):
    world.tokens_live(NEAR_REFRESH)
    instances = [world.instance(run.free_ports(1)[0]) for _ in range(3)]
    for one in instances[:2]:
        one.start()
    world.balancer(options.balancer)
    await asyncio.sleep(1)
    load = Watcher(world.port, world.origin, world.provider)
    await load.sign_in_many(options.sessions)
    tasks = spread(load, options.rate, MIX) + [asyncio.create_task(load.sockets()) for _ in range(12)]
    told, stops, logins = [], [], []

    def tell(what):
        told.append((what, load.snapshot()))
        print(f"rolling: {what}: {told[-1][1]}", file=sys.stderr)

    async def restart(one):
        seconds, code = await asyncio.to_thread(one.terminate)
        stops.append(seconds)
        load.note("exit code", code, 0)
        await asyncio.to_thread(one.start)

    await asyncio.sleep(options.pause)
    tell("two instances")
    await asyncio.to_thread(instances[2].start)
    await asyncio.sleep(options.pause)
    tell("a third one")
    for turn in range(options.rounds):
        for one in instances:
            logins.append(asyncio.create_task(load.login_in_flight(options.pause)))
            await restart(one)
            await asyncio.sleep(options.pause)
        tell(f"each restarted in turn, {turn + 1}")
        # Half of three: the larger half.
        await asyncio.gather(*(restart(one) for one in instances[:2]))
        await asyncio.sleep(options.pause)
        tell(f"two of three restarted at once, {turn + 1}")
    await asyncio.gather(*logins)
    await load.end(tasks)
    connection = Connection(world.port, load.host)
    for person in load.people:
        await load.person("session at the end", connection, person)
    grants = run.ask("GET", f"{world.provider.facts['admin']}/counters/grants")[1]
    refreshes = json.loads(grants).get("refresh_token", 0)
    load.note("were there renewals", refreshes > 0, True)
    return load, {"balancer": options.balancer, "stops": len(stops), "slowest stop (s)": round(max(stops), 1),
                  "slowest answer (s)": round(load.slowest, 2), "renewals": refreshes,
                  "websockets closed by code": {str(code): count for code, count in load.closes.items()}}


async def reloads(options, world):
    one = world.instance()
    proxy = one.start()
    load = Watcher(world.port, world.origin, world.provider)
    await load.sign_in_many(options.sessions)
    tasks = spread(load, options.rate, MIX)
    text, began = one.file.read_text(), time.monotonic()
    for number in range(1, options.times + 1):
        one.file.write_text(text.replace("[server]", f'[server]\nwhoami = "{("off", "signed-in")[number % 2]}"'))
        proxy.child.send_signal(signal.SIGHUP)
        while one.log.read_text().count("the configuration was reloaded") < number:
            await asyncio.sleep(0.02)
            if proxy.child.poll() is not None:
                raise RuntimeError("it ended")
        await asyncio.sleep(options.pause)
    lasted = time.monotonic() - began
    before = sum(load.counts.values())
    await load.end(tasks)
    return load, {"reloads": options.times, "seconds": round(lasted, 1), "requests a second": round(before / lasted),
                  "slowest answer (s)": round(load.slowest, 2)}


class Direct(Watcher):
    """Clients of one instance that is going to end: who is refused a connection then is not wronged, nor is who sends in
    the very moment in which a kept one is closed (RFC 9112 9.3.1)."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.refused = 0
        self.stopped_at = None

    def may_be_refused(self, why):
        return (str(why),) if self.stopped_at and "no connection" in str(why) else ()

    def note_drop(self, kind):
        if self.stopped_at is None:
            return super().note_drop(kind)
        self.dropped[kind] += 1

    def may_fail(self, why, was_dropped):
        is_refused = bool(self.may_be_refused(why))
        self.refused += is_refused
        return is_refused or was_dropped and self.stopped_at is not None


async def stop(options, world):
    one = world.instance()
    proxy = one.start()
    load = Direct(world.port, world.origin, world.provider)
    await load.sign_in_many(options.sessions)
    tasks = spread(load, options.rate, MIX) + [asyncio.create_task(load.sockets()) for _ in range(4)]
    slow = [asyncio.create_task(load.person("slow", Connection(world.port, load.host), load.hot[0], "/slow"))
            for _ in range(options.slow)]
    await asyncio.sleep(options.pause)
    before, load.stopped_at = sum(load.counts.values()), time.monotonic()
    proxy.child.terminate()
    await asyncio.sleep(0.1)
    readiness = await asyncio.to_thread(one.readiness)
    load.note("readiness", readiness, 503)
    code = await asyncio.to_thread(proxy.child.wait, 60)
    lasted = time.monotonic() - load.stopped_at
    load.note("exit code", code, 0)
    load.over.set()
    await asyncio.gather(*slow)
    answered = sum(load.counts.values()) - before
    await load.end(tasks)
    return load, {"requests a second": options.rate, "seconds to the end": round(lasted, 2),
                  "answered after SIGTERM": answered, "refused a connection": load.refused,
                  "websockets closed by code": {str(code): count for code, count in load.closes.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, rate, pause in (("rolling", 100, 3), ("reloads", 500, 0.3), ("stop", 500, 3)):
        command = commands.add_parser(name)
        command.add_argument("--rate", type=float, default=rate, help="requests a second")
        command.add_argument("--pause", type=float, default=pause, help="between two disturbances, in seconds")
        command.add_argument("--sessions", type=int, default=50)
        command.add_argument("--delay", default="2s" if name == "rolling" else "0s", help="server.shutdown_delay")
    commands.choices["rolling"].add_argument("--balancer", choices=["haproxy", "nginx"], default="haproxy")
    commands.choices["rolling"].add_argument("--rounds", type=int, default=5)
    commands.choices["reloads"].add_argument("--times", type=int, default=100)
    commands.choices["stop"].add_argument("--slow", type=int, default=5, help="requests that take a second")
    options = parser.parse_args()
    # An end from outside ends what was started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with World(server=f'shutdown_delay = "{options.delay}"') as world:
        load, facts = asyncio.run({"rolling": rolling, "reloads": reloads, "stop": stop}[options.command](options, world))
        if load.wrong:
            print("\n".join(world.strange_lines()), file=sys.stderr)
    rows = {"requests": sum(load.counts.values()), "by kind": dict(sorted(load.counts.items())), **facts,
            "sent on a kept connection that closed": dict(load.dropped) or 0, "failed": sum(load.wrong.values()), "how": dict(load.wrong.most_common(20))}
    print("| what | measured |\n| --- | --- |")
    for what, value in rows.items():
        print(f"| {what} | {json.dumps(value) if isinstance(value, dict) else value} |")
    sys.exit(1 if load.wrong else 0)


if __name__ == "__main__":
    main()
