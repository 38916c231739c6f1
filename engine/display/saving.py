"""Saving runs to a file, whose ending says how, or to a table that they are appended to."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from engine.display.charts import Picture, chart_of, drawn
from engine.display.extra import check_charts
from engine.errors import UsageError
from engine.models.targets import TableTarget, parse_target
from engine.results.tables import runs_arrow, runs_csv, runs_json
from engine.wording import Door

if TYPE_CHECKING:
    import pyarrow as pa

    from engine.models.run import Run

Target = str | os.PathLike[str]

# A picture of more is a wall that nobody reads, and takes minutes to draw.
_MOST_PICTURED: Final = 60


# What tells a table of results from any other.
_IDENTITY: Final = "run_id"


def check_target(path: Target) -> Path | TableTarget:
    """See that runs can be saved there, before anything runs.

    Raises:
        UsageError: the ending is unknown, its folder is not there, it is a folder itself, or what draws
            charts or writes tables is not installed.
    """
    table = parse_target(os.fspath(path))
    if table is not None:
        return check_table(table)
    target = Path(path)
    if target.suffix.lower() not in _WRITERS:
        endings = ", ".join(_WRITERS)
        raise UsageError(f"runs are not saved to {target.name!r}: its name must end in one of {endings}")
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {str(target.parent)!r} to save {target.name!r} in")
    if target.is_dir():
        raise UsageError(f"{str(target)!r} is a folder; name a file to save to")
    if target.suffix.lower() in _DRAWN:
        check_charts()
    return target


def save_runs(runs: Iterable[Run], path: Target, *, door: Door = "python") -> None:
    """Save runs to one file (a report, a picture, or a table), or append them to a table that may be there.

    Args:
        runs: finished runs.
        path: ends in .html (one file that needs no network and no script), .png or .svg (a chart), .json,
            .csv or .parquet. A file that is there is replaced, at once and as a whole. Or it is
            "delta:PATH_OR_URL" or "parquet:PATH_OR_URL", a table that has each run once, by its id.
        door: in whose words messages are.

    Raises:
        UsageError: the path is none of these, there is no run, or what it needs is not installed.
        DataError: the table takes no results, or its store fails.
        OSError: the file cannot be written.
    """
    target, runs = check_target(path), tuple(runs)
    if not runs:
        raise UsageError("there is no run to save")
    if isinstance(target, TableTarget):
        append_results(target, {run.id: runs_arrow((run,), door) for run in runs})
    else:
        _replace(target, _WRITERS[target.suffix.lower()](runs, door))


def check_table(table: TableTarget) -> TableTarget:
    """See that results could be appended to a table, without asking any store.

    Raises:
        UsageError: the folder that it would lie in is not there, or what writes it is not installed.
    """
    from engine.sources.appended.append import check_appending  # here: it takes a while, and few need it

    check_appending(table)
    return table


def append_results(table: TableTarget, rows: Mapping[str, pa.Table]) -> None:
    """Append results to a table, those of each key once, whoever appends them.

    Args:
        table: made if it is not there.
        rows: of `engine.results.tables.results_schema`, by the ids of runs.

    Raises:
        UsageError: as `check_table`.
        DataError: the table takes no results, or its store fails.
    """
    from engine.sources.appended.append import append_rows

    append_rows(table, rows, _IDENTITY)


def _replace(target: Path, content: bytes) -> None:
    # Whoever looks at the file while it is written sees the old one.
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _html(runs: Sequence[Run], door: Door) -> bytes:
    from engine.display.pages import report_page

    return report_page(runs, door).encode()


def _picture(form: Picture) -> Callable[[Sequence[Run], Door], bytes]:
    return lambda runs, _: drawn(chart_of(runs, most_facets=_MOST_PICTURED), form)


def _parquet(runs: Sequence[Run], door: Door) -> bytes:
    import pyarrow.parquet as pq

    pq.write_table(runs_arrow(runs, door), out := io.BytesIO())
    return out.getvalue()


def _bytes(text: str) -> bytes:
    # The name of a file may hold what no encoding has.
    return text.encode("utf-8", "replace")


_WRITERS: Final[Mapping[str, Callable[[Sequence[Run], Door], bytes]]] = {
    ".html": _html,
    ".png": _picture("png"),
    ".svg": _picture("svg"),
    ".json": lambda runs, door: _bytes(runs_json(runs, door) + "\n"),
    ".csv": lambda runs, door: _bytes(runs_csv(runs, door)),
    ".parquet": _parquet,
}
_DRAWN: Final = frozenset({".png", ".svg"})
