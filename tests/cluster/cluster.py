"""A real Spark cluster on the loopback interface, out of the installed PySpark: a master, two workers, and a
Connect server, each a process of its own that a test can kill.

Each dies with the process that started it (`launch.py`): all with pytest, executors with their worker.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

import psutil

from engine.backends.local.process import find_free_ports
from engine.backends.spark.java import find_jars, find_java, opened_packages
from engine.effort import look_at, spent
from tests.backends.processes import is_listening
from tests.waiting import wait_until

WORKERS: Final = ("worker-1", "worker-2")
# Of the cluster, and not UTC: what a session of ours computes must not depend on it.
ZONE: Final = "Asia/Kolkata"
LAUNCH: Final = Path(__file__).with_name("launch.py")
_START_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.2
# Spark looks for its own `java` below JAVA_HOME, and starts executors with it.
_JAVA: Final = """#!/bin/sh
exec {python} -I -S {launch} "$PPID" {java} {flags} "$@"
"""
_FLAGS: Final = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData")
_CONNECT: Final = {
    "spark.connect.grpc.binding.address": "127.0.0.1",
    "spark.cores.max": "4",
    "spark.default.parallelism": "4",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "1g",
    "spark.executor.cores": "2",
    "spark.executor.memory": "512m",
    "spark.shuffle.io.retryWait": "1s",
    "spark.sql.session.timeZone": ZONE,
    "spark.sql.shuffle.partitions": "4",
    "spark.task.reaper.enabled": "true",
    "spark.task.reaper.killTimeout": "3s",
    "spark.task.reaper.pollingInterval": "1s",
    "spark.task.reaper.threadDump": "false",
    "spark.ui.enabled": "false",
}


class Cluster:
    """The cluster.

    Attributes:
        address: of its Connect server, the same after each restart.
    """

    def __init__(self, folder: Path) -> None:
        """Start nothing yet; everything is kept in the folder."""
        self._folder = folder
        self._master_port, self._connect_port = find_free_ports(2)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._token = secrets.token_hex(16)
        self._home = folder / "java"
        (self._home / "bin").mkdir(parents=True)
        program = self._home / "bin" / "java"
        words = {"python": sys.executable, "launch": str(LAUNCH), "java": str(find_java().program)}
        quoted = {name: shlex.quote(word) for name, word in words.items()}
        program.write_text(_JAVA.format(**quoted, flags=" ".join(_FLAGS)))
        program.chmod(0o755)
        self.address = self.address_with(self._token)

    def address_with(self, token: str | None) -> str:
        """Its address, with some token or none."""
        return f"sc://localhost:{self._connect_port}/" + (f";token={token}" if token is not None else "")

    def start(self) -> None:
        """Start what does not run, and wait until it answers and both workers have an executor."""
        if not self._runs("master"):
            for name in (*WORKERS, "connect"):  # an application of another master is none of a new one's
                self.kill(name)
            self._start("master", ["--port", str(self._master_port), "--webui-port", "0"])
            self._wait(lambda: is_listening(self._master_port), "master")
        for name in WORKERS:
            if not self._runs(name):
                options = ["--cores", "2", "--memory", "1g", "--webui-port", "0"]
                self._start(name, [*options, "-d", str(self._folder / name), self._master])
        if not self._runs("connect"):
            self._start("connect", self._connect_arguments())
        self._wait(lambda: is_listening(self._connect_port), "connect")
        for name in WORKERS:
            self._wait(partial(self._has_executor, name), name)

    def executors(self, worker: str) -> list[psutil.Process]:
        """The executors that a worker has started."""
        found = []
        for child in psutil.Process(self._processes[worker].pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                if child.status() != psutil.STATUS_ZOMBIE:
                    found.append(child)
        return found

    def stages(self, tasks: int) -> int:
        """How many stages of so many tasks the Connect server that runs has begun to compute."""
        return self._log("connect").read_text(errors="replace").count(f" with {tasks} tasks resource profile")

    def is_computing(self) -> bool:
        """Whether the executors want half a processor or more for a fifth of a second; they get it or not."""
        executors = [one.pid for name in WORKERS for one in self.executors(name)]
        before = look_at(executors)
        time.sleep(_LOOK_SECONDS)
        what = spent(before, look_at(executors))
        return what.ran + what.waited > what.wall / 2

    def kill(self, name: str) -> None:
        """End a part at once: "master", "connect" or one of `WORKERS`, whose executors end with it."""
        if name in self._processes:
            self._processes[name].kill()
            self._processes[name].wait()

    @contextlib.contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Let a part stand still for a while: it neither answers nor breaks its connections."""
        self._processes[name].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._processes[name].send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End every part."""
        for name in ("connect", *WORKERS, "master"):
            self.kill(name)

    @property
    def _master(self) -> str:
        return f"spark://127.0.0.1:{self._master_port}"

    def _runs(self, name: str) -> bool:
        return name in self._processes and self._processes[name].poll() is None

    def _has_executor(self, worker: str) -> bool:
        """Whether a worker has an executor that has registered with the Connect server that runs."""
        log = self._log("connect").read_text(errors="replace")
        for executor in self.executors(worker):
            with contextlib.suppress(psutil.Error, ValueError, IndexError):
                words = executor.cmdline()
                app, number = (words[words.index(option) + 1] for option in ("--app-id", "--executor-id"))
                if app in log and f" with ID {number}," in log:
                    return True
        return False

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _connect_arguments(self) -> list[str]:
        conf = {
            **_CONNECT,
            "spark.connect.grpc.binding.port": str(self._connect_port),
            "spark.sql.warehouse.dir": str(self._folder / "warehouse"),
        }
        settings = [word for key, value in conf.items() for word in ("--conf", f"{key}={value}")]
        server = "org.apache.spark.sql.connect.service.SparkConnectServer"
        return ["--master", self._master, *settings, "--class", server, "spark-internal"]

    def _start(self, name: str, arguments: list[str]) -> None:
        kind = name.partition("-")[0]
        main = {"master": "deploy.master.Master", "worker": "deploy.worker.Worker"}.get(
            kind, "deploy.SparkSubmit"
        )
        host = [] if kind == "connect" else ["--host", "127.0.0.1"]
        heap = "1g" if kind == "connect" else "256m"
        command = [
            sys.executable, "-I", "-S", str(LAUNCH), str(os.getpid()), str(find_java().program),
            *_FLAGS, f"-Xmx{heap}", f"-Duser.timezone={ZONE}", *opened_packages(),
            "-cp", f"{find_jars()}/*", f"org.apache.spark.{main}", *host, *arguments,
        ]  # fmt: skip
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            "JAVA_HOME": str(self._home),
            "SPARK_HOME": str(find_jars().parent),
            "SPARK_SCALA_VERSION": "2.13",  # else it is guessed from folders of the source distribution
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(self._folder),
            "SPARK_CONNECT_AUTHENTICATE_TOKEN": self._token,
            "SPARK_USER": "calcmetric",
            "HADOOP_USER_NAME": "calcmetric",
        }
        with self._log(name).open("wb") as log:
            self._processes[name] = subprocess.Popen(
                command, env=environment, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _wait(self, ready: Callable[[], object], name: str) -> None:
        good = wait_until(lambda: bool(ready()) or not self._runs(name), _START_SECONDS)
        log = self._log(name).read_text(errors="replace")
        assert good and self._runs(name), f"{name} does not start:\n{log[-3000:]}"
