"""The local Spark Connect server: a Java process of our own, the reference for what a number should be.

Secrets (the Connect token, Spark's own secret) are in the environment and in a file of mode 0600, never
on the command line. Its three ports are chosen beforehand, because the kernel is told to refuse all others.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import grpc

from engine.backends.java import Java, find_jars, find_java, opened_packages
from engine.backends.local import LocalServer
from engine.backends.process import (
    Permissions,
    ServerProcess,
    find_free_ports,
    make_folder,
    start_process,
)
from engine.backends.rpc import LOCAL_OPTIONS, Connection
from engine.backends.spark_settings import JAVA_OPTIONS, LOGGING, format_properties, make_properties

_HEAP_BYTES: Final = 4 << 30
_MAIN: Final = "org.apache.spark.deploy.SparkSubmit"
_SERVER: Final = "org.apache.spark.sql.connect.service.SparkConnectServer"


class LocalSpark(LocalServer):
    """A local Spark Connect server.

    Args:
        roots: the folders that it may read.
        spool: where the engine puts data for it; readable too.
        cache_dir: where class archives are kept between starts; by default in the user's cache folder.
        heap_bytes: the most that its Java heap may take.
        confined: False only for tests that take the confinement away.
    """

    name = "spark"
    interrupts = True

    def __init__(
        self,
        roots: Sequence[Path],
        spool: Path,
        cache_dir: Path | None = None,
        *,
        heap_bytes: int = _HEAP_BYTES,
        confined: bool = True,
    ) -> None:
        super().__init__()
        self._read = (*roots, spool)
        self._cache = cache_dir
        self._heap = heap_bytes
        self._confined = confined

    def launch(self) -> tuple[ServerProcess, Connection, int]:
        """Start a Java process; see `LocalServer.launch`."""
        java, jars = find_java(), find_jars()
        ports = find_free_ports(3)
        token = secrets.token_hex(32)
        folder = make_folder("spark")
        cores = len(os.sched_getaffinity(0))
        properties = make_properties(
            str(folder), (ports[0], ports[1], ports[2]), secrets.token_hex(32), cores
        )
        for name in ("tmp", "local", "warehouse"):
            (folder / name).mkdir()
        (folder / "log4j2.properties").write_text(LOGGING)
        settings = folder / "spark.properties"
        settings.touch(mode=0o600)
        settings.write_text(format_properties(properties))
        environment = {
            "SPARK_CONNECT_AUTHENTICATE_TOKEN": token,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_HOSTNAME": "127.0.0.1",
            "SPARK_USER": "calcmetric",
            "HADOOP_USER_NAME": "calcmetric",
            "SPARK_CONF_DIR": str(folder),
            "HOME": str(folder),
            "TZ": "UTC",
            "LANG": "C.UTF-8",
        }
        process = start_process(
            folder,
            self._command(java, jars, folder),
            environment,
            Permissions(read=(*self._read, java.home, jars), bind_ports=ports, connect_ports=ports[1:]),
            confined=self._confined,
        )
        connection = Connection(
            grpc.insecure_channel(f"127.0.0.1:{ports[0]}", options=LOCAL_OPTIONS),
            user_id="calcmetric",
            metadata=(("authorization", f"Bearer {token}"),),
        )
        return process, connection, ports[0]

    def _command(self, java: Java, jars: Path, folder: Path) -> list[str]:
        return [
            str(java.program),
            *JAVA_OPTIONS,
            f"-Xmx{self._heap >> 20}m",
            f"-Djava.io.tmpdir={folder / 'tmp'}",
            f"-Duser.home={folder}",
            "-Duser.name=calcmetric",
            f"-Dlog4j2.configurationFile=file:{folder / 'log4j2.properties'}",
            *opened_packages(),
            "-cp",
            f"{jars}/*",
            _MAIN,
            "--properties-file",
            str(folder / "spark.properties"),
            "--class",
            _SERVER,
            "spark-internal",
        ]
