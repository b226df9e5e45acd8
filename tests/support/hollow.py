"""The embedded stack with hollow services: a real launcher, stores and Envoy around processes that only
answer probes. Run as `python -m tests.support.hollow CODE_DIRECTORY`."""

import sys
from dataclasses import replace
from pathlib import Path

from deploy.local import processes, stack
from deploy.local.certificates import SERVICES
from deploy.local.errors import CannotStart
from deploy.local.launcher import run
from deploy.local.pids import Register
from deploy.local.settings import LauncherSettings

PROCESS = """
import os, signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

signal.signal(signal.SIGTERM, lambda number, frame: os._exit(0))

class Probe(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass

if sys.argv[1] in ("serve", "worker"):
    host, port = os.environ["SMELT_HEALTH_LISTEN"].split(":")
    server = HTTPServer((host, int(port)), Probe)
    print("serving", flush=True)
    server.serve_forever()
else:
    print("done", *sys.argv[1:])
"""

GATEWAY = '''
import os, sys
from pathlib import Path

if os.environ.get("SMELT_SECURITY_CONTACT") == "refuse":
    print("no such contact")
    sys.exit(3)
HTTP = "envoy.extensions.filters.network.http_connection_manager"
host, port = os.environ["SMELT_GATEWAY_LISTEN"].split(":")
socket = os.environ["SMELT_GATEWAY_ADMIN_SOCKET"]
Path(sys.argv[sys.argv.index("--out") + 1], "envoy.yaml").write_text(f"""
admin: {{address: {{pipe: {{path: {socket}, mode: 384}}}}}}
static_resources:
  listeners:
  - address: {{socket_address: {{address: {host}, port_value: {port}}}}}
    filter_chains:
    - transport_socket:
        name: tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            tls_certificates:
            - certificate_chain: {{filename: {os.environ["SMELT_GATEWAY_CERT_FILE"]}}}
              private_key: {{filename: {os.environ["SMELT_GATEWAY_KEY_FILE"]}}}
      filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/{HTTP}.v3.HttpConnectionManager
          stat_prefix: edge
          http_filters:
          - name: router
            typed_config: {{"@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router}}
          route_config:
            virtual_hosts:
            - name: all
              domains: ["*"]
              routes: [{{match: {{prefix: /}}, direct_response: {{status: 200}}}}]
""")
'''


def write(directory: Path) -> Path:
    """Write the packages that `python -m services.NAME` and `python -m gateway` find in `directory`."""
    packages = {f"services/{name}": PROCESS for name in SERVICES} | {"gateway": GATEWAY}
    for package, source in packages.items():
        (directory / package).mkdir(parents=True, exist_ok=True)
        (directory / package / "__init__.py").touch()
        (directory / package / "__main__.py").write_text(source)
    (directory / "services" / "__init__.py").touch()
    return directory


class PatientChild(processes.Child):
    """A process that is given more time to stop than any test has: only hurry kills it."""

    def __init__(self, command: processes.Command, *, logs: Path, register: Register) -> None:
        super().__init__(replace(command, stop_seconds=600.0), logs=logs, register=register)


if __name__ == "__main__":
    stack.Child = PatientChild  # type: ignore[attr-defined]
    try:
        sys.exit(run(LauncherSettings(), code=write(Path(sys.argv[1]))))
    except CannotStart as error:
        print(f"smelt: {error}", file=sys.stderr)
        sys.exit(1)
