"""HTTP/1.1 and websockets for load: many connections in one thread, each request told from a failed one."""
import asyncio
import os
import time

# Seconds after which a connection is not used again: far less than servers and balancers here keep idle ones. So none
# that ends under a request was closed because it was idle.
STALE = 15
# What may be sent twice without asking (RFC 9110 9.2.1).
SAFE = ("GET", "HEAD")


class Failed(Exception):
    """No whole answer came."""


class Connection:
    """One kept connection. What it was told to close, or has found closed, it opens anew."""

    def __init__(self, port, host):
        self.port, self.host, self.reader, self.writer = port, host, None, None
        # How many requests were sent on a kept connection that closed without a byte of an answer.
        self.dropped = 0
        self.used = 0.0

    async def ask(self, method, target, headers=(), body=b""):
        """Status, headers (a list of pairs) and body."""
        if self.writer is not None and time.monotonic() - self.used > STALE:
            self.close()
        kept = self.writer is not None
        if not kept:
            await self.open()
        try:
            answer = await asyncio.wait_for(self._ask(method, target, headers, body), 60)
            self.used = time.monotonic()
            return answer
        except asyncio.IncompleteReadError as why:
            # An EOFError too, and yet an answer that broke off: nobody may take it for a connection that closed.
            self.close()
            raise Failed(f"broke off: {why}") from None
        except EOFError:
            self.close()
            self.dropped += kept
            # As browsers do (RFC 9112 9.3.1), which hides it from people; whoever counts is told.
            if kept and method in SAFE:
                return await self.ask(method, target, headers, body)
            raise Failed("closed without an answer") from None
        except (OSError, ValueError, asyncio.TimeoutError) as why:
            self.close()
            raise Failed(f"{type(why).__name__}: {why}") from None

    async def open(self):
        try:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError as why:
            raise Failed(f"no connection: {why}") from None

    async def _ask(self, method, target, headers, body):
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self.host}", *(f"{n}: {v}" for n, v in headers)]
        if body or method in ("POST", "PUT"):
            lines.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        try:
            await self.writer.drain()
            head = await self.reader.readuntil(b"\r\n\r\n")
        except (ConnectionError, asyncio.IncompleteReadError) as why:
            if getattr(why, "partial", b""):
                raise
            raise EOFError from None
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        status = int(first.split(" ")[1])
        told = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        value = {name.lower(): text for name, text in told}
        answer = b""
        if status not in (101, 204, 304) and method != "HEAD":
            answer = await self._body(value)
        if value.get("connection", "").lower() == "close":
            self.close()
        return status, told, answer

    async def _body(self, value):
        if value.get("content-type", "").startswith("text/event-stream"):
            return b""
        if "chunked" in value.get("transfer-encoding", ""):
            parts = []
            while size := int(await self.reader.readline(), 16):
                parts.append(await self.reader.readexactly(size))
                await self.reader.readexactly(2)
            await self.reader.readline()
            return b"".join(parts)
        return await self.reader.readexactly(int(value["content-length"]))

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


class Socket:
    """A websocket (RFC 6455)."""

    def __init__(self, connection):
        self.connection = connection

    @classmethod
    async def open(cls, port, host, target, headers):
        connection = Connection(port, host)
        upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
                   ("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA=="), ("Origin", f"http://{host}")]
        status, *_ = await connection.ask("GET", target, [*headers, *upgrade])
        if status != 101:
            raise Failed(f"no websocket but {status}")
        return cls(connection)

    async def send(self, data, kind=1):
        mask = os.urandom(4)
        size = bytes([128 | len(data)]) if len(data) < 126 else bytes([254]) + len(data).to_bytes(2)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
        self.connection.writer.write(bytes([128 | kind]) + size + mask + masked)
        await self.connection.writer.drain()

    async def receive(self):
        """Kind and data of a frame; kind None at an end without a close frame."""
        reader = self.connection.reader
        try:
            first, size = await reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await reader.readexactly(2))
            return first & 15, await reader.readexactly(size)
        except (OSError, asyncio.IncompleteReadError):
            return None, b""

    def close(self):
        self.connection.close()
