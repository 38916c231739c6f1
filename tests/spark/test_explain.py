import pytest

from engine.errors import BackendError
from engine.failures import clean
from engine.spark.explain import TEXTS, explain
from sandbox.contract.messages import BACKEND_FAILED
from tests.waiting import within

ANALYSIS = "org.apache.spark.sql.AnalysisException"


def test_a_wrong_column_is_named_with_what_there_is_instead():
    reply = explain(
        BackendError(
            "[UNRESOLVED_COLUMN.WITH_SUGGESTION] ...\n'Project ['agee]\n+- Relation [age#1] parquet",
            condition="UNRESOLVED_COLUMN.WITH_SUGGESTION",
            exception=ANALYSIS,
            sql_state="42703",
            parameters={"objectName": "`agee`", "proposal": "`age`, `amount`"},
        )
    )
    assert reply.exception == ANALYSIS
    assert "there is no column `agee`; did you mean `age`, `amount`?" in reply.message
    assert "Relation" not in reply.message


def test_the_first_part_of_a_condition_is_enough_for_a_text():
    reply = explain(
        BackendError(
            "x", condition="DATATYPE_MISMATCH.NEW_KIND", exception=ANALYSIS, parameters={"sqlExpr": "a+b"}
        )
    )
    assert "the types do not fit in a+b" in reply.message


def test_an_unknown_condition_keeps_only_its_first_sentence():
    reply = explain(
        BackendError(
            '[BRAND_NEW] Something is odd. If necessary set "spark.x" to "false". SQLSTATE: 12345\nplan',
            condition="BRAND_NEW",
            exception=ANALYSIS,
        )
    )
    assert reply.message == "[BRAND_NEW] Something is odd."


@pytest.mark.parametrize(
    "error",
    [
        BackendError(
            "Job aborted: /home/op/secret.parquet at 10.0.0.7:4040",
            exception="org.apache.spark.SparkException",
        ),
        BackendError("java.lang.OutOfMemoryError", exception="java.lang.OutOfMemoryError"),
        BackendError("read failed", condition="FAILED_READ_FILE.NO_HINT", exception=ANALYSIS),
        BackendError("", condition="INTERNAL_ERROR_X", exception=ANALYSIS),
        BackendError("no class at all"),
    ],
)
def test_the_backends_own_failures_get_one_general_text(error):
    reply = explain(error)
    assert reply.condition == BACKEND_FAILED
    assert reply.message.startswith("the data engine failed on this query")
    assert "secret" not in reply.message and "10.0.0.7" not in reply.message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cannot read /var/lib/x/y.parquet now", "cannot read … now"),
        ("at file:/srv/data/a.csv", "at …"),
        ("connect to 192.168.0.1:15002 failed", "connect to … failed"),
        ("ratio a/b stays", "ratio a/b stays"),
        ("org.apache.spark.SparkException: no", "… no"),
    ],
)
def test_paths_addresses_and_class_names_are_taken_out(text, expected):
    assert clean(text, 100) == expected


def test_every_text_is_a_template_that_survives_missing_parameters():
    for condition in TEXTS:
        reply = explain(BackendError("detail", condition=condition, exception=ANALYSIS))
        assert "{" not in reply.message


@pytest.mark.parametrize("part", ["java.", "a-", " ", "/a", "1.", "[A", "\n"])
def test_a_guest_that_writes_megabytes_into_a_message_does_not_keep_the_engine_busy(part):
    text = part * 500_000
    error = BackendError(
        text,
        condition="USER_RAISED_EXCEPTION",
        exception="org.apache.spark.SparkRuntimeException",
        parameters={"errorMessage": text},
    )
    with within(1):  # minutes, if read to the end
        assert explain(error).message
        explain(BackendError(text, condition="BRAND_NEW", exception=ANALYSIS))


def test_where_a_long_text_is_cut_no_half_of_a_location_is_left():
    for fill in range(1_900, 2_000):
        assert "127.0" not in clean(
            "x" * 3 + " /a/b" * 40 + " " * (fill - 203) + "127.0.0.1:15002 end" * 9, 500
        )
