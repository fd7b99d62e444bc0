"""The peers: each a reverse proxy with connections kept on both sides and no log; some ask an auth backend first.

What they have in common is in `Place`; each function writes a configuration and gives the command that runs it.
"""

import dataclasses
import os
import pathlib
from collections.abc import Callable

from processes import find

BODY = '{"id":"inv_0001","status":"paid","currency":"EUR","lines":[{"sku":"basic","cents":4300},{"sku":"seats","cents":8600}]}'
# Idle connections to the upstream that a proxy may keep: more than there are clients.
KEPT = 512


@dataclasses.dataclass(frozen=True)
class Place:
    """A proxy's folder and port, its upstream, and its number of workers."""

    folder: pathlib.Path
    port: int
    upstream: int
    auth: int
    workers: int

    def write(self, name: str, text: str) -> str:
        file = self.folder / name
        file.write_text(text)
        return str(file)


def nginx_command(place: Place, servers: str) -> list[str]:
    """nginx that keeps connections for the whole run (by default it closes them after 1,000 requests)."""
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "".join(f"{kind}_temp_path {place.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    file = place.write("nginx.conf", f"""{user} daemon off; worker_processes {place.workers}; pid {place.folder}/nginx.pid;
error_log {place.folder}/error.log warn; worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log off; {temporary}
  keepalive_requests 1000000000; keepalive_timeout 1h; default_type application/json;
  {servers}
}}
""")
    return [find("nginx") or "nginx", "-e", f"{place.folder}/error.log", "-c", file]


def nginx_upstream(place: Place) -> list[str]:
    """The upstream of every proxy, with a small fixed answer, and on another port the auth backend."""
    return nginx_command(place, f"""
  server {{ listen 127.0.0.1:{place.upstream} backlog=4096; location / {{ return 200 '{BODY}'; }} }}
  server {{ listen 127.0.0.1:{place.auth} backlog=4096; location / {{ return 200; }} }}
""")


def nginx(place: Place, check: str = "") -> list[str]:
    kept = f"keepalive {KEPT}; keepalive_requests 1000000000; keepalive_timeout 1h;"
    return nginx_command(place, f"""
  upstream app {{ server 127.0.0.1:{place.upstream}; {kept} }}
  upstream auth {{ server 127.0.0.1:{place.auth}; {kept} }}
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
  server {{
    listen 127.0.0.1:{place.port} backlog=4096;
    location / {{ {check} proxy_pass http://app; }}
    location = /auth {{ internal; proxy_pass http://auth; proxy_pass_request_body off; proxy_set_header Content-Length "";
      proxy_set_header Connection ""; proxy_set_header Host $host; proxy_set_header X-Original-URI $request_uri; }}
  }}
""")


def nginx_auth_request(place: Place) -> list[str]:
    return nginx(place, "auth_request /auth;")


def haproxy(place: Place) -> list[str]:
    file = place.write("haproxy.cfg", f"""
global
  nbthread {place.workers}
  maxconn 4096
defaults
  mode http
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend in
  bind 127.0.0.1:{place.port} backlog 4096
  default_backend app
backend app
  server app 127.0.0.1:{place.upstream} pool-max-conn -1
""")
    return [find("haproxy") or "haproxy", "-db", "-f", file]


def caddy_forward_auth(place: Place) -> list[str]:
    kept = f"transport http {{\nkeepalive 1h\nkeepalive_idle_conns_per_host {KEPT}\ncompression off\n}}"
    file = place.write("Caddyfile", f"""{{
  admin off
  auto_https off
  persist_config off
  grace_period 1s
}}
http://127.0.0.1:{place.port} {{
  bind 127.0.0.1
  forward_auth 127.0.0.1:{place.auth} {{
    uri /auth
    {kept}
  }}
  reverse_proxy 127.0.0.1:{place.upstream} {{
    {kept}
  }}
}}
""")
    return [find("caddy") or "caddy", "run", "--config", file, "--adapter", "caddyfile"]


def traefik_forward_auth(place: Place) -> list[str]:
    routes = place.write("routes.yml", f"""
http:
  routers:
    app: {{ rule: "PathPrefix(`/`)", service: app, middlewares: [auth] }}
  middlewares:
    auth: {{ forwardAuth: {{ address: "http://127.0.0.1:{place.auth}/auth" }} }}
  services:
    app: {{ loadBalancer: {{ serversTransport: kept, servers: [{{ url: "http://127.0.0.1:{place.upstream}" }}] }} }}
  serversTransports:
    kept: {{ maxIdleConnsPerHost: {KEPT} }}
""")
    file = place.write("traefik.yml", f"""
global: {{ checkNewVersion: false, sendAnonymousUsage: false }}
log: {{ level: ERROR }}
entryPoints:
  in: {{ address: "127.0.0.1:{place.port}", transport: {{ lifeCycle: {{ graceTimeOut: 0 }} }} }}
providers:
  file: {{ filename: "{routes}", watch: false }}
""")
    return [find("traefik") or "traefik", f"--configFile={file}"]


def envoy_ext_authz(place: Place) -> list[str]:
    def cluster(name: str, port: int) -> str:
        return f"""
  - name: {name}
    type: STATIC
    connect_timeout: 5s
    circuit_breakers: {{ thresholds: [{{ max_connections: 4096, max_pending_requests: 4096, max_requests: 4096 }}] }}
    load_assignment:
      cluster_name: {name}
      endpoints: [{{ lb_endpoints: [{{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }} }} }}] }}]"""

    file = place.write("envoy.yml", f"""
static_resources:
  listeners:
  - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {place.port} }} }}
    filter_chains:
    - filters:
      - name: http
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: in
          codec_type: HTTP1
          generate_request_id: false
          route_config:
            virtual_hosts: [{{ name: all, domains: ["*"], routes: [{{ match: {{ prefix: "/" }}, route: {{ cluster: app, timeout: 0s }} }}] }}]
          http_filters:
          - name: auth
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz
              http_service: {{ server_uri: {{ uri: "http://127.0.0.1:{place.auth}", cluster: auth, timeout: 5s }} }}
          - name: router
            typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
  clusters:{cluster("app", place.upstream)}{cluster("auth", place.auth)}
""")
    return [find("envoy") or "envoy", "-c", file, "--concurrency", str(place.workers), "--disable-hot-restart", "-l", "error"]


@dataclasses.dataclass(frozen=True)
class Peer:
    """A proxy to compare with: its name, its program, and the arguments that print its version."""

    name: str
    program: str
    version: tuple[str, ...]
    command: Callable[[Place], list[str]]


PEERS = [
    Peer("nginx", "nginx", ("-v",), nginx),
    Peer("HAProxy", "haproxy", ("-v",), haproxy),
    Peer("nginx + auth_request", "nginx", ("-v",), nginx_auth_request),
    Peer("caddy + forward_auth", "caddy", ("version",), caddy_forward_auth),
    Peer("traefik + forwardAuth", "traefik", ("version",), traefik_forward_auth),
    Peer("envoy + ext_authz", "envoy", ("--version",), envoy_ext_authz),
]
