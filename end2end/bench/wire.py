"""HTTP on bare sockets, with the times at which the kernel received bytes, so that a slow reader doesn't matter."""

import re
import select
import socket
import struct
import time

# SO_TIMESTAMPNS of Linux on 64 bits, which the socket module does not name.
TIMESTAMP = 35


class Wire:
    """A connection that does not block."""

    def __init__(self, connected: socket.socket) -> None:
        connected.setsockopt(socket.SOL_SOCKET, TIMESTAMP, 1)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setblocking(False)
        self.socket, self.fd, self.got, self.open = connected, connected.fileno(), b"", True
        self.at = 0.0

    def send(self, what: bytes) -> None:
        try:
            self.socket.send(what)
        except OSError:
            self.open = False

    def read(self) -> None:
        """Reads what has arrived. `at` is then when the last of it arrived, in seconds since 1970."""
        while self.open:
            try:
                data, fields, _, _ = self.socket.recvmsg(65536, 64)
            except BlockingIOError:
                return
            except OSError:
                data, fields = b"", []
            for level, kind, value in fields:
                if (level, kind) == (socket.SOL_SOCKET, TIMESTAMP):
                    seconds, nanoseconds = struct.unpack("qq", value)
                    self.at = seconds + nanoseconds / 1e9
            self.got += data
            self.open = bool(data)

    def answer(self) -> int | None:
        """The status of a complete answer, which is then dropped."""
        head, gap, rest = self.got.partition(b"\r\n\r\n")
        if not gap:
            return None
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if length:
            end = int(length.group(1))
            complete = len(rest) >= end
        else:
            end = len(rest)
            complete = rest.endswith(b"0\r\n\r\n")
        if not complete:
            return None
        self.got = rest[end:]
        return int(head[9:12])

    def close(self) -> None:
        self.open = False
        self.socket.close()


def connect(port: int) -> Wire:
    return Wire(socket.create_connection(("127.0.0.1", port), 10))


class Watch:
    """Many connections at once."""

    def __init__(self, wires: list[Wire]) -> None:
        self.wires = {wire.fd: wire for wire in wires}
        self.epoll = select.epoll()
        for wire in wires:
            self.epoll.register(wire.fd, select.EPOLLIN | select.EPOLLRDHUP)

    def ready(self, seconds: float) -> tuple[float, list[Wire]]:
        """The readable ones, and when that was known."""
        events = self.epoll.poll(seconds, 4096)
        return time.time(), [self.wires[fd] for fd, _ in events]

    def forget(self, wire: Wire) -> None:
        self.epoll.unregister(wire.fd)
        wire.close()
