"""What a dataset of Aporia's clients reads: from its `config` to what our own datasets say. Pure.

Only what says where rows are and how they are written is taken. Whatever else is refused rather than kept: it
could be a credential, and configurations are shown again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from engine.errors import UsageError

# Kinds of data sources whose data may be read, by what their datasets name.
FILES: Final = ("upload_file", "s3", "azure_blob_storage", "google_cloud_storage")
TABLES: Final = ("databricks", "glue", "hive", "snowflake")
KINDS: Final = (*FILES, *TABLES)

_PATHS: Final = ("path", "location", "object_path")
_TEXT: Final = ("header", "separator", "encoding", "quote")
# Formats by whether what names the folder says so itself.
_FORMATS: Final = {"parquet": "", "csv": "", "json": "", "delta": "delta:", "iceberg": "iceberg:"}
_KNOWN: Final = (*_PATHS, "query", "object_format", *_TEXT)
_WHOLE_TABLE: Final = re.compile(
    r"\s*select\s+\*\s+from\s+([A-Za-z_][\w$]*(?:\.[A-Za-z_][\w$]*){0,3})\s*;?\s*", re.ASCII | re.IGNORECASE
)


def refuse_kind(kind: str) -> None:
    """Refuse a kind of data source that cannot be read.

    Raises:
        UsageError: it is none of `KINDS`.
    """
    if kind not in KINDS:
        raise UsageError(
            f"data sources of the type {kind!r} are not read by this service; files are read as "
            f"{', '.join(FILES)}, and tables as {', '.join(TABLES)}"
        )


def read_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Where rows are and how their files are written, by the names of our own datasets.

    Args:
        config: `path`, `location` or `object_path`, or a `query` that is all of a table; with `object_format`
            and the options of CSV files if wanted.

    Raises:
        UsageError: it holds something else, or does not say what to read.
    """
    unknown = sorted(set(config) - set(_KNOWN))
    if unknown:
        raise UsageError(
            f"config: {', '.join(unknown)}: unknown, and not kept, as it might be a secret; "
            f"a config can hold {', '.join(_KNOWN)}"
        )
    named = [name for name in (*_PATHS, "query") if config.get(name) is not None]
    if len(named) != 1 or not isinstance(config[named[0]], str):
        raise UsageError(f"config: it needs one of {', '.join((*_PATHS, 'query'))}, as text")
    text = {name: config[name] for name in _TEXT if config.get(name) is not None}
    place = config[named[0]]
    if named[0] == "query":
        return {"source": _table_of(place), **text}
    return {"source": _prefix(config.get("object_format"), place) + place, **text}


def _table_of(query: str) -> str:
    found = _WHOLE_TABLE.fullmatch(query)
    if found is None:
        raise UsageError(
            "config.query: it must be SELECT * FROM and the name of a table; for less than all of it, make a "
            "view, or let the metric choose"
        )
    return found[1]


def _prefix(given: object, place: str) -> str:
    if given is None:
        return ""
    if not isinstance(given, str) or given not in _FORMATS:
        raise UsageError(f"config.object_format: it must be one of {', '.join(_FORMATS)}")
    prefix = _FORMATS[given]
    return "" if place.startswith(prefix) else prefix
