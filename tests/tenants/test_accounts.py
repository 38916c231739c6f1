"""What is kept and computed on guests' behalf is counted by run and tenant, and bounded."""

from __future__ import annotations

import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyspark.sql.connect.proto as pb
import pytest

from engine.backends.tables import TableTooLarge, fetch
from engine.context import UNBOUNDED
from engine.errors import PlanRefused
from engine.gateway.budget import CHEAP_MESSAGES, FrameBudget
from engine.spark.plans import parse_request
from engine.tenants.interpreter import Interpreter, _Left
from engine.tenants.ledger import Caps, Ledger
from engine.tenants.usage import Usage
from sandbox.contract.framing import Method
from sandbox.contract.limits import Limits


def test_a_run_a_tenant_and_the_engine_each_have_a_cap() -> None:
    usage = Usage()
    ledger = Ledger(Caps(engine=100, tenant=70, run=50), usage)
    one, other, foreign = ledger.open("a"), ledger.open("a"), ledger.open("b")
    assert one.take(50) and not one.take(1)
    assert other.take(20) and not other.take(1)
    assert foreign.take(30) and not foreign.take(1)
    assert (ledger.kept, ledger.by_tenant()) == (100, {"a": 70, "b": 30})
    refused = {tenant: used.refused for tenant, used in usage.by_tenant().items()}
    assert refused == {
        "a": {"kept_bytes_of_run": 1, "kept_bytes_of_tenant": 1},
        "b": {"kept_bytes_of_engine": 1},
    }


def test_what_is_given_back_can_be_taken_again_and_a_closed_account_keeps_nothing() -> None:
    ledger = Ledger(Caps(engine=10, tenant=10, run=10))
    one, other = ledger.open("a"), ledger.open("b")
    assert one.take(10) and not other.take(1)
    one.give(4)
    assert other.take(4) and one.kept == 6
    one.close()
    one.close()
    assert not one.take(1)
    assert ledger.by_tenant() == {"b": 4}


def _answer(*sizes: int) -> Any:
    def execute(*_: Any, **__: Any) -> Any:
        for size in sizes:
            sink = pa.BufferOutputStream()
            table = pa.table({"x": ["y" * size]})
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table)
            response = pb.ExecutePlanResponse()
            response.arrow_batch.data = sink.getvalue().to_pybytes()
            response.arrow_batch.row_count = 1
            yield response

    return SimpleNamespace(execute=execute)


def test_rows_are_taken_from_the_account_and_given_back_if_they_do_not_fit() -> None:
    account = Ledger(Caps(engine=10_000, tenant=10_000, run=10_000)).open("a")
    with pytest.raises(TableTooLarge):
        fetch(_answer(100, 20_000, 100), pb.Relation(), UNBOUNDED, account=account)
    assert account.kept == 0
    fetch(_answer(100, 100), pb.Relation(), UNBOUNDED, account=account)
    assert 200 < account.kept < 10_000


def test_messages_that_cost_nothing_are_counted() -> None:
    budget = FrameBudget(Limits())
    assert not any(budget.note_cheap() for _ in range(CHEAP_MESSAGES))
    assert budget.note_cheap()


def test_a_long_read_of_configuration_is_refused_before_it_is_read() -> None:
    with pytest.raises(PlanRefused) as refusal:
        parse_request(Method.CONFIG, b"\x20\x01" * 550_000)
    assert refusal.value.code == "plan-too-large"


def test_who_uses_the_interpreter_for_nothing_waits_only_if_others_work() -> None:
    clock, usage = [0.0], Usage()
    interpreter = Interpreter(lambda: clock[0], usage, lambda: 1.0)
    with interpreter.inside("evil"):
        assert interpreter.charge("evil", 60.0) == 0.0
        with interpreter.inside("good"):
            assert interpreter.charge("evil", 0.5) > 0.0
            assert interpreter.charge("good", 0.5) == 0.0
        assert interpreter.charge("evil", 0.1) > 0.0, "the other one was at work a moment ago"
        clock[0] += 60.0
        assert interpreter.charge("evil", 60.0) == 0.0
    used = {tenant: one.engine_seconds for tenant, one in usage.by_tenant().items()}
    assert used == pytest.approx({"evil": 120.6, "good": 0.5})


@pytest.mark.parametrize("left", [1.0, 0.5, 0.2])
def test_over_time_a_busy_tenant_gets_its_part_of_what_other_programs_leave(left: float) -> None:
    clock, used = [0.0], 0.0
    interpreter = Interpreter(lambda: clock[0], left=lambda: left)
    with interpreter.inside("evil"), interpreter.inside("good"):
        while clock[0] < 200.0:
            clock[0] += 0.1 + interpreter.charge("evil", 0.1)
            used += 0.1
    assert 0.25 * left < used / clock[0] < 0.45 * left


def test_what_other_programs_leave_is_a_part_of_a_processor() -> None:
    left = _Left()
    left._seen = replace(left._seen, at=left._seen.at - 60.0)
    assert 0.0 < left() <= 1.0


def test_one_message_of_a_tenant_is_read_at_a_time_and_others_do_not_wait_for_it() -> None:
    interpreter, checks = Interpreter(now=lambda: 0.0, left=lambda: 1.0), threading.Event()

    def stop() -> None:
        checks.set()
        raise TimeoutError

    with interpreter.reading("a", checks.set):
        with pytest.raises(TimeoutError), interpreter.reading("a", stop):
            raise AssertionError("a second one is read")
        with interpreter.reading("b", pytest.fail):
            assert checks.is_set()
    with interpreter.reading("a", pytest.fail):
        pass


def test_who_has_used_its_part_is_read_no_further_however_many_of_its_threads_wait() -> None:
    clock, checks = [0.0], list[float]()
    interpreter = Interpreter(now=lambda: clock[0], left=lambda: 1.0)

    def check() -> None:
        checks.append(clock[0])
        clock[0] += 1.0

    with interpreter.inside("a"), interpreter.inside("b"):
        interpreter.charge("a", 5.0)
        with interpreter.reading("b", pytest.fail):
            pass
        with interpreter.reading("a", check):
            assert checks, "it waited until it had not used more than its part of late"
    assert len(checks) == 6, checks  # 5 e^(-6/5) is below a third of 5 seconds
