"""The limits of one run, in one object. Exceeding one is a tagged result that names the field here."""

from __future__ import annotations

from dataclasses import dataclass, fields

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one run; every value is positive.

    Attributes:
        wall_seconds: the run, from its admission to its last result (backend start not counted).
        frame_seconds: one call of `calc_metric`, its queries included.
        cpu_seconds: processor time of one worker; `wall_seconds` if not given.
        memory_bytes: a worker's own memory, over what it inherits from the zygote.
        fetched_rows: rows that one frame may fetch.
        fetched_bytes: Arrow bytes that one frame may fetch.
        plans: requests that one frame may send; reads of configuration do not count.
        printed_bytes: UTF-8 bytes of `print` that one frame keeps; the rest is cut and marked.
        source_bytes: the source, in UTF-8.

    Raises:
        ValueError: a value is not a positive number.
    """

    wall_seconds: float = 300.0
    frame_seconds: float = 60.0
    cpu_seconds: float | None = None
    memory_bytes: int = 2048 * _MIB
    fetched_rows: int = 5_000_000
    fetched_bytes: int = 1024 * _MIB
    plans: int = 200
    printed_bytes: int = 64 << 10
    source_bytes: int = 256 << 10

    def __post_init__(self) -> None:
        """Refuse values that would mean no limit at all."""
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None and field.name == "cpu_seconds":
                continue
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not value > 0:
                raise ValueError(f"Limits.{field.name} must be a positive number, not {value!r}")

    @property
    def worker_cpu_seconds(self) -> float:
        """Processor seconds of one worker, with the default resolved."""
        return self.wall_seconds if self.cpu_seconds is None else self.cpu_seconds
