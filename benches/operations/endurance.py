#!/usr/bin/env python3
"""Memory of an instance under mixed load for as long as you say: is it flat?

    make endurance                                         an hour
    python3 benches/operations/endurance.py --minutes 10   less

Signs 2,000 people in, and then all at once, on one instance with a real configuration: hot sessions, all sessions in
turn, junk cookies, requests without a session, refusals by a rule, new logins, sign-outs, refreshes (tokens live for
ten minutes), uploads, websockets, event streams, a reload each 90 s, and in each five minutes 20 s in which the provider
answers 503. Every 10 s a line goes to the CSV file. The first sixth is warm-up; after it, the second half may not
have a higher median than the first by more than 5 % and 1 MB. Every answer has to be the one that its kind of request gets.
"""
import argparse
import asyncio
import csv
import json
import os
import re
import signal
import statistics
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))

import run  # noqa: E402
from load import MIX, Load  # noqa: E402
from world import World  # noqa: E402

TOKENS_LIVE = 600
OUTAGE_EACH, OUTAGE = 300, 20
# How long after an outage an answer may still speak of it.
AFTERMATH = 40
SAMPLE_EACH = 10
RELOAD_EACH = 90


class Hour(Load):
    """The load, and what happens beside it."""

    async def outages(self):
        admin = self.provider.facts["admin"] + "/faults"
        while not self.over.is_set():
            await asyncio.sleep(OUTAGE_EACH - OUTAGE)
            self.outage_until = time.monotonic() + OUTAGE + AFTERMATH
            for endpoint in ("domain:token", "issuer:jwks", "issuer:discovery"):
                fault = {"endpoint": endpoint, "times": -1, "kind": "status", "status": 503}
                await asyncio.to_thread(run.ask, "POST", admin, None, json.dumps(fault))
            await asyncio.sleep(OUTAGE)
            await asyncio.to_thread(run.ask, "DELETE", admin)

    async def reloads(self, proxy, file):
        text, turn = file.read_text(), 0
        while not self.over.is_set():
            await asyncio.sleep(RELOAD_EACH)
            turn += 1
            file.write_text(text.replace("[server]", f'[server]\nwhoami = "{("off", "signed-in")[turn % 2]}"'))
            proxy.child.send_signal(signal.SIGHUP)
            self.counts["reload"] += 1

    async def samples(self, proxy, admin, rows, csv_file):
        began = time.monotonic()
        while not self.over.is_set():
            await asyncio.sleep(SAMPLE_EACH)
            row = sample(proxy)
            _, text = await asyncio.to_thread(run.ask, "GET", f"http://127.0.0.1:{admin}/metrics")
            known = re.search(r"^vestibule_verified_sessions (\S+)$", text, re.M)
            row = {"seconds": round(time.monotonic() - began), **row, "sessions": known[1] if known else "",
                   "requests": sum(self.counts.values()), "wrong": sum(self.wrong.values()), "out": int(self.is_out())}
            rows.append(row)
            if csv_file:
                with open(csv_file, "w", newline="") as out:
                    writer = csv.DictWriter(out, row.keys())
                    writer.writeheader()
                    writer.writerows(rows)


def sample(proxy):
    """Memory in MB (rss, pss), threads and open files."""
    proc = Path(f"/proc/{proxy.child.pid}")
    text = (proc / "smaps_rollup").read_text()
    rss, pss = (int(re.search(rf"^{name}:\s+(\d+)", text, re.M)[1]) / 1024 for name in ("Rss", "Pss"))
    threads = re.search(r"^Threads:\s+(\d+)", (proc / "status").read_text(), re.M)[1]
    return {"rss": round(rss, 1), "pss": round(pss, 1), "threads": threads, "files": len(os.listdir(proc / "fd"))}


def verdict(rows):
    """Medians of both halves after the warm-up (MB), growth by the least squares (MB an hour), whether it is flat."""
    rows = rows[len(rows) // 6:]
    first, second = rows[:len(rows) // 2], rows[len(rows) // 2:]
    before, after = (statistics.median(row["pss"] for row in half) for half in (first, second))
    slope = statistics.linear_regression([row["seconds"] for row in rows], [row["pss"] for row in rows]).slope
    return before, after, slope * 3600, after <= before * 1.05 + 1


async def drive(options, world):
    world.tokens_live(TOKENS_LIVE)
    instance = world.instance()
    proxy = instance.start()
    idle = sample(proxy)
    rows, load = [], Hour(world.port, world.origin, world.provider)
    await load.sign_in_many(options.sessions)
    print(f"endurance: {options.sessions} signed in, {json.dumps(sample(proxy))}; idle: {json.dumps(idle)}", file=sys.stderr)
    background = [load.logins(2), load.outages(), load.reloads(proxy, instance.file),
                  load.samples(proxy, instance.admin, rows, options.csv)]
    background = [asyncio.create_task(task) for task in background]
    kinds = [load.at_rate(kind, options.rate * share) for kind, share in MIX.items()]
    kinds += [load.sockets() for _ in range(20)] + [load.streams() for _ in range(20)]
    kinds = [asyncio.create_task(task) for task in kinds]
    await asyncio.sleep(options.minutes * 60)
    await load.end(kinds, background)
    return idle, rows, load, proxy.log.read_text().count('"level":"ERROR"')


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=60)
    options.add_argument("--rate", type=float, default=150, help="requests a second")
    options.add_argument("--sessions", type=int, default=2000)
    options.add_argument("--csv", help="where the samples go")
    options = options.parse_args()
    # An end from outside ends what was started, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with World() as world:
        idle, rows, load, errors = asyncio.run(drive(options, world))
    before, after, slope, is_flat = verdict(rows)
    print("| what | measured |\n| --- | --- |")
    print(f"| minutes, requests | {options.minutes:g}, {sum(load.counts.values()):,} |")
    print(f"| by kind | {', '.join(f'{kind} {count:,}' for kind, count in sorted(load.counts.items()))} |")
    print(f"| answers that were not the right ones | {sum(load.wrong.values())} {dict(load.wrong.most_common(20)) or ''} |")
    print(f"| sent on a kept connection that closed | {sum(load.dropped.values())} {dict(load.dropped) or ''} |")
    print(f"| errors in the log | {errors} |")
    print(f"| memory idle, RSS and PSS (MB) | {idle['rss']}, {idle['pss']} |")
    print(f"| highest RSS and PSS (MB) | {max(row['rss'] for row in rows)}, {max(row['pss'] for row in rows)} |")
    print(f"| median PSS of both halves after the warm-up (MB) | {before:.1f}, {after:.1f} |")
    print(f"| growth by least squares (MB an hour) | {slope:+.2f} |")
    print(f"| highest number of threads, open files | {max(int(row['threads']) for row in rows)},"
          f" {max(row['files'] for row in rows)} |")
    print(f"| verdict | {'flat' if is_flat else 'NOT FLAT'} |")
    sys.exit(0 if is_flat and not load.wrong else 1)


if __name__ == "__main__":
    main()
