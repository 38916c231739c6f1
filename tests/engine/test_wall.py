"""The wall, with ordinary Python behind it: no language layer, real processes, the real kernel.

Each attempt is the body of a metric on one frame of a run. It must end as a Python error that the
kernel's refusal caused (the body then returns -1) or as a lost worker; never as a number it chose to
announce success with. The other frames of the run, and the next run, go on.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import Dataset, Engine
from engine.backends.native.backend import NativeSpark
from engine.models.layers import Layers
from tests.engine.support import check_goes_on, metric, misbehaving, result_of_b
from tests.servers import engine_on
from tests.tiers import one_in
from tests.waiting import wait_until

SECRET = "CALCMETRIC_TEST_SECRET"


def attempt(body: str) -> str:
    """A guest that tries `body`: 1 if it succeeds, -1 if the system refuses it."""
    lines = "\n".join(f"    {line}" for line in body.strip("\n").splitlines())
    return misbehaving(
        "import os, socket, sys, ctypes, signal, mmap, subprocess, struct\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        f"try:\n{lines}\n"
        f"except (OSError, ImportError, MemoryError, KeyError, AssertionError, ValueError):\n    return -1\n"
        f"return 1"
    )


FILES = {
    "password file": "open('/etc/passwd').read()",
    "process environment": "open('/proc/self/environ').read()",
    "parent's environment": "open('/proc/1/environ').read()",
    "home": "os.listdir(os.path.expanduser('~root'))",
    "root folder": "os.listdir('/')",
    "temporary folder": "os.listdir('/tmp')",
    "write temporary": "open('/tmp/calcmetric-guest', 'w').write('x')",
    "write shared memory": "open('/dev/shm/calcmetric-guest', 'w').write('x')",
    "write here": "open('guest.txt', 'w').write('x')",
    "write into the installation": "open(os.__file__, 'a').write('#')",
    "make a folder": "os.mkdir('/tmp/calcmetric-guest')",
    "remove": "os.unlink(os.__file__)",
    "rename": "os.rename(os.__file__, os.__file__ + 'x')",
    "numpy reads": "np.fromfile('/etc/passwd', dtype='u1')",
    "pandas reads": "pd.read_csv('/etc/passwd')",
    "pandas writes": "pd.DataFrame({'a': [1]}).to_csv('/tmp/calcmetric-guest.csv')",
    "numpy writes": "np.save('/tmp/calcmetric-guest.npy', np.ones(3))",
    "memory file": "assert libc.memfd_create(b'x', 0) >= 0",
}
NETWORK = {
    "tcp": "socket.create_connection(('127.0.0.1', {port}), timeout=2)",
    "tcp socket": "socket.socket(socket.AF_INET, socket.SOCK_STREAM)",
    "udp": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
    "ipv6": "socket.socket(socket.AF_INET6, socket.SOCK_STREAM)",
    "unix": "socket.socket(socket.AF_UNIX).connect('/run/systemd/private')",
    "abstract unix": "socket.socket(socket.AF_UNIX).connect(chr(0) + 'calcmetric')",
    "netlink": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)",
    "raw": "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "vsock": "socket.socket(40, socket.SOCK_STREAM)",
    "name look-up": "socket.getaddrinfo('example.com', 80)",
}
PROCESSES = {
    "exec": "os.execv('/bin/true', ['true'])",
    "system": "assert os.system('true') == 0",
    "subprocess": "subprocess.run(['/bin/true'], check=True)",
    "fork": "os.fork()",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "kill parent": "os.kill(1, signal.SIGKILL)",
    "find a process by its clock": "__import__('time').clock_gettime(~1 << 3 | 2)",
    "find the host by its clock": "__import__('time').clock_gettime(~{pid} << 3 | 2)",
    "kill host": "os.kill({pid}, signal.SIGKILL)",
    "kill everything": "os.kill(-1, signal.SIGKILL)",
    "kill the group": "os.killpg(0, signal.SIGKILL)",
    "limits of the host": "__import__('resource').prlimit({pid}, 7, (3, 3))",
    "raise own limits": "__import__('resource').setrlimit(1, (1 << 20, 1 << 20))",
    "trace the host": "assert libc.ptrace(16, {pid}, 0, 0) == 0",
    "host memory": "open('/proc/{pid}/mem', 'rb')",
    "host memory by call": (
        "local = ctypes.create_string_buffer(8)\n"
        "vec = struct.pack('QQ', ctypes.addressof(local), 8)\n"
        "assert libc.process_vm_readv({pid}, vec, 1, vec, 1, 0) == 8"
    ),
    "executable memory": "mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "make memory executable": (
        "page = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)\n"
        "at = ctypes.addressof(ctypes.c_char.from_buffer(page))\n"
        "assert libc.mprotect(ctypes.c_void_p(at), 4096, 5) == 0"
    ),
    "keyring": "assert libc.syscall(250, 0, -3, 0) >= 0",
    "user namespace": "assert libc.unshare(0x10000000) == 0",
    "mount": "assert libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) == 0",
    "io_uring": "assert libc.syscall(425, 8, ctypes.create_string_buffer(120)) >= 0",
    "bpf": "assert libc.syscall(321, 0, None, 0) >= 0",
    "secrets of the environment": "os.environ['" + SECRET + "']",
    "descriptors beside the channel": (
        "found = []\n"
        "for number in range(3, 64):\n"
        "    try:\n"
        "        os.fstat(number)\n"
        "        found.append(number)\n"
        "    except OSError:\n"
        "        pass\n"
        "assert len(found) > 1"
    ),
}
ATTEMPTS = {**FILES, **NETWORK, **PROCESSES}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A port of this machine that would answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def walled(native_backend: NativeSpark, data_dir: Path, spool_dir: Path) -> Iterator[Engine]:
    """An engine made by a host that holds a secret in its environment."""
    os.environ[SECRET] = "hunter2"
    layers = Layers(language=False)
    with engine_on(native_backend, spool_dir, roots=(data_dir,), workers=2, layers=layers) as made:
        yield made
    del os.environ[SECRET]


@pytest.mark.parametrize("name", one_in(3, ATTEMPTS))
def test_out_of_reach(walled: Engine, rows: Dataset, name: str, port: int) -> None:
    body = ATTEMPTS[name].replace("{port}", str(port)).replace("{pid}", str(os.getpid()))
    result = result_of_b(walled, attempt(body), rows)
    if result.status == "ok":
        assert result.value == -1.0
    else:
        assert (result.status, result.error and result.error.code) in {
            ("lost", "worker-lost"),
            ("raised", "raised"),
        }, result.error
    check_goes_on(walled, rows)


def test_the_attempts_are_real(walled: Engine, rows: Dataset) -> None:
    """What a guest may do is told as success, so that -1 above means what it says."""
    assert result_of_b(walled, attempt("assert os.getpid() > 0"), rows).value == 1.0
    assert result_of_b(walled, attempt("mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE)"), rows).value == 1.0


def test_the_secret_is_nowhere_in_the_workers_memory(walled: Engine, rows: Dataset) -> None:
    body = """
    import gc, os, sys
    words = [value for value in os.environ.values()]
    words += [item for item in gc.get_objects() if isinstance(item, str)]
    return sum(1 for word in words if word.startswith("hun" + "ter2"))
    """
    assert result_of_b(walled, misbehaving(body), rows).value == 0.0


def test_no_file_was_written(walled: Engine, rows: Dataset) -> None:
    assert not list(Path("/tmp").glob("calcmetric-guest*"))
    assert not list(Path("/dev/shm").glob("calcmetric-guest*"))
    assert not Path("guest.txt").exists()


def test_threads_are_allowed_and_end_with_the_worker(walled: Engine, rows: Dataset) -> None:
    before = threading.active_count()
    body = """
    import threading
    def spin():
        while True:
            pass
    threading.Thread(target=spin, daemon=True).start()
    return df.count()
    """
    assert walled.evaluate(metric(body), rows).overall.value == 300.0
    assert wait_until(lambda: threading.active_count() <= before)
