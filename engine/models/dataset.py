"""What a run reads, as the caller names it. Only held here: the backend looks at the source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.errors import UsageError
from engine.models.durations import Duration, parse_duration
from engine.models.streams import RowStream, is_stream
from engine.models.tables import Version, parse_version
from engine.models.text_options import TextOptions
from engine.wording import worded


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A source of rows.

    Attributes:
        source: a path or glob (str or PathLike), a list of these, a table in a folder ("delta:FOLDER",
            "iceberg:FOLDER"), these in an object store ("s3://bucket/folder"), a table name on the
            backend, a pandas or Polars DataFrame, an Arrow table or dataset, a DuckDB relation, what else
            speaks Arrow's PyCapsule interface, a generator of batches, or a Spark Connect DataFrame of the
            caller's own session. Generators and readers can be used for one run.
        timestamp: name of the column that says when a row happened (TIMESTAMP, TIMESTAMP_NTZ or DATE).
        retention: how far back before `as_of` a run may look, such as "90d" or a timedelta; None: all.
        rows: only so many of its rows, whichever the backend reads first: to try a metric. None: all.
        header: whether the first line of a CSV file names its columns; None: yes, if it looks like that.
        separator: between the values of a CSV line, such as ";"; None: found out, or an error.
        encoding: of CSV and JSON files, such as "cp1252"; None: UTF-8, or what a byte order mark says.
        quote: around the values of a CSV file; None: the double quote; "": none.
        version: of a table: its number, or what it was at a time; None: the latest, or what the name says.

    Raises:
        UsageError: no source, a retention that is no duration, or a retention without a timestamp, or rows
            that are no positive number.
    """

    source: Any
    timestamp: str | None = None
    retention: str | timedelta | Duration | None = None
    rows: int | None = None
    header: bool | None = None
    separator: str | None = None
    encoding: str | None = None
    quote: str | None = None
    version: int | str | datetime | None = None

    def __post_init__(self) -> None:
        if self.source is None or (isinstance(self.source, str) and not self.source.strip()):
            raise UsageError("a dataset needs a source: a path, a table or a DataFrame")
        if isinstance(self.source, (list, tuple)):
            if not self.source or not all(
                hasattr(path, "__fspath__") or isinstance(path, str) for path in self.source
            ):
                raise UsageError(
                    "a list given as the source of a dataset must hold at least one path, and paths only"
                )
            object.__setattr__(self, "source", tuple(self.source))
        if is_stream(self.source):
            object.__setattr__(self, "source", RowStream(self.source))
        object.__setattr__(self, "separator", self.text.separator)
        if self.version is not None:
            object.__setattr__(self, "version", parse_version(self.version))
        if self.timestamp is not None and (not isinstance(self.timestamp, str) or not self.timestamp):
            raise UsageError(f"timestamp must be the name of a column, not {self.timestamp!r}")
        if self.rows is not None and (type(self.rows) is not int or self.rows < 1):
            raise UsageError(f"rows must be a positive whole number, not {self.rows!r}")
        if self.retention is not None:
            object.__setattr__(self, "retention", parse_duration(self.retention, what="retention"))
            if self.timestamp is None:
                raise UsageError(
                    worded(
                        "retention {length} needs a timestamp: {give_timestamp}",
                        length=str(self.retention),
                    )
                )

    @property
    def text(self) -> TextOptions:
        """How its files of text are written, as far as the caller says."""
        return TextOptions(self.header, self.separator, self.encoding, self.quote)

    @property
    def table_version(self) -> Version | None:
        """The parsed version."""
        return None if self.version is None else parse_version(self.version)

    @property
    def retention_length(self) -> Duration | None:
        """The parsed retention."""
        return None if self.retention is None else parse_duration(self.retention)
