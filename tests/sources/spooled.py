"""What the tests of tables share: looks at what a backend would be given, and at what was refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from engine.errors import DataError
from engine.sources.source import ResolvedSource
from tests.sources.conftest import RowBatch

Resolve = Callable[..., ResolvedSource]


def values(rows: RowBatch, name: str) -> list[Any]:
    """One column of rows."""
    return [row[name] for row in rows]


def refusal(resolve: Resolve, named: Any) -> DataError:
    """Why a source is not read."""
    with pytest.raises(DataError) as caught:
        resolve(named)
    return caught.value


def spooled(source: ResolvedSource, name: str = "a") -> list[Any]:
    """The values of a column in what a backend is given."""
    paths = [Path(path) for path in source.relation.read.data_source.paths]
    files = [
        file for path in paths for file in ([path] if path.is_file() else sorted(path.rglob("*.parquet")))
    ]
    return sorted(
        value for file in files for value in pq.ParquetFile(file).read([name]).column(0).to_pylist()
    )
