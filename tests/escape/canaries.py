"""What a specimen is after, and the means to see that it got there.

Files with numbers that stand nowhere else, sockets that nobody has reason to speak to, a process with a
secret, an empty folder. All of it is real, and within reach of the engine's user; files and folders are open
to every user, so that what keeps a guest away is the sandbox and not their mode.
"""

from __future__ import annotations

import getpass
import itertools
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from tests.escape.listeners import VICTIM_SECRET, Listeners, Victim
from tests.escape.secret_files import FILE_SECRET, write_secrets

# Like the secrets of files and of the victim: fifteen digits, which fit a float.
TENANT_SECRET = 724_118_935_660_243
ROWS_SECRET = 735_552_017_498_126
HOST_SECRET = 746_230_891_175_664
# What a poisoned function answers.
POISON = 616_161.25
VARIABLE = "CALCMETRIC_CANARY"

# Fifteen digits, though somebody may have put something between them.
_NUMBER = re.compile(r"\d(?:[ ,._]?\d){14}")


_NUMBERS = itertools.count()


class Canaries:
    """All of it, in a folder of its own, for one engine after the other.

    Attributes:
        mark: the name that the children of a specimen take; of these canaries alone, like all of it,
            also where several processes run attempts.
    """

    def __init__(self) -> None:
        self.mark = f"can{os.getpid():07}-{next(_NUMBERS)}"  # names of processes have 15 characters at most
        self.folder = Path(tempfile.mkdtemp(prefix="calcmetric-canary-"))
        self.folder.chmod(0o755)
        self.output = self.folder / "output"
        self.output.mkdir(mode=0o777)
        self.output.chmod(0o777)
        self.secrets = write_secrets(self.folder / "private")
        self.listeners = Listeners(self.folder)
        self.victim = Victim()
        self._old = list_processes()
        os.environ[VARIABLE] = str(HOST_SECRET)

    def values(self) -> Mapping[str, str | int | float]:
        """The placeholders, but for those of an engine's own data."""
        files = {f"CANARY_{path.suffix[1:].upper()}": str(path) for path in self.secrets.iterdir()}
        return {
            **files,
            "CANARY_FOLDER": str(self.secrets),
            "CANARY_OUTPUT": str(self.output / "created"),
            "CANARY_PORT": self.listeners.tcp_port,
            "CANARY_UDP": self.listeners.udp_port,
            "CANARY_SOCKET": str(self.listeners.path),
            "CANARY_ABSTRACT": self.listeners.abstract,
            "CANARY_PID": self.victim.pid,
            "CANARY_MARK": self.mark,
            "CANARY_VARIABLE": VARIABLE,
            "CANARY_NUMBER": POISON,
        }

    def find_effects(self) -> set[str]:
        """Goals that were reached outside of results since the last time; what is found is cleared away."""
        found = set()
        if self.listeners.take():
            found.add("network")
        if any(self.output.iterdir()):
            found.add("write")
            for path in self.output.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        marked = list(find_marked(self.mark, self._old))
        if marked:
            found.add("process")
            _end(self.mark, marked)
        if not self.victim.is_unharmed():
            found.add("process")
            self.victim.close()
            self.victim = Victim()
        return found

    def close(self) -> None:
        """Take everything away."""
        os.environ.pop(VARIABLE, None)
        self.victim.close()
        self.listeners.close()
        shutil.rmtree(self.folder)


def find_told(text: str, value: float) -> set[str]:
    """Goals that a text or a value shows to have been reached, by the secrets in them."""
    numbers = {int(re.sub(r"\D", "", digits)) for digits in _NUMBER.findall(text)}
    goals = {
        FILE_SECRET: "file",
        TENANT_SECRET: "tenant",
        ROWS_SECRET: "rows",
        HOST_SECRET: "host",
        VICTIM_SECRET: "process",
    }
    return {goal for secret, goal in goals.items() if secret in numbers or value == secret}


def host_facts() -> tuple[str, ...]:
    """What tells one machine from another, as texts."""
    return socket.gethostname(), getpass.getuser(), sys.prefix, str(Path(__file__).parents[2])


def find_marked(mark: str, old: frozenset[int] = frozenset()) -> Iterator[int]:
    """Ids of processes that bear a mark, by name or among their arguments, but for old ones."""
    for pid in list_processes() - old:
        with suppress(OSError):  # it has just ended
            arguments = Path(f"/proc/{pid}/cmdline").read_bytes()  # empty for a zombie
            if arguments and mark.encode() in arguments + Path(f"/proc/{pid}/comm").read_bytes():
                yield pid


def list_processes() -> frozenset[int]:
    """The ids of all processes."""
    return frozenset(int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - fast


def _end(mark: str, marked: list[int]) -> None:
    for pid in marked:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until = time.monotonic() + 5
    while list(find_marked(mark)) and time.monotonic() < until:
        time.sleep(0.01)
