"""Watches a local server while it answers: its disk, and whether it is still there behind its port.

Memory needs no watching: the kernel (for Java its own heap) refuses more than was allowed, and the server
dies. A server that fills the disk, or stands still without answering, would do so for ever; it is ended, and
its queries are asked again as after any death. One that does not answer but computes, or would if others
left it a processor or the disk came, is left to the deadlines of its queries: a large query may keep all its
threads, and a busy machine is no dead server.
"""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc

from engine.backends.connect.rpc import Connection
from engine.backends.local.process import ServerProcess
from engine.effort import spent, stands_still

_SILENT_ROUNDS: Final = 2


@dataclass(frozen=True, slots=True)
class WatchdogSettings:
    """How a server is watched.

    Attributes:
        disk_bytes: the most that its folder may hold.
        look_seconds: between two looks.
        silent_seconds: after which a question without an answer counts; it takes two in a row.
    """

    disk_bytes: int = 64 << 30
    look_seconds: float = 1.0
    silent_seconds: float = 10.0


class Watchdog:
    """The watch of one server; ends with it, or with `stop`."""

    def __init__(
        self,
        process: ServerProcess,
        connection: Connection,
        watchdog_settings: WatchdogSettings,
        *,
        is_busy: Callable[[], bool],
        end: Callable[[str], None],
    ) -> None:
        """Watch in a thread of its own.

        Args:
            process: the server that is watched.
            connection: a connection to that server.
            watchdog_settings: how often to look, and what to end it for.
            is_busy: whether it is answering anything; if not it is left alone.
            end: ends it, for a reason.
        """
        self._process = process
        self._connection = connection
        self._settings = watchdog_settings
        self._is_busy = is_busy
        self._end = end
        self._session = str(uuid.uuid4())
        self._over = threading.Event()
        threading.Thread(target=self._run, name="calcmetric-watch", daemon=True).start()

    def stop(self) -> None:
        """Watch no longer."""
        self._over.set()

    def _run(self) -> None:
        silent = 0
        while not self._over.wait(self._settings.look_seconds):
            if not self._is_busy():
                silent = 0
                continue
            silent = silent + 1 if self._stands_still() else 0
            reason = self._complaint(silent)
            if reason and not self._over.is_set():
                self._end(reason)
                return

    def _complaint(self, silent: int) -> str:
        """Why it has to go; empty if it has not to."""
        if (used := used_bytes(self._process.folder)) > self._settings.disk_bytes:
            return f"it uses {used >> 20} MiB of disk, and may use {self._settings.disk_bytes >> 20}"
        if silent >= _SILENT_ROUNDS:
            seconds = silent * self._settings.silent_seconds
            return f"it stands still: no answer and no use of a processor for {seconds:g} s"
        return ""

    def _stands_still(self) -> bool:
        """Whether it neither answers nor computes."""
        before = self._process.effort()
        try:
            self._connection.server_version(self._session, self._settings.silent_seconds)
        except (grpc.RpcError, ValueError):
            since = spent(before, self._process.effort())
            if since.wall < self._settings.silent_seconds:
                return False  # it is gone, and who asks it notices
            return stands_still(since)
        return False


def used_bytes(folder: Path) -> int:
    """The disk that a folder takes; what a server deletes while it is read counts nothing."""
    used = 0
    for place, folders, files in os.walk(folder):  # unlike Path.rglob it passes over folders that are gone
        for name in (*folders, *files):
            with contextlib.suppress(OSError):
                used += Path(place, name).lstat().st_blocks * 512
    return used
