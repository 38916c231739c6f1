"""One message, in the words of each door that it may leave through. Pure.

What a limit or an option is called depends on how a user came in: in Python `Limits.frame_seconds`, on the
command line `--frame-timeout`, over HTTP it is the operator's to change. A message names such a thing by a
key in braces, `worded("raise {frame_seconds}")`, and carries the words of every door. As a text it is what
Python's users read; the other doors ask for theirs by `told` and `said`. What has no keys is the same at
every door, and is an ordinary text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Literal

Door = Literal["python", "command", "http"]
DOORS: Final[tuple[Door, ...]] = ("python", "command", "http")
_KEY: Final = re.compile(r"\{([a-z_]+)\}", re.ASCII)

# What things are called, by key: in Python, on the command line, over HTTP.
WORDS: Final[Mapping[str, tuple[str, str, str]]] = {
    # Limits of a run.
    "wall_seconds": ("Limits.wall_seconds", "--timeout", "the operator's limit wall_seconds"),
    "frame_seconds": ("Limits.frame_seconds", "--frame-timeout", "the operator's limit frame_seconds"),
    "cpu_seconds": ("Limits.cpu_seconds", "--cpu-timeout", "the operator's limit cpu_seconds"),
    "memory_bytes": ("Limits.memory_bytes", "--memory", "the operator's limit of memory"),
    "fetched_rows": ("Limits.fetched_rows", "--fetch-rows", "the operator's limit fetched_rows"),
    "fetched_bytes": ("Limits.fetched_bytes", "--fetch-size", "the operator's limit fetched_bytes"),
    "plans": ("Limits.plans", "--requests", "the operator's limit plans"),
    "printed_bytes": ("Limits.printed_bytes", "--print-size", "the operator's limit printed_bytes"),
    "source_bytes": ("Limits.source_bytes", "--source-size", "the operator's limit source_bytes"),
    # What a run is asked for.
    "as_condition": (
        "use SegmentGroup.where(label, expression)",
        'use --where "LABEL=EXPRESSION"',
        'use a segment {"label": ..., "where": ...}',
    ),
    "give_timestamp": (
        "name its column: Dataset(..., timestamp='ts')",
        "name its column: --timestamp ts",
        "name its column: the dataset's timestamp",
    ),
    "give_baseline": (
        "give baseline=Baseline.data(Dataset(path)), Baseline.previous() or Baseline.first('30d')",
        "give --baseline DATA, --baseline previous or --baseline first:30d",
        'give the model version a training_dataset, or the model a baseline: {"kind": "previous"} or '
        '{"kind": "first", "length": "30d"}',
    ),
    "give_as_of": ("give as_of=...", "give --as-of", "give as_of"),
    "give_range": (
        "give a time range, or a retention and an as_of",
        "give --from and --to, or --last, or --retention",
        "give a start and an end",
    ),
    "fewer_segments": ("use fewer segments (top=...)", "use fewer segments (--top)", "use fewer segments"),
    "longer_windows": (
        "longer windows (every=...)", "longer windows (--every)", "a longer aggregation period",
    ),
    "open_ends": ("; for open ends use outer=True", "", '; for open ends say "outer": true'),
    "or_timedelta": (", or a timedelta", "", ""),
    "or_zone": (
        " as text, or give a datetime with a tzinfo",
        ", or name the zone that it is read in: --zone Europe/Berlin",
        "",
    ),
    # How files of text are written.
    "set_header": (
        "header=False if it is data, header=True if not: Dataset(..., header=...)",
        "--csv-no-header if it is data, --csv-header if not",
        "the dataset's header: false if it is data, true if not",
    ),
    "set_separator": (
        "Dataset(..., separator=';')", "--csv-separator ';'", "the dataset's separator, such as ;",
    ),
    "set_encoding": (
        "Dataset(..., encoding='cp1252')", "--csv-encoding cp1252", "the dataset's encoding, such as cp1252",
    ),
    "set_wide_encoding": (
        "Dataset(..., encoding='utf-16-le')", "--csv-encoding utf-16-le", "the dataset's encoding: utf-16-le",
    ),
    "set_no_quote": ("Dataset(..., quote='')", "--csv-quote ''", "the dataset's quote: an empty text"),
    "set_quote": ("Dataset(..., quote=...)", "--csv-quote", "the dataset's quote"),
    # What an engine is made with.
    "open_folder": (
        "name its folder when the engine is made: Engine(..., roots=[...])",
        "name it, or its folder, with --data (of the service: --data-root)",
        "the service's operator names the folders that may be read",
    ),
    "open_place": (
        "name it when the engine is made: Engine(..., roots=['s3://bucket/folder'])",
        "name it, or its folder, with --data (of the service: --data-root)",
        "the service's operator names the places that may be read",
    ),
    "spool_bytes": ("spool_bytes", "--spool-bytes", "the operator's setting spool_bytes"),
    "use_spark": (
        "make the engine with Engine('spark')",
        "use --backend spark",
        "ask the operator for the backend spark",
    ),
    "accept_files_only": (
        "accept it with Engine(..., server_isolation='files-only')",
        "accept it with --server-isolation files-only",
        "the service's operator accepts it: server isolation files-only",
    ),
    "imports": ("extra_imports", "--imports", "the operator's setting imports"),
    "open_standard": (
        "Engine(..., extra_imports=('standard',)) opens it with the standard library's other pure modules",
        "--imports standard opens it with the standard library's other pure modules",
        "ask the operator to open it: 'standard' stands for the standard library's pure modules",
    ),
    "open_module": (
        "Engine(..., extra_imports=(NAME,)) opens what is installed",
        "--imports NAME opens what is installed",
        "ask the operator to open what is installed",
    ),
    "native_memory": ("native_memory_bytes", "--native-memory", "the operator's setting native_memory"),
    "verify": ("verify", "--verify", "the operator's setting verify"),
    "native": ("native=True", "--native", "the operator's setting native"),
    # Settings of a service.
    **{
        f"setting_{name}": (name, f"--{name.replace('_', '-')}", f"the operator's setting {name}")
        for name in (
            "body_bytes", "requests_per_minute", "poll_seconds", "validations", "tick_seconds",
            "lease_seconds", "attempts", "keep", "calculations", "connections", "idle_seconds",
            "engine_memory", "native_memory", "spool_bytes", "values",
        )
    },
    "setting_wall_seconds": ("wall_seconds", "--wall-seconds", "the operator's limit wall_seconds"),
    "setting_frame_seconds": ("frame_seconds", "--frame-seconds", "the operator's limit frame_seconds"),
    "engine_memory": ("memory_bytes", "--engine-memory", "the operator's setting engine_memory"),
    "setting_memory_bytes": ("memory_bytes", "--memory", "the operator's limit of memory"),
    "setting_save_results": ("save_results", "--save-results", "the operator's setting save_results"),
    "setting_webhooks": ("webhooks", "--webhook", "the operator's setting webhooks"),
    "setting_data_roots": ("data_roots", "--data-root", "the operator's setting data_roots"),
    "setting_database": ("database", "--database", "the operator's setting database"),
}  # fmt: skip


class Worded(str):
    """A text that each door has words of its own for; as a text it is Python's."""

    _texts: Mapping[Door, str]

    def __new__(cls, text: str, texts: Mapping[Door, str] | None = None) -> Worded:
        """A text, and what it is at each door; without these it is the same at all."""
        made = super().__new__(cls, text)
        made._texts = dict.fromkeys(DOORS, text) if texts is None else dict(texts)
        return made

    def at(self, door: Door) -> str:
        """The text in the words of a door."""
        return self._texts[door]


