"""What a worker may set for its own questions; everything else it might send is refused."""

from __future__ import annotations

import pyspark.sql.connect.proto as pb
import pytest

from engine.errors import BackendError, PlanRefused
from engine.frames.build import Literal, call, column, filtered, literal, sql
from engine.frames.relations import depends_on_settings, pinned, read_files, read_table
from engine.queries.spark.own_settings import Combinations, changed_settings
from engine.spark.plans import ConfigSet, parse_request
from sandbox.contract.framing import Method
from sandbox.contract.settings import QUERY_SETTINGS, SETTINGS

ZONE, ANSI, MAPS = "spark.sql.session.timeZone", "spark.sql.ansi.enabled", "spark.sql.mapKeyDedupPolicy"


def set_request(*pairs: tuple[str, str]) -> bytes:
    request = pb.ConfigRequest(session_id="x", client_type="y")
    for key, value in pairs:
        request.operation.set.pairs.add(key=key, value=value)
    request.operation.set.silent = True
    return request.SerializeToString()


def parsed(*pairs: tuple[str, str]) -> ConfigSet:
    request = parse_request(Method.CONFIG, set_request(*pairs))
    assert isinstance(request, ConfigSet)
    return request


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        (ZONE, "Asia/Tokyo", "Asia/Tokyo"),
        (ZONE, " America/Argentina/Buenos_Aires ", "America/Argentina/Buenos_Aires"),
        (ZONE, "+05:30", "+05:30"),
        (ZONE, "GMT-18:00", "GMT-18:00"),
        (ZONE, "Etc/GMT+5", "Etc/GMT+5"),
        (ZONE, "Asia/Tokyo\n", "Asia/Tokyo"),
        (ANSI, "FALSE", "false"),
        (MAPS, "last_win", "LAST_WIN"),
    ],
)
def test_what_may_be_set(key: str, value: str, kept: str) -> None:
    assert changed_settings({}, parsed((key, value))) == {key: kept}


NO_ZONES = ("", "UTC; x", "../../etc/passwd", "/usr/share/zoneinfo/UTC", "+18:01", "Not/There", "posix/UTC")
NO_VALUES = [
    *((ZONE, zone) for zone in (*NO_ZONES, "A" * 10_000, "Europe\0Paris")),
    *((ANSI, "maybe"), (ANSI, ""), (MAPS, "FIRST_WIN")),
]


@pytest.mark.parametrize(("key", "value"), NO_VALUES)
def test_what_spark_has_no_such_value_of_is_its_error(key: str, value: str) -> None:
    with pytest.raises(BackendError) as caught:
        changed_settings({}, parsed((key, value)))
    what = "TIME_ZONE" if key == ZONE else "OUT_OF_RANGE_OF_OPTIONS"
    assert caught.value.condition == f"INVALID_CONF_VALUE.{what}"


OTHERS = [
    *sorted(SETTINGS.keys() - QUERY_SETTINGS.keys()),
    *(
        "spark.sql.warehouse.dir",
        "spark.sql.session.timezone",
        "SPARK.SQL.ANSI.ENABLED",
        "spark.jars",
        "",
        "x",
    ),
    *("spark.sql.optimizer.excludedRules", "spark.sql.variable.substitute"),
    "spark.sql.parquet.int96RebaseModeInRead",
]


@pytest.mark.parametrize("key", OTHERS)
def test_nothing_else_may_be_set(key: str) -> None:
    with pytest.raises(PlanRefused) as caught:
        changed_settings({ZONE: "Asia/Tokyo"}, parsed((ANSI, "false"), (key, "true")))
    assert caught.value.code == "config-refused"


def test_what_is_set_back_is_as_if_it_had_never_been_set() -> None:
    settings = changed_settings({}, parsed((ZONE, "Asia/Tokyo"), (ANSI, "false")))
    assert settings == {ZONE: "Asia/Tokyo", ANSI: "false"}
    assert changed_settings(settings, parsed((ANSI, "true"), (ZONE, "UTC"))) == {}
    assert settings == {ZONE: "Asia/Tokyo", ANSI: "false"}


def test_a_worker_sets_but_does_not_unset() -> None:
    request = pb.ConfigRequest(
        operation=pb.ConfigRequest.Operation(unset=pb.ConfigRequest.Unset(keys=[ZONE]))
    )
    with pytest.raises(PlanRefused, match="unset"):
        parse_request(Method.CONFIG, request.SerializeToString())


def test_combinations_are_counted_once_each() -> None:
    combinations = Combinations()
    for _ in range(3):
        for hour in range(8):
            combinations.note(((ZONE, f"+{hour:02}:00"),))
    with pytest.raises(PlanRefused, match="8 combinations"):
        combinations.note(((ANSI, "false"),))
    combinations.note(((ZONE, "+01:00"),))


FILES = read_files("csv", ["s3://x/y.csv"])
AFTER = call(">=", column("at"), literal(Literal(timestamp=5)))


def test_which_frames_hold_the_same_rows_under_any_settings() -> None:
    assert depends_on_settings(filtered(FILES, AFTER)) == ""
    assert "condition in SQL" in depends_on_settings(filtered(FILES, call("and", AFTER, sql("hour(at) > 1"))))
    assert "catalog" in depends_on_settings(filtered(read_table("a.b"), AFTER))


def test_files_are_read_in_utc_whoever_asks() -> None:
    frame = filtered(FILES, AFTER)
    before = frame.SerializeToString(deterministic=True)
    assert pinned(frame).filter.input.read.data_source.options["timeZone"] == "UTC"
    assert frame.SerializeToString(deterministic=True) == before
