#!/usr/bin/env python3
"""The demo's legacy app: an intranet page of the old kind.

It knows nothing of OpenID Connect, sessions or tokens. Whoever stands in front of it says in request
headers who is asking, and it believes them, as such apps do: it reads HTTP_X_FORWARDED_EMAIL and its
like from the CGI environment. It must therefore listen where only Vestibule can reach it.

    legacy-app.py [--port 8090]       port 0 takes a free one; the line on stdout says which
"""

import argparse
import html
import json
import socketserver
from datetime import date
from urllib.parse import parse_qs, unquote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

# What the page shows of a person: id, label, CGI name of the header.
PERSON = [
    ("name", "Name", "HTTP_X_FORWARDED_NAME"),
    ("email", "E-mail", "HTTP_X_FORWARDED_EMAIL"),
    ("groups", "Groups", "HTTP_X_FORWARDED_GROUPS"),
    ("access-right", "Access right", "HTTP_X_ACCESS_RIGHT"),
]

STYLE = """
body { margin: 0; background: #dfe5ec; font: 13px Verdana, Geneva, "DejaVu Sans", sans-serif; color: #222 }
#page { width: 760px; margin: 18px auto; background: #fff; border: 1px solid #8a99ab }
#head { background: #17365d; color: #fff; padding: 14px 20px; border-bottom: 4px solid #e0a526 }
#head h1 { font-size: 20px; margin: 0 }
#head span { color: #c3d0e0; font-size: 11px }
#menu { background: #eef2f6; border-bottom: 1px solid #c4cdd8; padding: 7px 20px }
#menu a { margin-right: 18px }
a { color: #1a4f96 }
#body { padding: 16px 20px 22px }
h2 { font-size: 16px; color: #17365d; border-bottom: 1px solid #c4cdd8; padding-bottom: 4px }
table { border-collapse: collapse; width: 100% }
th, td { border: 1px solid #c4cdd8; padding: 5px 8px; text-align: left; vertical-align: top }
th { background: #eef2f6; width: 34%; font-weight: normal }
#person th, #person td { font-size: 15px }
#person td { font-weight: bold }
.code { font: 12px "DejaVu Sans Mono", monospace; word-break: break-all }
.note { color: #667; font-size: 11px }
#foot { border-top: 1px solid #c4cdd8; padding: 8px 20px; color: #667; font-size: 11px }
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{title} - Staff Intranet</title><link rel="icon" href="data:,"><style>{style}</style></head>
<body><div id="page">
<div id="head"><h1>Staff Intranet</h1><span>Example Company &middot; internal use only</span></div>
<div id="menu"><a href="/">Home</a> <a href="/leave">Request for leave</a> <a href="/admin">Administration</a>
<a href="/_vestibule/whoami">Who am I?</a> <a id="sign-out" href="/_vestibule/logout">Sign out</a></div>
<div id="body">{body}</div>
<div id="foot">Staff Intranet 2.4 (2005) &middot; best viewed at 1024 x 768</div>
</div></body></html>
"""


def application(environ, start_response):
    """The whole app: a path, a page."""
    if environ["PATH_INFO"] == "/api/orders":
        return orders(environ, start_response)
    pages = {"/": home, "/leave": leave, "/admin": admin}
    page = pages.get(environ["PATH_INFO"])
    if page is None:
        status, title, body = "404 Not Found", "Not found", "<h2>There is no such page</h2>"
    else:
        status, title, body = page(environ)
    document = PAGE.format(title=html.escape(title), style=STYLE, body=body).encode()
    start_response(status, [
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(document))),
    ])
    return [document]


def home(environ):
    """Greets by header, and shows all that was received."""
    who = said(environ, "HTTP_X_FORWARDED_NAME") or said(environ, "HTTP_X_FORWARDED_USER")
    greeting = f"Good day, {html.escape(who)}" if who else "Good day, stranger"
    person = rows((label, said(environ, name) or "-", f' id="{ident}"') for ident, label, name in PERSON)
    received = rows(
        (name, str(value), ' class="code"')
        for name, value in sorted(environ.items())
        if name.startswith("HTTP_") or name in ("REQUEST_METHOD", "PATH_INFO", "QUERY_STRING")
    )
    body = (
        f'<h2 id="greeting">{greeting}</h2><table id="person">{person}</table>'
        f'<h2>What this program received</h2>'
        f'<p class="note">The CGI environment of this request. No token, no session cookie.</p>'
        f'<table id="received">{received}</table>'
    )
    return "200 OK", "Home", body


def leave(environ):
    """A form, so that the demo has something to send."""
    if environ["REQUEST_METHOD"] == "POST":
        length = int(environ.get("CONTENT_LENGTH") or 0)
        form = parse_qs(environ["wsgi.input"].read(length).decode("utf-8", "replace"))
        sent = rows((name, ", ".join(values), "") for name, values in sorted(form.items()))
        email = html.escape(said(environ, "HTTP_X_FORWARDED_EMAIL") or "nobody")
        return "200 OK", "Received", (
            f'<h2>Your request was received</h2><table id="sent">{sent}</table>'
            f'<p>The answer goes to <b id="answer-to">{email}</b>.</p>'
        )
    today = date.today().isoformat()
    return "200 OK", "Request for leave", (
        '<h2>Request for leave</h2><form method="post" action="/leave"><table>'
        f'<tr><th><label for="first">First day</label></th><td><input id="first" name="first" value="{today}"></td></tr>'
        '<tr><th><label for="days">Days</label></th><td><input id="days" name="days" value="5" size="4"></td></tr>'
        '<tr><th><label for="reason">Reason</label></th><td><input id="reason" name="reason" size="50"></td></tr>'
        '</table><p><input id="send" type="submit" value="Send request"></p></form>'
    )


def admin(environ):
    """Who gets here may: the app itself asks no further."""
    return "200 OK", "Administration", (
        '<h2 id="admin">Administration</h2>'
        f'<p>Changes are made in the name of <b>{html.escape(said(environ, "HTTP_X_FORWARDED_EMAIL"))}</b>.</p>'
    )


def orders(environ, start_response):
    """For programs: what there is, and for whom the app takes whoever asks."""
    answer = {"orders": [1041, 1042], "asked_by": said(environ, "HTTP_X_FORWARDED_USER")}
    document = json.dumps(answer).encode() + b"\n"
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(document)))])
    return [document]


def said(environ, name):
    """A header as text. Header bytes are Latin-1 in CGI; what is beyond ASCII arrives percent-encoded."""
    return unquote(environ.get(name, ""))


def rows(items):
    return "".join(
        f"<tr><th>{html.escape(label)}</th><td{attributes}>{html.escape(value)}</td></tr>"
        for label, value, attributes in items
    )


class Server(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self):
        # Not WSGIServer's own, which asks the name service for this machine's name.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address
        self.setup_environ()


class Handler(WSGIRequestHandler):
    def log_message(self, format, *args):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The demo's legacy app")
    parser.add_argument("--port", type=int, default=8090)
    with make_server("127.0.0.1", parser.parse_args().port, application, Server, Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
