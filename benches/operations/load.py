"""Mixed load on one origin: people with sessions, people without, junk, uploads, websockets, event streams.

Each kind of request has the answers that are right for it; everything else is counted by what it was.
"""
import asyncio
import random
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))

import run  # noqa: E402
from client import Connection, Failed, Socket  # noqa: E402

# Shares of the rate.
MIX = {"hot": 0.50, "turn": 0.25, "junk": 0.08, "nobody": 0.05, "begin": 0.03, "forbidden": 0.05, "upload": 0.03,
       "told": 0.01}


class Person:
    """A browser that has signed in."""

    def __init__(self, cookies):
        self.jar = dict(part.split("=", 1) for part in cookies.split("; "))

    def cookie(self):
        return ("Cookie", "; ".join(f"{name}={value}" for name, value in self.jar.items()))

    def take_in(self, headers):
        for name, text in headers:
            if name.lower() == "set-cookie":
                key, _, value = text.partition(";")[0].partition("=")
                if value and "max-age=0" not in text.lower():
                    self.jar[key] = value
                else:
                    self.jar.pop(key, None)


class Load:
    def __init__(self, port, origin, provider):
        self.port, self.origin, self.provider = port, origin, provider
        self.host = origin.split("//")[1]
        self.people, self.hot = [], []
        self.counts, self.wrong, self.dropped = Counter(), Counter(), Counter()
        self.outage_until = 0.0
        self.turn = 0
        self.over = asyncio.Event()

    def snapshot(self):
        return {"requests": sum(self.counts.values()), "failed": sum(self.wrong.values()),
                "dropped": sum(self.dropped.values()), **dict(self.wrong.most_common(5))}

    def is_out(self):
        return time.monotonic() < self.outage_until

    def note(self, kind, status, *expected):
        self.counts[kind] += 1
        if status not in expected and not (status == 503 and self.is_out()):
            self.wrong[f"{kind} {status}"] += 1

    async def asked(self, kind, connection, target, headers, *expected, method="GET", body=b""):
        before = connection.dropped
        try:
            status, told, _ = await connection.ask(method, target, headers, body)
        except Failed as why:
            status, told = str(why), []
        was_dropped = connection.dropped > before
        if was_dropped:
            self.note_drop(kind)
        if isinstance(status, int):
            self.note(kind, status, *expected)
            return status, told
        if not self.may_fail(status, was_dropped):
            self.note(kind, status, *expected)
        return None, []

    def note_drop(self, kind):
        """A kept connection closed under a request. Nothing here may do that, even if the request was answered when it
        was sent again: connections are told of their end by an answer, and none is used that was idle for long."""
        self.dropped[kind] += 1
        self.wrong[f"{kind} on a kept connection that closed"] += 1

    def may_fail(self, why, was_dropped):
        """Whether a request without an answer is nobody's fault."""
        return False

    async def person(self, kind, connection, person, target="/page", **more):
        status, told = await self.asked(kind, connection, target, [person.cookie()], 200, **more)
        person.take_in(told)
        return status

    async def sign_in(self):
        return Person(await asyncio.to_thread(run.sign_in, self.origin + "/", self.provider.password))

    async def sign_in_many(self, count):
        """So many people; fifty of them (or all) will be busier than the others."""
        at_once = asyncio.Semaphore(8)

        async def one():
            async with at_once:
                self.people.append(await self.sign_in())

        await asyncio.gather(*(one() for _ in range(count)))
        self.hot = self.people[:50]

    async def end(self, load, background=()):
        """Ends all of it; what went wrong with the load itself counts as wrong."""
        self.over.set()
        _, late = await asyncio.wait(load, timeout=120)
        for task in [*background, *late]:
            task.cancel()
        for task in [*load, *background]:
            if task.done() and not task.cancelled() and task.exception():
                self.wrong[f"load: {task.exception()!r}"] += 1

    async def one(self, kind, connection):
        """One request of that kind."""
        if kind == "hot":
            await self.person(kind, connection, random.choice(self.hot))
        elif kind == "turn":
            self.turn = (self.turn + 1) % len(self.people)
            await self.person(kind, connection, self.people[self.turn])
        elif kind == "upload":
            size = random.choice([1_000, 100_000, 400_000])
            await self.person(kind, connection, random.choice(self.hot), "/upload", method="POST", body=b"u" * size)
        elif kind == "told":
            await self.person(kind, connection, random.choice(self.hot), "/_vestibule/session")
        elif kind == "forbidden":
            cookie = random.choice(self.hot).cookie()
            await self.asked(kind, connection, "/admin/x", [cookie], 403)
        elif kind == "nobody":
            await self.asked(kind, connection, f"/data/{random.random()}", [], 401)
        elif kind == "begin":
            await self.asked(kind, connection, f"/page/{random.random()}", [("Accept", "text/html")], 302)
        elif kind == "junk":
            good = random.choice(self.hot).jar.get("vestibule", "A" * 1500)
            at = random.choice([0, 30, len(good) - 30])
            junk = good[:at] + "".join(random.choices("ABCDEFabcdef0189-_", k=30)) + good[at + 30:]
            await self.asked(kind, connection, "/page", [("Cookie", f"vestibule={junk}")], 401)

    async def at_rate(self, kind, rate):
        """So many of that kind a second, by the clock, over as many connections as are needed."""
        idle, running = [], set()

        async def one():
            connection = idle.pop() if idle else Connection(self.port, self.host)
            try:
                await self.one(kind, connection)
            finally:
                idle.append(connection)

        due = time.monotonic()
        while not self.over.is_set():
            due += random.expovariate(rate)
            await asyncio.sleep(max(0, due - time.monotonic()))
            # Behind by more than that, it is the machine that is too slow.
            due = max(due, time.monotonic() - 5)
            task = asyncio.create_task(one())
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)

    async def logins(self, each):
        while not self.over.is_set():
            await asyncio.sleep(each)
            try:
                person = await self.sign_in()
            except (RuntimeError, OSError) as why:
                self.note("login", str(why)[:40], *([str(why)[:40]] if self.is_out() else []))
                continue
            self.note("login", 200, 200)
            at = random.randrange(len(self.people))
            old, self.people[at] = self.people[at], person
            if old in self.hot:
                self.hot[self.hot.index(old)] = person
            connection = Connection(self.port, self.host)
            headers = [old.cookie(), ("Origin", self.origin), ("Accept", "*/*")]
            await self.asked("logout", connection, "/_vestibule/logout", headers, 200, method="POST")
            connection.close()

    async def sockets(self):
        while not self.over.is_set():
            try:
                socket = await Socket.open(self.port, self.host, "/socket", [random.choice(self.hot).cookie()])
                for _ in range(random.randrange(2, 60)):
                    await socket.send(b"m" * random.choice([10, 100, 5_000]))
                    kind, _ = await asyncio.wait_for(socket.receive(), 60)
                    # Its person may have signed out.
                    self.note("socket", "message" if kind == 1 else "end", "message", "end")
                    if kind != 1 or self.over.is_set():
                        break
                    await asyncio.sleep(1)
                socket.close()
            except (Failed, OSError, asyncio.TimeoutError) as why:
                self.note("socket", str(why), *([str(why)] if self.is_out() else []))
                await asyncio.sleep(1)

    async def streams(self):
        while not self.over.is_set():
            connection = Connection(self.port, self.host)
            await self.asked("events", connection, "/events", [random.choice(self.hot).cookie()], 200)
            if connection.reader is not None:
                try:
                    await asyncio.wait_for(connection.reader.read(-1), random.randrange(2, 60))
                except (asyncio.TimeoutError, OSError):
                    pass
            connection.close()
