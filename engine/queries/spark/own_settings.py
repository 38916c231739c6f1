"""What a call of calc_metric sets for its own questions, checked."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Final, NoReturn
from zoneinfo import ZoneInfo

from engine.context import Settings
from engine.errors import BackendError, PlanRefused
from engine.spark import plans
from sandbox.contract.settings import QUERY_SETTINGS, SETTINGS, query_value

TIME_ZONE: Final = "spark.sql.session.timeZone"
# Each is a session of the server's, and lives as long as the run.
_MOST: Final = 8


class Combinations:
    """The combinations of settings that the calls of one run have asked under. Thread-safe."""

    def __init__(self) -> None:
        self._known: set[Settings] = set()
        self._lock = threading.Lock()

    def note(self, settings: Settings) -> None:
        """A call will ask under these.

        Raises:
            PlanRefused: these are one too many.
        """
        with self._lock:
            if settings not in self._known and len(self._known) >= _MOST:
                raise PlanRefused(
                    "config-refused",
                    f"spark.conf.set is refused: the run has asked under {_MOST} combinations of settings",
                    "write time zones into the expressions: F.from_utc_timestamp(column, zone)",
                )
            self._known.add(settings)


def changed_settings(before: Mapping[str, str], request: plans.ConfigSet) -> dict[str, str]:
    """The settings of a call that are not those of all others.

    Args:
        before: the same until now.
        request: what is set.

    Raises:
        PlanRefused: one may not be set.
        BackendError: Spark has no such value; as Spark says it.
    """
    settings = dict(before)
    for key, text in request.pairs:
        if key not in QUERY_SETTINGS:
            raise PlanRefused(
                "config-refused",
                f"spark.conf.set of {key!r} is refused: it is the same for all metrics",
                f"what a metric may set for its own questions is {', '.join(QUERY_SETTINGS)}",
            )
        value = query_value(key, text)
        if value is None or (key == TIME_ZONE and not _is_zone(value)):
            _refuse_value(key, text)
        settings[key] = value
        if value == SETTINGS[key]:
            del settings[key]
    return settings


def _is_zone(name: str) -> bool:
    """Whether a time zone of such a form is one that Java knows, too."""
    if name == "Z" or ":" in name:
        return not name.lstrip("UTCGM+-").startswith("18:") or name.endswith(":00")
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _refuse_value(key: str, text: str) -> NoReturn:
    condition = "INVALID_CONF_VALUE." + ("TIME_ZONE" if key == TIME_ZONE else "OUT_OF_RANGE_OF_OPTIONS")
    raise BackendError(
        f"the setting {key!r} cannot be {text[:100]!r}",
        condition=condition,
        exception="org.apache.spark.SparkIllegalArgumentException",
        sql_state="22022",
    )
