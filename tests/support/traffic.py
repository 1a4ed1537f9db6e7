"""Clients and servers of protocols that Vestibule passes on, by libraries of others.

    python traffic.py ws-echo                             a websocket server; says its port
    python traffic.py ws-client URL ORIGIN COOKIE [CA ADDRESS]
                                                          talks to it through a proxy; says "ok". With CA, by TLS at ADDRESS
    python traffic.py grpc-server                         a gRPC server without TLS; says its port
    python traffic.py grpc-client HOST:PORT COOKIE        calls it through a proxy; says "ok"
    python traffic.py grpc-stop HOST:PORT COOKIE PID COUNT
                                                          stops the proxy in the middle of a stream of so many messages, a
                                                          tenth of a second each; says how many came, and its status
"""

import asyncio
import os
import signal
import sys
import time
from concurrent import futures

PATIENCE = 120
LARGEST = 16 * 1024 * 1024


async def ws_echo():
    from websockets.asyncio.server import serve

    closed = []

    async def echo(socket):
        try:
            await talk(socket)
        finally:
            if socket.close_code is not None:
                closed.append(socket.close_code)

    async def talk(socket):
        async for message in socket:
            if str(message).startswith("close with "):
                await socket.close(int(message.removeprefix("close with ")), "as you said")
            elif message == "what was it closed with":
                # The one before, as soon as it has ended here too.
                while not closed:
                    await asyncio.sleep(0.01)
                await socket.send(str(closed.pop()))
            elif message == "leave":
                socket.transport.abort()
            elif message == "say ping":
                await (await socket.ping(b"from the app"))
                await socket.send("it answered")
            else:
                await socket.send(message)

    async with serve(echo, "127.0.0.1", 0, max_size=2 * LARGEST, compression="deflate") as server:
        print(server.sockets[0].getsockname()[1], flush=True)
        await asyncio.get_running_loop().create_future()


# All that a peer may send (RFC 6455 7.4, and IANA's list); 1000 is what ends each conversation below.
CODES = [1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]


