"""What is wrong with the data of a run, in words for its caller. Pure."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Final

import pyspark.sql.connect.proto as pb

from engine.errors import BackendError, BackendLost, BackendStartError, DataError, ParamsRefused
from engine.failures import clean
from engine.frames.fields import find_field
from engine.models.left_out import LeftOut
from engine.models.parameters import Bound
from engine.wording import joined, message_of
from sandbox.contract.messages import Problem

_DETAIL_CHARS: Final = 300
# What servers say of a disk, and what to do.
_FULL: Final = "No space left on device"
_ROOM: Final = "free some; a local one uses the folder for temporary files, which TMPDIR names"


def data_error(error: BackendError, what: str) -> BackendError | DataError:
    """What to raise when a dataset cannot be read: the reason, in words for the caller."""
    if isinstance(error, (BackendLost, BackendStartError)):
        return error
    reason = clean(error.detail.strip().partition("\n")[0], _DETAIL_CHARS)
    if _FULL in error.detail:
        reason = f"the data engine has no room on its disk ({_FULL}); {_ROOM}"
    return DataError(f"{what} cannot be read: {reason}")


@contextlib.contextmanager
def about_baseline() -> Iterator[None]:
    """Say of what is wrong that it is so with the baseline."""
    try:
        yield
    except DataError as error:
        raise DataError(joined(["the baseline: ", message_of(error)], "")) from None


def refuse_missing(
    schema: pb.DataType, left_out: Mapping[str, LeftOut], required: Mapping[str, Bound]
) -> None:
    """See that the data has every column that a parameter names.

    Args:
        schema: the data's.
        left_out: columns of it that cannot be read, by name in lower case.
        required: the parameters, by metric.

    Raises:
        ParamsRefused: the data lacks such a column.
    """
    found: dict[str, tuple[Problem, ...]] = {}
    for metric, bound in required.items():
        problems = []
        for parameter in bound.columns:
            name = str(bound.values[parameter.name])
            try:
                find_field(schema, name, f"the parameter {parameter.name!r}")
            except DataError as error:
                gone = left_out.get(name.lower())
                text = str(error) if gone is None else f"the parameter {parameter.name!r}: {gone.message}"
                problems.append(Problem(parameter.line, parameter.column, "parameter-column", text))
        if problems:
            found[metric] = tuple(problems)
    if found:
        raise ParamsRefused(found)
