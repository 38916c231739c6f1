"""Saving runs to a file, whose ending says how."""

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
from engine.display.tables import runs_arrow, runs_csv, runs_json
from engine.errors import UsageError
from engine.wording import Door

if TYPE_CHECKING:
    from engine.models.run import Run

Target = str | os.PathLike[str]

# A picture of more is a wall that nobody reads, and takes minutes to draw.
_MOST_PICTURED: Final = 60


def check_target(path: Target) -> Path:
    """See that runs can be saved there, before anything runs.

    Raises:
        UsageError: the ending is unknown, its folder is not there, it is a folder itself, or what draws
            charts is not installed.
    """
    target = Path(path)
    if target.suffix.lower() not in _WRITERS:
        endings = ", ".join(_WRITERS)
        raise UsageError(f"runs are not saved to {target.name!r}: its name has to end in one of {endings}")
    if not target.parent.is_dir():
        raise UsageError(f"there is no folder {str(target.parent)!r} to save {target.name!r} in")
    if target.is_dir():
        raise UsageError(f"{str(target)!r} is a folder; name a file to save to")
    if target.suffix.lower() in _DRAWN:
        check_charts()
    return target


def save_runs(runs: Iterable[Run], path: Target, *, door: Door = "python") -> None:
    """Save runs to one file: a report, a picture, or a table.

    Args:
        runs: finished runs.
        path: ends in .html (one file that needs no network and no script), .png or .svg (a chart), .json,
            .csv or .parquet. A file that is there is replaced, at once and as a whole.
        door: in whose words messages are.

    Raises:
        UsageError: the path is none of these, there is no run, or what draws charts is not installed.
        OSError: the file cannot be written.
    """
    target, runs = check_target(path), tuple(runs)
    if not runs:
        raise UsageError("there is no run to save")
    _replace(target, _WRITERS[target.suffix.lower()](runs, door))


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
_DRAWN: Final = frozenset({".html", ".png", ".svg"})
