"""A stand-in for AWS KMS over HTTP: the JSON protocol of three calls, with the errors that AWS documents.

Its encryption is real: a ciphertext decrypts only here, with the same key and the same context.
"""

import base64
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_REGION = "eu-central-1"


class Refused(Exception):
    """An error, by its name in the protocol."""


@dataclass(slots=True)
class Kms:
    """The server, and the behaviour that a test may change."""

    endpoint: str = ""
    region: str = _REGION
    keys: dict[str, bytes] = field(default_factory=dict)
    #: Errors by key, such as DisabledException; `*` applies to all keys.
    refusals: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    calls: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)

    def new_key(self) -> str:
        """Create a key and return its ARN."""
        arn = f"arn:aws:kms:{_REGION}:111122223333:key/{os.urandom(8).hex()}"
        self.keys[arn] = os.urandom(32)
        return arn

    def answer(self, action: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Return what KMS would, or raise Refused."""
        self.calls.append(action)
        time.sleep(self.seconds)
        context = json.dumps(asked.get("EncryptionContext", {}), sort_keys=True).encode()
        key_id = asked["KeyId"]
        if refusal := self.refusals.get(key_id, self.refusals.get("*")):
            raise Refused(refusal)
        if key_id not in self.keys:
            raise Refused("NotFoundException")
        if action == "Decrypt":
            arn, plaintext = self._opened(base64.b64decode(asked["CiphertextBlob"]), context)
            if arn != key_id:
                raise Refused("IncorrectKeyException")
            return {"KeyId": arn, "Plaintext": _text(plaintext), "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
        if action == "GenerateDataKeyWithoutPlaintext":
            sealed = self._sealed(key_id, os.urandom(asked["NumberOfBytes"]), context)
            return {"KeyId": key_id, "CiphertextBlob": _text(sealed)}
        if action == "Encrypt":
            sealed = self._sealed(key_id, base64.b64decode(asked["Plaintext"]), context)
            return {"KeyId": key_id, "CiphertextBlob": _text(sealed)}
        raise Refused("UnknownOperationException")

    def _sealed(self, arn: str, plaintext: bytes, context: bytes) -> bytes:
        nonce = os.urandom(12)
        return arn.encode().ljust(80) + nonce + AESGCM(self.keys[arn]).encrypt(nonce, plaintext, context)

    def _opened(self, blob: bytes, context: bytes) -> tuple[str, bytes]:
        arn = blob[:80].rstrip().decode("ascii", "replace")
        try:
            return arn, AESGCM(self.keys[arn]).decrypt(blob[80:92], blob[92:], context)
        except (KeyError, InvalidTag, ValueError):
            raise Refused("InvalidCiphertextException") from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


@contextmanager
def serving() -> Iterator[Kms]:
    """A KMS on loopback for the length of the block."""
    kms = Kms()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            kms.authorizations.append(self.headers.get("Authorization", ""))
            try:
                status, said = 200, kms.answer(self.headers["X-Amz-Target"].split(".")[1], asked)
            except Refused as error:
                status, said = 400, {"__type": str(error), "message": "as the stand-in was told"}
            body = json.dumps(said).encode()
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                # The client has given up.
                self.close_connection = True

        def log_message(self, format: str, *arguments: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kms.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kms
    finally:
        server.shutdown()
        server.server_close()
