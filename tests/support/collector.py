"""A collector of spans: takes OTLP over HTTP as OpenTelemetry's own messages describe it, and tells what it got.

stdout: {"port": …}, then one line for each message: its headers, the resource, the spans.
With --hang it takes connections and never answers; with --status it answers so, and takes nothing.
"""

import argparse
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

options = argparse.ArgumentParser()
options.add_argument("--port", type=int, default=0)
options.add_argument("--hang", action="store_true")
options.add_argument("--status", type=int, default=200)
options = options.parse_args()


def plain(attributes):
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}


def told(span):
    return {
        "name": span.name,
        "kind": span.SpanKind.Name(span.kind),
        "trace": span.trace_id.hex(),
        "id": span.span_id.hex(),
        "parent": span.parent_span_id.hex(),
        "flags": span.flags,
        "start": span.start_time_unix_nano,
        "end": span.end_time_unix_nano,
        "error": span.status.code == 2,
        "attributes": plain(span.attributes),
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if options.hang:
            time.sleep(3600)
        if options.status == 200 and self.path == "/v1/traces":
            message = ExportTraceServiceRequest.FromString(body)
            for resource in message.resource_spans:
                line = {
                    "headers": {name.lower(): value for name, value in self.headers.items()},
                    "resource": plain(resource.resource.attributes),
                    "spans": [told(span) for scope in resource.scope_spans for span in scope.spans],
                }
                sys.stdout.write(json.dumps(line) + "\n")
                sys.stdout.flush()
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(options.status if self.path == "/v1/traces" else 404)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", options.port), Handler)
server.daemon_threads = True
print(json.dumps({"port": server.server_address[1]}), flush=True)
server.serve_forever()
