"""Sockets that nobody has reason to speak to, and a process that minds its own business."""

from __future__ import annotations

import selectors
import socket
import subprocess
import sys
import threading
from pathlib import Path

import psutil

VICTIM_SECRET = 757_689_304_412_985

# It lets everybody look into it (PR_SET_PTRACER), where the kernel otherwise lets only its parent.
_VICTIM = """
import ctypes, time
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
print("ready", flush=True)
time.sleep(900)
"""
_HALTED = (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP, psutil.STATUS_ZOMBIE)


class Listeners:
    """Sockets on this machine that nobody has reason to speak to."""

    def __init__(self, folder: Path) -> None:
        self._heard: set[str] = set()
        self._selector = selectors.DefaultSelector()
        self.path = folder / "canary.sock"
        tcp, udp = socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        unix, abstract = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
        unix.bind(str(self.path))
        self.path.chmod(0o777)
        self.abstract = folder.name  # which nobody else's has
        abstract.bind("\0" + self.abstract)
        self.tcp_port, self.udp_port = tcp.getsockname()[1], udp.getsockname()[1]
        for name, sock in {"tcp": tcp, "udp": udp, "unix": unix, "abstract": abstract}.items():
            if name in ("unix", "abstract"):
                sock.listen()
            self._selector.register(sock, selectors.EVENT_READ, name)
        self._bell, wakeup = socket.socketpair()
        self._selector.register(wakeup, selectors.EVENT_READ, "bell")
        self._rung = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="listeners")
        self._thread.start()

    def take(self) -> set[str]:
        """What was heard since the last time: kinds of sockets."""
        self._rung.clear()
        self._bell.send(b"?")
        assert self._rung.wait(60), "nothing listens any more"
        heard, self._heard = self._heard, set()
        return heard

    def close(self) -> None:
        """Stop listening."""
        self._bell.close()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def _listen(self) -> None:
        """Note whoever comes, and send them away; the bell is answered last."""
        while True:
            ready = {key.data: key.fileobj for key, _ in self._selector.select()}
            wakeup = ready.pop("bell", None)
            for name, sock in ready.items():
                self._heard.add(name)
                if name == "udp":
                    sock.recv(4096)  # type: ignore[union-attr]
                else:
                    sock.accept()[0].close()  # type: ignore[union-attr]
            if wakeup is not None and not ready:
                if not wakeup.recv(1):  # type: ignore[union-attr]
                    return
                self._rung.set()


class Victim:
    """A process of the same user that minds its own business, with a secret in its environment."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", _VICTIM],
            env={"VICTIM": str(VICTIM_SECRET)},
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self.pid = self._process.pid
        self._before = self._look()

    def is_unharmed(self) -> bool:
        """Whether it runs as it did."""
        return self._process.poll() is None and self._look() == self._before

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _look(self) -> tuple[object, ...]:
        process = psutil.Process(self.pid)
        return (
            process.status() in _HALTED,
            process.rlimit(psutil.RLIMIT_NOFILE),
            process.nice(),
            process.cpu_affinity(),
        )
