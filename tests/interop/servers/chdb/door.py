"""A door before ClickHouse's engine: as much of the server's HTTP interface as a client of inserts and queries sees.

usage: door.py PORT FOLDER
"""

import gzip
import re
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlparse

from chdb import session

# What the engine does not do or the statement has already.
NOT_SETTINGS = {"query", "user"}


def statement(query, settings, body):
    """An insert with its settings in it: the engine takes none beside it."""
    if not query:
        return body
    head, form = query.rsplit(" FORMAT ", 1)
    said = ", ".join(f"{name} = '{value}'" for name, value in settings.items() if name not in NOT_SETTINGS)
    return f"{head} SETTINGS {said} FORMAT {form}\n{body}"


class Door(BaseHTTPRequestHandler):
    # A request a connection: one that stays would keep the others out.
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        self.answer(200, b"Ok.\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        settings = dict(parse_qsl(urlparse(self.path).query))
        try:
            found = engine.query(statement(settings.get("query"), settings, body.decode()), "TabSeparated")
            self.answer(200, str(found).encode())
        except Exception as error:  # The engine has one class for all that it says.
            words = str(error)
            words = words[max(words.find("Code: "), 0):]
            code = re.match(r"Code: (\d+)", words)
            self.answer(400, words.encode(), {"X-ClickHouse-Exception-Code": code.group(1)} if code else {})

    def answer(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Says nothing of each request."""


if sys.argv[1:] == ["--version"]:
    print(str(session.Session().query("SELECT version()", "TabSeparated")).strip())
else:
    engine = session.Session(sys.argv[2])
    # One thread: the engine has one session.
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Door).serve_forever()
