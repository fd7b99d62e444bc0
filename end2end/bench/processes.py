"""Processes that a benchmark starts and always stops: where they run, what they cost."""

import http.client
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

TICKS = os.sysconf("SC_CLK_TCK")
# Servers lie in folders that the PATH of ordinary users lacks.
PATH = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin"])


def find(program: str) -> str | None:
    return shutil.which(program, path=PATH)


class Process:
    """A separate process group on its own CPUs, with its output in a file."""

    def __init__(self, command: list[str], log: pathlib.Path, cpus: list[int] | None = None, **environment: str) -> None:
        pinned = ["taskset", "--cpu-list", ",".join(map(str, cpus))] if cpus else []
        # The console would read each of these variables as configuration.
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SUPPORT_CONSOLE_")}
        self.log = log
        with log.open("a") as output:
            self.child = subprocess.Popen([*pinned, *command], stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                          env={**inherited, **environment}, start_new_session=True)

    def cpu_seconds(self) -> float:
        """CPU time of all live processes of the group, and of those that they have waited for."""
        ticks = 0
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                # The name before it is in parentheses and may contain anything.
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == self.child.pid:
                ticks += sum(map(int, fields[11:15]))
        return ticks / TICKS

    def settle(self, patience: float = 10) -> None:
        """Waits until the group has finished its deferred work."""
        end, before = time.monotonic() + patience, self.cpu_seconds()
        while time.monotonic() < end:
            time.sleep(0.2)
            now = self.cpu_seconds()
            if now - before <= 1 / TICKS:
                return
            before = now

    def wait_for(self, port: int, path: str) -> None:
        """Waits until something answers there. Otherwise stops the processes."""
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline and self.child.poll() is None:
                if answers(port, path):
                    return
                time.sleep(0.1)
            sys.exit(f"no answer from {self.child.args}:\n{self.log.read_text()[-4000:]}")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self.child.poll() is None:
            self.child.terminate()
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.child.pid, signal.SIGKILL)
            self.child.wait()


def answers(port: int, path: str) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False


def stop_when_told() -> None:
    """Makes SIGTERM end this program like Ctrl-C, so that its processes end too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
