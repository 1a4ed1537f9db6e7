#!/usr/bin/env python3
"""The app behind an instance under load: pages, uploads, event streams and a websocket that echoes.

    python3 app.py PORT

Answers anything with 1 KiB; `/upload` reads what comes and says how much; `/slow` takes a second;
`/events` sends an event each second without end; `/socket` is a websocket. One connection, one task.
"""
import asyncio
import base64
import hashlib
import sys

MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PAGE = b"x" * 1024


async def head_of(reader):
    """Target and headers of the next request; None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return first.split(" ")[1], headers


async def body_of(reader, headers):
    """How many bytes came; none of them is kept."""
    total = 0
    if "chunked" in headers.get("transfer-encoding", ""):
        while size := int(await reader.readline(), 16):
            total += size
            await skip(reader, size + 2)
        await reader.readline()
        return total
    total = int(headers.get("content-length", 0))
    await skip(reader, total)
    return total


async def skip(reader, size):
    while size:
        read = await reader.read(min(size, 65536))
        if not read:
            raise ConnectionError("the body ended early")
        size -= len(read)


async def echo(reader, writer, headers):
    """RFC 6455: each frame goes back as it came, without its mask; a close ends it."""
    accept = base64.b64encode(hashlib.sha1(headers["sec-websocket-key"].encode() + MAGIC).digest())
    writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
    while True:
        first, second = await reader.readexactly(2)
        size = second & 127
        if size > 125:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8))
        mask = await reader.readexactly(4)
        data = bytes(byte ^ mask[at % 4] for at, byte in enumerate(await reader.readexactly(size)))
        length = bytes([size]) if size < 126 else bytes([126]) + size.to_bytes(2)
        writer.write(bytes([first]) + length + data)
        await writer.drain()
        if first & 15 == 8:
            return


async def events(writer):
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"9\r\ndata: x\n\n\r\n")
        await writer.drain()
        await asyncio.sleep(1)


async def serve(reader, writer):
    try:
        while (head := await head_of(reader)) is not None:
            target, headers = head
            if target.startswith("/socket") and "sec-websocket-key" in headers:
                return await echo(reader, writer, headers)
            if target.startswith("/events"):
                return await events(writer)
            came = await body_of(reader, headers)
            if target.startswith("/slow"):
                await asyncio.sleep(1)
            page = b"%d" % came if target.startswith("/upload") else PAGE
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(page) + page)
            await writer.drain()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main(port):
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
