"""HTTP/2 frame by frame: what no client library would send, and what no server library would say.

    python frames.py client HOST:PORT    a case a line on stdin (JSON), what came of it a line on stdout
    python frames.py server TRAILERS     an app over h2c; says its port. TRAILERS: JSON, stood behind each answer to a
                                         path that begins with /trailers

A case is a list of steps on a connection of its own:
    ["headers", stream, [[name, value], …], end]        ["trailers", stream, [[name, value], …]]
    ["data", stream, text, end]                         ["reset", stream, code]
    ["open", stream, [[name, value], …]]                HEADERS without END_HEADERS
    ["continue", stream, bytes]                         CONTINUATION of so many bytes, without END_HEADERS
    ["settings"]  ["ping"]  ["raw", hex]                ["times", n, [step, …]]: stream numbers rise by two each time
    ["gone", n]: waits for the nth GOAWAY               ["tell"]: says so by an empty line on stdout
    ["wait"]: until there is a line on stdin
    ["together", [step, …]]: their frames arrive at once, by one write
Text is Latin-1. What came of it: {"streams": {"1": {"status", "headers", "body", "trailers", "reset"}}, "goaway",
"goaways": [last stream, …], "closed", "pings", "settings"}.

The app's answer is JSON: {"seen": [{"headers", "body", "trailers"}, …]}, all requests since it last said so.
"""

import json
import socket
import socketserver
import sys
import threading
from contextlib import contextmanager

