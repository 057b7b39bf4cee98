#!/usr/bin/env python3
"""Prints the requests that hooks and alerts send: `python3 examples/alerts_and_hooks/receiver.py [port]`."""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        print(self.path, self.headers.get("Authorization"), body, flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Nothing but the requests."""


if __name__ == "__main__":
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8765
    HTTPServer(("127.0.0.1", port), Receiver).serve_forever()