async def ws_client(url, origin, cookie, ca=None, address=None):
    import ssl

    from websockets.asyncio.client import connect
    from websockets.exceptions import ConnectionClosed

    where = {}
    if ca:
        host, _, port = address.rpartition(":")
        where = {"ssl": ssl.create_default_context(cafile=ca), "host": host, "port": int(port)}

    def open_socket(compression=None):
        return connect(
            url,
            origin=origin,
            additional_headers={"Cookie": cookie},
            max_size=2 * LARGEST,
            compression=compression,
            open_timeout=PATIENCE,
            proxy=None,
            **where,
        )

    async with open_socket() as socket:
        for message in ["hello", b"", b"\0\xff" * 10, "x" * 70_000, bytes(range(256)) * (LARGEST // 256)]:
            await socket.send(message)
            assert await socket.recv() == message, len(message)
        # One message in frames of very different sizes.
        parts = ["a", "", "b" * 65_535, "c" * 200_000, "d"]
        await socket.send(parts)
        assert await socket.recv() == "".join(parts)
        await (await socket.ping(b"from the client"))
        await socket.send("say ping")
        assert await socket.recv() == "it answered"
        await socket.send("close with 4001")
        try:
            await socket.recv()
            raise AssertionError("it is still open")
        except ConnectionClosed as closed:
            assert (closed.rcvd.code, closed.rcvd.reason) == (4001, "as you said"), closed
    async with open_socket() as socket:
        await socket.send("again")
        assert await socket.recv() == "again"
        await socket.close(4002, "the client's")
        assert socket.close_code == 4002, socket.close_code
    for code in CODES:
        async with open_socket() as socket:
            await socket.send(f"close with {code}")
            try:
                await socket.recv()
                raise AssertionError("it is still open")
            except ConnectionClosed as closed:
                assert (closed.rcvd.code, closed.rcvd.reason) == (code, "as you said"), closed
    async with open_socket() as socket:
        # Each of them is the app's own word; what it heard is told apart from it.
        await socket.send("hello")
        assert await socket.recv() == "hello"
    async with open_socket() as socket:
        for _ in range(len(CODES) + 3):
            await socket.send("what was it closed with")
            await socket.recv()
        for code in CODES:
            async with open_socket() as other:
                await other.close(code, "mine")
            await socket.send("what was it closed with")
            assert await socket.recv() == str(code), code
    async with open_socket() as socket:
        await socket.send("leave")
        try:
            await socket.recv()
            raise AssertionError("it is still open")
        except ConnectionClosed as closed:
            assert closed.rcvd is None, closed
    # permessage-deflate (RFC 7692) is between the two ends.
    async with open_socket("deflate") as socket:
        assert [extension.name for extension in socket.protocol.extensions] == ["permessage-deflate"]
        for message in ["x" * 1_000_000, bytes(range(256)) * 1000, ""]:
            await socket.send(message)
            assert await socket.recv() == message
    print("ok", flush=True)


def grpc_server():
    import grpc

    def whole(request, context):
        told = dict(context.invocation_metadata())
        context.set_trailing_metadata((("x-after", "the answer"),))
        return told.get("x-forwarded-user", "nobody").encode() + b":" + request

    def many(request, _context):
        for number in range(int(request)):
            yield b"%d" % number

    def slowly(request, _context):
        for number in range(int(request)):
            yield b"%d" % number
            time.sleep(0.1)

    def total(requests, _context):
        return b"%d" % sum(len(request) for request in requests)

    def both(requests, _context):
        for request in requests:
            yield request[::-1]

    def fail(_request, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today: ä")

    handlers = {
        "Whole": grpc.unary_unary_rpc_method_handler(whole),
        "Many": grpc.unary_stream_rpc_method_handler(many),
        "Slowly": grpc.unary_stream_rpc_method_handler(slowly),
        "Total": grpc.stream_unary_rpc_method_handler(total),
        "Both": grpc.stream_stream_rpc_method_handler(both),
        "Fail": grpc.unary_unary_rpc_method_handler(fail),
    }
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Traffic", handlers),))
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


def grpc_client(target, cookie):
    import grpc

    options = [("grpc.enable_http_proxy", 0), ("grpc.max_receive_message_length", -1)]
    metadata = (("cookie", cookie), ("x-forwarded-user", "root"))
    with grpc.insecure_channel(target, options) as channel:
        def call(kind, name, *arguments):
            method = getattr(channel, kind)("/test.Traffic/" + name)
            return method(*arguments, metadata=metadata, timeout=PATIENCE)

        whole = channel.unary_unary("/test.Traffic/Whole")
        answer, done = whole.with_call(b"question", metadata=metadata, timeout=PATIENCE)
        user, _, said = answer.partition(b":")
        assert said == b"question" and b"@" in user and user != b"root", answer
        assert ("x-after", "the answer") in [tuple(pair) for pair in done.trailing_metadata()]
        large = b"x" * 3_000_000
        assert call("unary_unary", "Whole", large).endswith(large)
        assert [int(part) for part in call("unary_stream", "Many", b"500")] == list(range(500))
        assert call("stream_unary", "Total", iter([b"a" * 10_000] * 100)) == b"1000000"

        # Each question waits for the answer to the one before: nothing is held back.
        import queue
        asked = queue.Queue()
        answers = call("stream_stream", "Both", iter(asked.get, None))
        for number in range(20):
            asked.put(b"question %d" % number)
            assert next(answers) == (b"question %d" % number)[::-1]
        asked.put(None)
        assert list(answers) == []
        try:
            call("unary_unary", "Fail", b"")
            raise AssertionError("it did not fail")
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.FAILED_PRECONDITION, error
            assert error.details() == "not today: ä", error
    with grpc.insecure_channel(target, options) as channel:
        try:
            channel.unary_unary("/test.Traffic/Whole")(b"", timeout=PATIENCE)
            raise AssertionError("nobody was let through")
        except grpc.RpcError as error:
            # HTTP's 401, as gRPC has it.
            assert error.code() == grpc.StatusCode.UNAUTHENTICATED, error
    print("ok", flush=True)


def grpc_stop(target, cookie, process, count):
    import grpc

    with grpc.insecure_channel(target, [("grpc.enable_http_proxy", 0)]) as channel:
        stream = channel.unary_stream("/test.Traffic/Slowly")
        answers = stream(b"%d" % count, metadata=(("cookie", cookie),), timeout=PATIENCE)
        came = 0
        try:
            for answer in answers:
                assert int(answer) == came, answer
                came += 1
                if came == 3:
                    os.kill(process, signal.SIGTERM)
        except grpc.RpcError as error:
            assert error is answers
        print(came, answers.code().name, flush=True)


match sys.argv[1:]:
    case ["ws-echo"]:
        asyncio.run(ws_echo())
    case ["ws-client", url, origin, cookie, *tls]:
        asyncio.run(ws_client(url, origin, cookie, *tls))
    case ["grpc-server"]:
        grpc_server()
    case ["grpc-client", target, cookie]:
        grpc_client(target, cookie)
    case ["grpc-stop", target, cookie, process, count]:
        grpc_stop(target, cookie, int(process), int(count))
    case _:
        sys.exit(__doc__)