from hpack import Decoder, Encoder
from hpack.struct import NeverIndexedHeaderTuple
from hyperframe.frame import (
    ContinuationFrame, DataFrame, Frame, GoAwayFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame,
    WindowUpdateFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PATIENCE = 30


class Connection:
    """Frames in and out. Keeps no rules."""

    def __init__(self, link):
        self.link = link
        self.encoder, self.decoder = Encoder(), Decoder()
        self.decoder.max_header_list_size = 1 << 24
        self.held = b""
        self.block = b""
        # Last streams of all GOAWAY frames.
        self.goaways = []
        self.has_more = threading.Condition()
        # Whoever reads answers frames as well, and nothing may come between those of one block (RFC 9113 4.3).
        self.sending = threading.RLock()
        # What is to go out by one write.
        self.gathered = None

    def send(self, frame):
        with self.sending:
            if self.gathered is None:
                self.link.sendall(frame.serialize())
            else:
                self.gathered += frame.serialize()

    @contextmanager
    def together(self):
        with self.sending:
            self.gathered = b""
            yield
            gathered, self.gathered = self.gathered, None
            self.link.sendall(gathered)

    def is_told_to_go(self, last_stream):
        with self.has_more:
            self.goaways.append(last_stream)
            self.has_more.notify_all()

    def wait_for_goaways(self, count):
        with self.has_more:
            if not self.has_more.wait_for(lambda: len(self.goaways) >= count, PATIENCE):
                raise OSError("it was never told to go")

    def encode(self, fields):
        # Never indexed: each block can be read by itself.
        return self.encoder.encode(
            [NeverIndexedHeaderTuple(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields],
            huffman=False,
        )

    def headers(self, stream, fields, end):
        """As many frames as it takes."""
        block = self.encode(fields)
        first, rest = block[:16_000], block[16_000:]
        frame = HeadersFrame(stream, first)
        if end:
            frame.flags.add("END_STREAM")
        with self.sending:
            while rest:
                self.send(frame)
                frame, rest = ContinuationFrame(stream, rest[:16_000]), rest[16_000:]
            frame.flags.add("END_HEADERS")
            self.send(frame)

    def frames(self):
        while True:
            while len(self.held) >= 9:
                frame, length = Frame.parse_frame_header(memoryview(self.held[:9]))
                if len(self.held) < 9 + length:
                    break
                frame.parse_body(memoryview(self.held[9:9 + length]))
                self.held = self.held[9 + length:]
                yield frame
            part = self.link.recv(65536)
            if not part:
                return
            self.held += part

    def fields(self, frame):
        """Of a whole block; None while it is not."""
        self.block += frame.data
        if "END_HEADERS" not in frame.flags:
            return None
        block, self.block = self.block, b""
        return [[text(name), text(value)] for name, value in self.decoder.decode(block, raw=True)]


def text(data):
    return bytes(data).decode("latin-1")


def play(connection, steps, add=0):
    for step in steps:
        kind, *rest = step
        stream = rest[0] + add if rest and isinstance(rest[0], int) else 0
        match kind:
            case "headers":
                connection.headers(stream, rest[1], rest[2])
            case "trailers":
                connection.headers(stream, rest[1], True)
            case "open":
                connection.send(HeadersFrame(stream, connection.encode(rest[1]), flags=["END_STREAM"]))
            case "continue":
                connection.send(ContinuationFrame(stream, b"\x00\x01a\x01b" * (rest[1] // 5)))
            case "data":
                frame = DataFrame(stream, rest[1].encode("latin-1"))
                if rest[2]:
                    frame.flags.add("END_STREAM")
                connection.send(frame)
            case "reset":
                connection.send(RstStreamFrame(stream, rest[1]))
            case "settings":
                connection.send(SettingsFrame(0, settings={SettingsFrame.MAX_FRAME_SIZE: 16_384}))
            case "ping":
                connection.send(PingFrame(0, b"whowhere"))
            case "gone":
                connection.wait_for_goaways(rest[0])
            case "tell":
                print(flush=True)
            case "wait":
                sys.stdin.readline()
            case "raw":
                connection.link.sendall(bytes.fromhex(rest[0]))
            case "together":
                with connection.together():
                    play(connection, rest[0], add)
            case "times":
                for turn in range(rest[0]):
                    play(connection, rest[1], add + 2 * turn)
            case _:
                raise ValueError(kind)


def streams_of(steps, add=0):
    """Those that are not reset by the case itself."""
    opened, gone = set(), set()
    for step in steps:
        if step[0] == "times":
            for turn in range(step[1]):
                opened |= streams_of(step[2], add + 2 * turn)
        elif step[0] == "together":
            opened |= streams_of(step[1], add)
        elif step[0] in ("headers", "open"):
            opened.add(step[1] + add)
        elif step[0] == "reset":
            gone.add(step[1] + add)
    return opened - gone


def exchange(address, steps):
    came = {"streams": {}, "goaway": None, "goaways": [], "closed": False, "pings": 0, "settings": 0}
    waited = streams_of(steps)
    ended = set()
    with socket.create_connection(address, PATIENCE) as link:
        connection = Connection(link)
        sent = threading.Event()

        def write():
            try:
                link.sendall(PREFACE)
                connection.send(SettingsFrame(0))
                play(connection, steps)
                # Whoever answers this has read all before it.
                connection.send(PingFrame(0, b"the last"))
            except OSError:
                pass  # it hung up
            sent.set()

        threading.Thread(target=write, daemon=True).start()
        asked_last = False
        try:
            for frame in connection.frames():
                stream = came["streams"].setdefault(
                    str(frame.stream_id), {"status": None, "headers": [], "body": "", "trailers": None, "reset": None}
                ) if frame.stream_id else None
                match frame:
                    case HeadersFrame() | ContinuationFrame():
                        fields = connection.fields(frame)
                        if fields is not None:
                            status = dict(map(tuple, fields)).get(":status")
                            if status is None:
                                stream["trailers"] = fields
                            elif not status.startswith("1"):
                                stream["status"], stream["headers"] = int(status), fields[1:]
                    case DataFrame():
                        stream["body"] += text(frame.data)
                        if frame.data:
                            connection.send(WindowUpdateFrame(0, window_increment=len(frame.data)))
                    case RstStreamFrame():
                        stream["reset"] = frame.error_code
                        ended.add(frame.stream_id)
                    case GoAwayFrame():
                        came["goaway"] = frame.error_code
                        connection.is_told_to_go(frame.last_stream_id)
                    case PingFrame() if "ACK" in frame.flags:
                        came["pings"] += 1
                        asked_last = asked_last or frame.opaque_data == b"the last"
                    case PingFrame():
                        connection.send(PingFrame(0, frame.opaque_data, flags=["ACK"]))
                    case SettingsFrame() if "ACK" in frame.flags:
                        came["settings"] += 1
                    case SettingsFrame():
                        connection.send(SettingsFrame(0, flags=["ACK"]))
                if "END_STREAM" in frame.flags:
                    ended.add(frame.stream_id)
                if asked_last and waited <= ended:
                    came["goaways"] = connection.goaways
                    return came
            came["closed"] = True
        except TimeoutError:
            came["silent"] = True
        except OSError:
            came["closed"] = True
        sent.wait(PATIENCE)
        came["goaways"] = connection.goaways
    return came


def client(address):
    host, _, port = address.rpartition(":")
    for line in sys.stdin:
        print(json.dumps(exchange((host, int(port)), json.loads(line))), flush=True)


class App(socketserver.BaseRequestHandler):
    trailers = []
    seen = []
    lock = threading.Lock()

    def handle(self):
        connection = Connection(self.request)
        connection.held = self.request.recv(len(PREFACE), socket.MSG_WAITALL)[len(PREFACE):]
        connection.send(SettingsFrame(0))
        requests, block_of = {}, 0
        for frame in connection.frames():
            match frame:
                case HeadersFrame() | ContinuationFrame():
                    fields = connection.fields(frame)
                    if isinstance(frame, HeadersFrame):
                        block_of = "END_STREAM" in frame.flags
                    if fields is not None:
                        if frame.stream_id in requests:
                            requests[frame.stream_id]["trailers"] = fields
                        else:
                            requests[frame.stream_id] = {"headers": fields, "body": "", "trailers": None}
                        if block_of:
                            self.answer(connection, frame.stream_id, requests.pop(frame.stream_id))
                    continue
                case DataFrame():
                    requests[frame.stream_id]["body"] += text(frame.data)
                    if frame.data:
                        for stream in (0, frame.stream_id):
                            connection.send(WindowUpdateFrame(stream, window_increment=len(frame.data)))
                    if "END_STREAM" in frame.flags:
                        self.answer(connection, frame.stream_id, requests.pop(frame.stream_id))
                case RstStreamFrame():
                    requests.pop(frame.stream_id, None)
                case SettingsFrame() if "ACK" not in frame.flags:
                    connection.send(SettingsFrame(0, flags=["ACK"]))
                case PingFrame() if "ACK" not in frame.flags:
                    connection.send(PingFrame(0, frame.opaque_data, flags=["ACK"]))

    def answer(self, connection, stream, request):
        path = dict(map(tuple, request["headers"])).get(":path", "")
        with self.lock:
            self.seen.append(request)
            if path.startswith("/in"):
                said = {}
            else:
                said = {"seen": self.seen[:-1], "asked": path}
                self.seen.clear()
        connection.headers(stream, [[":status", "200"], ["content-type", "application/json"],
                                    ["trailer", "x-after"]], False)
        ends = not path.startswith("/trailers")
        body = DataFrame(stream, json.dumps(said).encode())
        if ends:
            body.flags.add("END_STREAM")
        connection.send(body)
        if not ends:
            connection.headers(stream, self.trailers, True)


def server(trailers):
    App.trailers = json.loads(trailers)
    socketserver.ThreadingTCPServer.daemon_threads = True
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), App) as listening:
        print(listening.server_address[1], flush=True)
        listening.serve_forever()


match sys.argv[1:]:
    case ["client", address]:
        client(address)
    case ["server", trailers]:
        server(trailers)
    case _:
        sys.exit(__doc__)
