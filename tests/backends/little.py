"""A local server that starts at once: the life of a server is to be tested, and not what Spark answers.

It speaks Spark Connect, knows `numbers` and `count` of `tests/backends/plans.py`, goes on for ever over a
join, such as that of `endless`, and dies of everything else. It is confined, watched, ended and replaced as
Spark is. A query of it ends with it alone.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest

from engine.backends import names
from engine.backends.connect.rpc import LOCAL_OPTIONS, Connection
from engine.backends.local.process import (
    Permissions,
    ServerProcess,
    find_free_ports,
    make_folder,
    python_folders,
    start_process,
)
from engine.backends.local.server import LocalServer
from engine.backends.local.watchdog import WatchdogSettings

_PROGRAM = Path(__file__).with_name("little_server.py")


class LittleServer(LocalServer):
    """Such a server; arguments as those of `LocalSpark`."""

    name = "little"
    interrupts = False

    def __init__(
        self,
        roots: Sequence[Path],
        spool: Path,
        *,
        watchdog_settings: WatchdogSettings | None = None,
        private_network: bool = True,
    ) -> None:
        super().__init__()
        self.watchdog_settings = watchdog_settings or self.watchdog_settings
        self._roots, self._spool, self._private = tuple(roots), spool, private_network

    def twin(self) -> LittleServer:
        return LittleServer(
            self._roots, self._spool, watchdog_settings=self.watchdog_settings, private_network=self._private
        )

    def launch(self) -> tuple[ServerProcess, Connection]:
        (port,) = find_free_ports(1)
        folder = make_folder("little")
        (folder / "tmp").mkdir()
        process = start_process(
            folder,
            [sys.executable, "-P", str(_PROGRAM), str(port)],
            {"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(folder / "tmp")},
            Permissions(
                read=(*self._roots, self._spool, *python_folders(), _PROGRAM),
                bind_ports=(port,),
                forward_port=port,
                private_network=self._private,
            ),
            confined=True,
            orphans=(self._spool,),
        )
        channel = grpc.insecure_channel(f"unix:{process.address}", options=LOCAL_OPTIONS)
        return process, Connection(channel, user_id=f"calcmetric-{secrets.token_hex(8)}")


class LittleSpark(LittleServer):
    """The same in the place of the Spark server behind native answers; see `little_spark`."""

    name = "spark"

    def __init__(
        self,
        roots: Sequence[Path],
        spool: Path,
        cache_dir: Path | None = None,
        *,
        files_only: bool = False,
        confined: bool = True,
    ) -> None:
        del cache_dir, files_only, confined
        super().__init__(roots, spool)

    def train(self) -> bool:
        return False


@contextmanager
def little_spark() -> Iterator[None]:
    """Engines that are made meanwhile ask, for what they do not answer natively, a server that dies of it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(names, "LocalSpark", LittleSpark)
        yield