def worded(template: str, **values: object) -> Worded:
    """A message with the words of every door.

    Args:
        template: the message, with keys of `WORDS` and of values in braces.
        values: texts of their own; their braces mean nothing, and a worded one keeps its words.
    """
    texts: dict[Door, str] = {}
    for place, door in enumerate(DOORS):
        words = {key: names[place] for key, names in WORDS.items()}
        words |= {key: told(value if isinstance(value, str) else str(value), door)
                  for key, value in values.items()}  # fmt: skip
        texts[door] = _KEY.sub(lambda match, words=words: words[match[1]], template)  # type: ignore[misc]
    return Worded(texts["python"], texts)


def told(text: str, door: Door) -> str:
    """A text in the words of a door."""
    return text.at(door) if isinstance(text, Worded) else text


def said(error: BaseException, door: Door) -> str:
    """What an error says, in the words of a door."""
    first = error.args[0] if len(error.args) == 1 else None
    return told(first, door) if isinstance(first, Worded) else str(error)


def message_of(error: BaseException) -> str:
    """What an error says, with its words for every door kept, to be part of another message."""
    first = error.args[0] if len(error.args) == 1 else None
    return first if isinstance(first, Worded) else str(error)


def joined(texts: Iterable[str], between: str = "\n") -> Worded:
    """Texts one after the other, each with its words."""
    parts = list(texts)
    by_door: dict[Door, str] = {door: between.join(told(part, door) for part in parts) for door in DOORS}
    return Worded(by_door["python"], by_door)
