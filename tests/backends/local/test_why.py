"""The one line that tells why a local server did not start."""

from __future__ import annotations

import json

import pytest

from engine.backends.local.why import complaints, why_ended

JAVA = """\
12:00:01.123 WARN NativeCodeLoader: Unable to load native-hadoop library
Exception in thread "main" java.lang.reflect.InvocationTargetException
\tat java.base/jdk.internal.reflect.DirectMethodHandleAccessor.invoke(Unknown Source)
Caused by: org.apache.hadoop.security.KerberosAuthException: failure to login
\tat org.apache.spark.deploy.SparkSubmit.main(SparkSubmit.scala)
Caused by: javax.security.LoginException: java.lang.NullPointerException: invalid null input
\tat java.base/javax.security.auth.login.LoginContext.login(Unknown Source)
\t... 4 more
"""
PYTHON = """\
Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
ModuleNotFoundError: No module named 'duckdb'
"""


def jail(kind: str, message: str) -> str:
    return json.dumps({"jail": kind, "message": message}) + "\n"


@pytest.mark.parametrize(
    ("log", "status", "why"),
    [
        (JAVA, 1, "javax.security.LoginException: java.lang.NullPointerException: invalid null input"),
        ('Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n\tat a.b(C)\n', 3,
         "java.lang.OutOfMemoryError: Java heap space"),
        ("Error: Could not create the JVM.\n", 1, "Could not create the JVM."),
        (PYTHON, 1, "ModuleNotFoundError: No module named 'duckdb'"),
        (jail("isolation", "Landlock is missing"), 78, "Landlock is missing"),
        (jail("network", "unshare: denied") + JAVA.splitlines()[0] + "\n", 1,
         "12:00:01.123 WARN NativeCodeLoader: Unable to load native-hadoop library"),
        (jail("network", "unshare: denied") + jail("exec", "[Errno 2] No such file: '/opt/secret/java'"), 127,
         "[Errno 2] No such file: 'java'"),
        ("", 137, "it was ended by SIGKILL (perhaps for want of memory)"),
        ("one\ntwo\n", 134, "it was ended by SIGABRT; its last words: two"),
        ("", 128 + 64, "it was ended by SIGRTMAX"),
        ("", 250, "it was ended by signal 122"),
        ("", 5, "it said nothing, and ended with status 5"),
        ("", None, "it said nothing"),
        ("\x1b[31mred\x1b[0m /home/me/data/file.txt\n", 1, "red file.txt"),
    ],
)  # fmt: skip
def test_the_reason_is_found_in_what_was_said(log: str, status: int | None, why: str) -> None:
    assert why_ended(log, status) == why


def test_a_reason_is_one_line_of_bounded_length() -> None:
    why = why_ended("x" * 100_000 + "\n", 1)
    assert len(why) <= 400 and "\n" not in why


def test_what_a_server_says_is_not_taken_for_the_jails_words() -> None:
    assert complaints('{"jail": 1}\n{"jail"\n[]\n{"jail": "network", "message": "no"}\n') == {"network": "no"}
    assert complaints('{"jail": "network", "message": "cut off') == {}
