"""What load stands on: the app, the emulated provider, and instances of Vestibule that share keys and origin."""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from string import Template

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))

import run  # noqa: E402

# Nothing is measured by processor here.
ANY_CPU = ",".join(str(cpu) for cpu in sorted(os.sched_getaffinity(0)))


def vestibule():
    """The release binary, or the one that `VESTIBULE` names."""
    return os.environ.get("VESTIBULE") or run.program("vestibule")


class Instance:
    """One Vestibule, which may be stopped and started again."""

    def __init__(self, world, number, port):
        self.port, self.admin = port, run.free_ports(1)[0]
        self.file = world.work / f"vestibule-{number}.toml"
        self.work, self.number, self.starts = world.work, number, 0
        self.file.write_text(world.configuration(self.port, self.admin))
        self.program = None

    @property
    def log(self):
        return self.work / f"vestibule-{self.number}-{self.starts}.log"

    def start(self):
        self.starts += 1
        command = [vestibule(), "run", "--config", str(self.file)]
        self.program = run.Program(command, ANY_CPU, self.log, self.port)
        self.program.wait_for(self.is_ready)
        return self.program

    def readiness(self):
        return run.ask("GET", f"http://127.0.0.1:{self.admin}/readyz")[0].status

    def is_ready(self):
        try:
            return self.readiness() == 200
        except OSError:
            return False

    def terminate(self):
        """SIGTERM; how long it took, in seconds, and its exit code."""
        began = time.monotonic()
        self.program.child.terminate()
        code = self.program.child.wait(120)
        return time.monotonic() - began, code


class World:
    """All of it, gone when left. `port` is where the origin is served: an instance's, or a load balancer's."""

    def __init__(self, server=""):
        self.home = tempfile.TemporaryDirectory(prefix="vestibule-operations-")
        self.work = Path(self.home.name)
        self.server = server
        self.port, self.app_port = run.free_ports(2)
        self.origin = f"http://127.0.0.1:{self.port}"
        self.instances, self.programs = [], []

    def __enter__(self):
        try:
            key = subprocess.run([vestibule(), "keygen"], check=True, capture_output=True).stdout
            (self.work / "session-key").write_bytes(key)
            app = [sys.executable, str(HERE / "app.py"), str(self.app_port)]
            self.start(app, "app", self.app_port)
            self.provider = run.Provider(self.work, f"{self.origin}/_vestibule/callback")
            self.programs.append(self.provider.program)
            (self.work / "client-secret").write_text(self.provider.facts["client_secret"])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for program in [*(one.program for one in self.instances if one.program), *reversed(self.programs)]:
            program.stop()
        self.home.cleanup()

    def start(self, command, name, port=None):
        program = run.Program(command, ANY_CPU, self.work / f"{name}.log", port)
        self.programs.append(program)
        return program

    def configuration(self, port, admin):
        facts = self.provider.facts
        values = {"port": port, "admin": admin, "app": self.app_port, "work": self.work, "origin": self.origin,
                  "issuer": facts["issuer"], "domain": facts["domain"], "client_id": facts["client_id"],
                  "server": self.server}
        return Template((HERE / "vestibule.toml").read_text()).substitute(values)

    def instance(self, port=None):
        """One more, not started; at the origin itself unless told otherwise."""
        one = Instance(self, len(self.instances), port or self.port)
        self.instances.append(one)
        return one

    def tokens_live(self, seconds):
        change = {"lifetimes": {"id": seconds, "access": seconds, "refresh": 86_400}}
        url = f"{self.provider.facts['admin']}/clients/{self.provider.facts['client_id']}"
        run.ask("PATCH", url, None, json.dumps(change))

    def strange_lines(self):
        """What the instances logged that explains a failure, the last of it."""
        for log in sorted(self.work.glob("vestibule-*.log")):
            for line in log.read_text().splitlines():
                if '"level":"INFO"' not in line or '"status":5' in line:
                    yield f"{log.name}: {line}"

    def balancer(self, kind):
        """HAProxy or nginx before all instances, by the configuration beside this file."""
        file = self.work / f"{kind}.conf"
        servers = [self.server_line(kind, number, one) for number, one in enumerate(self.instances)]
        values = {"port": self.port, "work": self.work, "servers": "\n    ".join(servers)}
        file.write_text(Template((HERE / f"{kind}.conf").read_text()).substitute(values))
        command = {"haproxy": ["-db", "-f", str(file)], "nginx": ["-c", str(file)]}[kind]
        return self.start([run.program(kind), *command], kind, self.port)

    @staticmethod
    def server_line(kind, number, instance):
        if kind == "nginx":
            return f"server 127.0.0.1:{instance.port} max_fails=1 fail_timeout=1s;"
        return f"server v{number} 127.0.0.1:{instance.port} check port {instance.admin}"
