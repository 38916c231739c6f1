"""`python -m tests.archives`: build Spark's class archives before the tests that start many servers.

With them a server starts in half of the time. Users get theirs in the background, after their first run.
"""

from __future__ import annotations

from engine.backends.spark import training
from engine.backends.spark.archive import find_archives
from engine.backends.spark.building import ArchiveBuilder
from engine.backends.spark.java import find_jars, find_java
from engine.backends.spark.launch import Launcher


def main() -> None:
    """Build what is missing in this user's cache folder; end with status 1 if that fails."""
    archives = find_archives(find_java(), find_jars(), None)
    with archives.claim() as lock:
        if archives.options():
            return
        if lock is None:
            raise SystemExit("another process builds the archives")
        archives.note_try(1)
        builder = ArchiveBuilder(Launcher(), None)
        if not builder.build(archives, lambda: False, training.make_grace()):
            raise SystemExit("the archives cannot be built; `calcmetric doctor -v` may say why")


if __name__ == "__main__":
    main()
