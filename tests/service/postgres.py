"""A PostgreSQL server of the tests' own, where its programs are installed."""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.launchers import as_user
from tests.service.conftest import free_port


def find_programs() -> Path | None:
    """The folder of initdb and postgres, or None."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "postgres").exists()), None)


class Postgres:
    """A server, which can be stopped and started again."""

    def __init__(self, programs: Path, folder: Path, launcher: list[str]) -> None:
        self._programs, self._folder, self._launcher = programs, folder, launcher
        self._port = free_port()
        self.url = f"postgresql+psycopg://tests@127.0.0.1:{self._port}/postgres"

    def make(self) -> None:
        """Make its files."""
        self._run("initdb", "-U", "tests", "-A", "trust", "--no-sync", "-E", "UTF8")

    def start(self) -> None:
        """Return once it answers."""
        options = f"-F -k {self._folder} -h 127.0.0.1 -p {self._port}"
        self._run("pg_ctl", "start", "-w", "-s", "-o", options, "-l", self._folder / "log")

    def stop(self) -> None:
        """End it at once, as a machine that loses power does; connections break."""
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "immediate")

    def _run(self, program: str, *words: object) -> None:
        command = [*self._launcher, str(self._programs / program), "-D", str(self._folder / "data")]
        none = subprocess.DEVNULL
        subprocess.run(
            [*command, *map(str, words)],
            check=True,
            cwd=self._folder,
            timeout=60,
            stdin=none,
            stdout=none,
            stderr=none,
        )


@contextlib.contextmanager
def postgres(programs: Path) -> Iterator[Postgres]:
    """Start one. Root starts it as the user that is made for it."""
    folder = Path(tempfile.mkdtemp(prefix="calcmetric-pg-"))
    launcher: list[str] = []
    if os.geteuid() == 0:
        user = pwd.getpwnam(next(name for name in ("postgres", "nobody") if _exists(name)))
        shutil.chown(folder, user.pw_uid)
        launcher = as_user(user.pw_uid)
    server = Postgres(programs, folder, launcher)
    try:
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
