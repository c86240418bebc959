"""A hub on this machine's loopback that serves folders as repositories, as far as fetching asks. Requests are noted."""

import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

COMMIT = "c0ffee" + "0" * 34


class FakeHub:
    """Use it as a context manager; `address` is what HF_ENDPOINT is set to."""

    def __init__(self, models: dict[str, Path], datasets: dict[str, Path], gated: tuple[str, ...] = ()) -> None:
        self.folders = {("models", name): folder for name, folder in models.items()}
        self.folders |= {("datasets", name): folder for name, folder in datasets.items()}
        self.gated, self.requests = set(gated), []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                hub.answer(self)

            do_HEAD = do_GET

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> "FakeHub":
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.server.shutdown()
        self.server.server_close()

    def downloads(self) -> list[str]:
        return [path for method, path in self.requests if method == "GET" and "/resolve/" in path]

    def answer(self, request) -> None:
        path = urlsplit(request.path).path
        self.requests.append((request.command, path))
        parts = path.strip("/").split("/")
        if parts[0] == "api" and len(parts) > 4:
            self.describe(request, (parts[1], "/".join(parts[2:4])), parts[4:])
        elif "resolve" in parts:
            kind = "datasets" if parts[0] == "datasets" else "models"
            at = parts.index("resolve")
            self.send_file(request, (kind, "/".join(parts[at - 2 : at])), "/".join(parts[at + 2 :]))
        else:
            self.send(request, 404, b"")

    def describe(self, request, key, what) -> None:
        if key not in self.folders:
            self.send(request, 404, b"{}", {"X-Error-Code": "RepoNotFound"})
        elif what[0] == "auth-check":
            gated = key[1] in self.gated
            self.send(request, 403 if gated else 200, b"{}", {"X-Error-Code": "GatedRepo"} if gated else {})
        elif what[1] not in ("main", COMMIT):
            self.send(request, 404, b"{}", {"X-Error-Code": "RevisionNotFound"})
        elif what[0] == "tree":
            self.send(request, 200, json.dumps([self.tree_entry(key, name) for name in self.names(key)]).encode())
        else:
            files = [self.sibling(key, name) for name in self.names(key)]
            about = {"id": key[1], "sha": COMMIT, "gated": "manual" if key[1] in self.gated else False}
            self.send(request, 200, json.dumps({**about, "tags": [], "siblings": files}).encode())

    def names(self, key) -> list[str]:
        folder = self.folders[key]
        return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())

    def facts(self, key, name) -> tuple[int, str]:
        content = (self.folders[key] / name).read_bytes()
        return len(content), hashlib.sha256(content).hexdigest()

    def is_large(self, name) -> bool:
        return name.endswith((".safetensors", ".parquet"))

    def tree_entry(self, key, name) -> dict:
        size, sha = self.facts(key, name)
        large = {"lfs": {"oid": sha, "size": size, "pointerSize": 130}} if self.is_large(name) else {}
        return {"type": "file", "path": name, "size": size, "oid": sha[:40], **large}

    def sibling(self, key, name) -> dict:
        size, sha = self.facts(key, name)
        large = {"lfs": {"sha256": sha, "size": size, "pointerSize": 130}} if self.is_large(name) else {}
        return {"rfilename": name, "size": size, "blobId": sha[:40], **large}

    def send_file(self, request, key, name) -> None:
        if key[1] in self.gated:
            return self.send(request, 403, b"", {"X-Error-Code": "GatedRepo"})
        _, sha = self.facts(key, name)
        content = (self.folders[key] / name).read_bytes()
        etag = sha if self.is_large(name) else sha[:40]
        return self.send(request, 200, content, {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT})

    def send(self, request, status, content, headers=None) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            request.send_header(name, value)
        request.end_headers()
        if request.command == "GET":
            request.wfile.write(content)
