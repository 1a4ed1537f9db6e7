#!/usr/bin/env python3
"""Radicale, a calendar server, on a free port of 127.0.0.1, as the real app of tests/suite/radicale.rs.

    radicale-app.py FOLDER      the folder its data goes into; the line on stdout is its address

Its authentication is `http_x_remote_user`: it believes the request header X-Remote-User. Vestibule's
own preset calls that header X-Forwarded-User, so the one thing this program adds is the other name.
"""

import socketserver
import sys
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from radicale import app, config

settings = config.load()
settings.update(
    {
        "auth": {"type": "http_x_remote_user", "delay": "0"},
        "rights": {"type": "owner_only"},
        "storage": {"filesystem_folder": sys.argv[1]},
    },
    "radicale-app.py",
)
radicale = app.Application(settings)


def application(environ, start_response):
    environ.pop("HTTP_X_REMOTE_USER", None)
    if "HTTP_X_FORWARDED_USER" in environ:
        environ["HTTP_X_REMOTE_USER"] = environ["HTTP_X_FORWARDED_USER"]
    return radicale(environ, start_response)


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Handler(WSGIRequestHandler):
    def log_message(self, format, *args):
        pass


with make_server("127.0.0.1", 0, application, Server, Handler) as server:
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
