"""An upstream that notes when the kernel received each request, and for which support session: `upstream.py PORT`.

`/…/stream` answers with a part and never ends; `/seen` tells what came since it was last asked; all else is a short answer.
"""

import json
import re
import select
import socket
import sys

from wire import Wire

STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nchunk 1;\r\n"


def main() -> None:
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
    epoll = select.epoll()
    epoll.register(listener.fileno(), select.EPOLLIN)
    wires: dict[int, Wire] = {}
    seen: list[tuple[float, str]] = []
    while True:
        for fd, _ in epoll.poll():
            if fd == listener.fileno():
                wire = Wire(listener.accept()[0])
                wires[wire.fd] = wire
                epoll.register(wire.fd, select.EPOLLIN | select.EPOLLRDHUP)
                continue
            wire = wires[fd]
            wire.read()
            while b"\r\n\r\n" in wire.got:
                head, _, wire.got = wire.got.partition(b"\r\n\r\n")
                wire.send(answer(head, wire.at, seen))
            if not wire.open:
                epoll.unregister(fd)
                wires.pop(fd).close()


def answer(head: bytes, at: float, seen: list[tuple[float, str]]) -> bytes:
    path = head.split(b" ", 2)[1]
    if path == b"/seen":
        body = json.dumps(seen).encode()
        seen.clear()
    else:
        session = re.search(rb"(?i)\r\nsupport-session: *([^\r]+)", head)
        seen.append((at, session.group(1).decode() if session else ""))
        if path.endswith(b"/stream"):
            return STREAM
        body = b'{"status":"paid"}'
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


if __name__ == "__main__":
    main()
