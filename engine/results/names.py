"""What several numbers of one call mean, each by the rules for one. Pure; trusted side; names are hostile.

A name goes to terminals, tables, files and databases, and tells two numbers apart. So it is a text that shows
what it is: without hidden characters, spaces around it, or a second spelling.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from engine.models.result import FrameError, Status
from engine.results.csv import csv_cell
from engine.results.text import clean_text, visible_text
from engine.results.validate import Validated, validate_returned
from sandbox.contract.messages import Named
from sandbox.contract.signature import MOST_NAMES, NAME_CHARS

_SHOWN: Final = 60
_TYPE_CAP: Final = 100


def validate_names(named: Named, *, rows: int | None) -> dict[str, Validated] | Validated:
    """Validate several values: one outcome for each name, or one for the frame if it has no names.

    Args:
        named: from the worker; hostile.
        rows: rows of the frame; None if they were not counted, which is taken as "has rows".
    """
    kind = clean_text(named.type, _TYPE_CAP).replace("\n", " ")
    if named.wrong:
        wrong = clean_text(named.wrong, _TYPE_CAP).replace("\n", " ")
        return _invalid(f"a {kind} with a name that is a {wrong}", "names are text: {str(name): value}")
    if named.count > MOST_NAMES or len(named.values) > MOST_NAMES:
        return _invalid(f"a {kind} of {named.count:,} names", f"return {MOST_NAMES} names at most")
    if len(named.values) != named.count:
        return _invalid(f"a {kind} that contradicts itself", "return a dict of names to numbers")
    if not named.values:
        return Validated("no_data" if rows == 0 else "missing", math.nan, None)
    validated: dict[str, Validated] = {}
    for one in named.values:
        name = unicodedata.normalize("NFC", one.name)
        if (reason := _why_not(name)) is not None:
            return _invalid(f"the name {shown_name(name)}, {reason}", "use short and plain names")
        validated[name] = _of_name(name, validate_returned(one.returned, rows))
    # Names that look alike would be taken for one another, so they count as one.
    alike = Counter(unicodedata.normalize("NFKC", one.name) for one in named.values)
    twice = next((name for name in validated if alike[unicodedata.normalize("NFKC", name)] > 1), None)
    if twice is not None:
        return _invalid(f"the name {shown_name(twice)} twice", "give each number its own name")
    return validated


def too_many_names(name: str) -> FrameError:
    """What to say of a frame whose name is one too many for its run."""
    text = f"with the name {shown_name(name)} the run would have more than {MOST_NAMES} names"
    return FrameError("returned-names", text, None, "use names that do not depend on the data")


def no_names(kind: str) -> Validated:
    """What a single number means where several are declared."""
    hint = "return a dict of names to numbers, or annotate calc_metric -> float"
    return _invalid(f"one {kind}, but is annotated to return a number for each of several names", hint)


def shown_name(name: str) -> str:
    """A name in a message."""
    text = clean_text(name, _SHOWN).replace("\n", " ")
    return f"'{text}'"


def known_names(frames: Iterable[Mapping[str, object]]) -> dict[str, None]:
    """The names of a run, in the order of the first frame that gave each, of frames in their order.

    A frame whose names would make them too many adds none.
    """
    known: dict[str, None] = {}
    for frame in frames:
        fresh = dict.fromkeys(name for name in frame if name not in known)
        if len(known) + len(fresh) <= MOST_NAMES:
            known |= fresh
    return known


def _of_name(name: str, found: Validated) -> Validated:
    """The same with an error that says which of the numbers is meant."""
    if found.error is None:
        return found
    message = f"{shown_name(name)}: {found.error.message}"
    return found._replace(error=replace(found.error, message=message))


def _why_not(name: str) -> str | None:
    """Why a text cannot be a name."""
    if not name.strip():
        return "which is blank"
    if len(name) > NAME_CHARS:
        return f"which has more than {NAME_CHARS} characters"
    if "\n" in name or "\t" in name or visible_text(name) != name:
        return "which holds hidden characters"
    if name.strip() != name:
        return "which begins or ends with a space"
    if csv_cell(name) != name:
        return "which a spreadsheet would take for a formula"
    return None


def _invalid(what: str, hint: str) -> Validated:
    status: Status = "invalid_output"
    return Validated(
        status, math.nan, FrameError("returned-names", f"calc_metric returned {what}", None, hint)
    )
