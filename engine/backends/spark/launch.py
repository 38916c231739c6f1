"""Launching Java processes that serve Spark Connect.

Secrets (the Connect token, Spark's own secret) are in the environment and in a file of mode 0600, never
on the command line. The three ports are chosen beforehand, because the kernel is told to refuse all others.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc

from engine.backends.connect.rpc import LOCAL_OPTIONS, Connection
from engine.backends.local.process import Permissions, ServerProcess, find_free_ports, start_process
from engine.backends.local.watchdog import WatchdogSettings
from engine.backends.spark import main as spark_main
from engine.backends.spark.java import Java, opened_packages
from engine.backends.spark.settings import (
    JAVA_OPTIONS,
    LOGGING,
    POOLS,
    POOLS_FILE,
    format_properties,
    make_properties,
)
from engine.effort import processors

HEAP_BYTES: Final = 4 << 30
_SERVER: Final = "org.apache.spark.sql.connect.service.SparkConnectServer"


@dataclass(frozen=True, slots=True)
class Launcher:
    """What all processes of one backend have in common.

    Attributes:
        heap_bytes: the most that a Java heap may take.
        disk_bytes: the most that a file of a process may take.
        private_network: whether its ports are kept from every program of this machine.
        files_only: whether it may start where nothing confines its network.
        confined: False only for tests that take the confinement away.
    """

    heap_bytes: int = HEAP_BYTES
    disk_bytes: int = WatchdogSettings().disk_bytes
    private_network: bool = True
    files_only: bool = False
    confined: bool = True

    def launch(
        self,
        java: Java,
        jars: Path,
        folder: Path,
        *,
        options: tuple[str, ...],
        read: tuple[Path, ...],
        orphans: Path,
        low_priority: bool,
    ) -> tuple[ServerProcess, Connection]:
        """Start a process; return it, and a connection to what it will listen on.

        Args:
            java: the Java runtime.
            jars: the folder of Spark's jars.
            folder: the process's own, which is empty and is deleted with it.
            options: of Java, beyond those that every process gets.
            read: the folders that it may read, beside Java's and Spark's.
            orphans: as `start_process` takes it.
            low_priority: whether everything else on the machine goes first.
        """
        ports = find_free_ports(3)
        token = secrets.token_hex(32)
        cores = processors()  # tasks that it runs at once, and partitions of its shuffles
        properties = make_properties(
            str(folder), (ports[0], ports[1], ports[2]), secrets.token_hex(32), cores
        )
        for name in ("tmp", "local", "warehouse"):
            (folder / name).mkdir()
        (folder / "log4j2.properties").write_text(LOGGING)
        (folder / POOLS_FILE).write_text(POOLS)
        (folder / spark_main.FILE).write_text(spark_main.SOURCE)
        settings = folder / "spark.properties"
        settings.touch(mode=0o600)
        settings.write_text(format_properties(properties))
        process = start_process(
            folder,
            _command(java, jars, folder, (*options, f"-Xmx{self.heap_bytes >> 20}m")),
            _environment(folder, token),
            Permissions(
                read=(*read, java.home, jars),
                bind_ports=ports,
                connect_ports=ports[1:],
                forward_port=ports[0],
                private_network=self.private_network,
                files_only=self.files_only,
                file_bytes=self.disk_bytes,
            ),
            orphans=(orphans,),
            confined=self.confined,
            low_priority=low_priority,
        )
        connection = Connection(
            grpc.insecure_channel(f"unix:{process.address}", options=LOCAL_OPTIONS),
            user_id="calcmetric",
            metadata=(("authorization", f"Bearer {token}"),),
        )
        return process, connection


def _environment(folder: Path, token: str) -> dict[str, str]:
    """All of the server's environment: nothing of the engine's."""
    return {
        "SPARK_CONNECT_AUTHENTICATE_TOKEN": token,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_LOCAL_HOSTNAME": "127.0.0.1",
        "SPARK_USER": spark_main.USER,
        "SPARK_CONF_DIR": str(folder),
        "HOME": str(folder),
        "TZ": "UTC",
        "LANG": "C.UTF-8",
    }


def _command(java: Java, jars: Path, folder: Path, options: tuple[str, ...]) -> list[str]:
    """The command line; anyone on the machine may read it."""
    return [
        str(java.program),
        *options,
        *JAVA_OPTIONS,
        f"-Djava.io.tmpdir={folder / 'tmp'}",
        f"-Duser.home={folder}",
        f"-Duser.name={spark_main.USER}",
        f"-Dlog4j2.configurationFile=file:{folder / 'log4j2.properties'}",
        *opened_packages(),
        "-cp",
        f"{jars}/*",
        spark_main.COMPILER,
        str(folder / spark_main.FILE),
        spark_main.CLASS,
        "--properties-file",
        str(folder / "spark.properties"),
        "--class",
        _SERVER,
        "spark-internal",
    ]
