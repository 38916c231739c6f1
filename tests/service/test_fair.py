"""One account can slow or fill nobody but itself: turns, quotas, threads, connections, roots."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from typing import Any

import httpx
import pytest
import uvicorn

from engine.errors import UsageError
from engine.service import serve
from engine.service.admission.fairpool import FairPool
from engine.service.admission.keyring import create_operator_key, list_keys, revoke_key
from engine.service.admission.protocol import AT_ONCE, Listener, make_protocol
from engine.service.admission.quotas import DEFAULTS, set_quotas, show_quotas
from engine.service.admission.request_slots import THREADS_PER_ACCOUNT, RequestSlots
from engine.service.app import make_app
from engine.service.data.datasets import SourceOwner, check_source, local_roots
from engine.service.errors import QuotaReached, SourceNotAllowed
from engine.service.problems import to_problem
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.scope import is_alone
from engine.service.telemetry.observe import Telemetry
from engine.service.work import leases
from engine.service.work.calculate import Calculator
from engine.service.work.claims import FairClaims
from engine.service.work.planning import Planner
from engine.tenants.ledger import Caps, caps_within
from tests.service.conftest import connect, make_client, serving
from tests.waiting import wait_until

CODE = "def calc_metric(df):\n    return df.count()\n"


class Tasks:
    """Tasks that wait until they are let go, and say in which order they began."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go = threading.Semaphore(0)

    def of(self, name: str) -> Any:
        def task() -> str:
            self.begun.append(name)
            self.go.acquire()
            return name

        return task


def test_one_account_has_half_of_the_threads_and_turns_go_round() -> None:
    pool, tasks = FairPool(4, "test"), Tasks()
    try:
        futures = [pool.submit("evil", tasks.of(f"evil {i}")) for i in range(6)]
        wait_until(lambda: len(tasks.begun) == 2)
        futures += [pool.submit("good", tasks.of(f"good {i}")) for i in range(3)]
        wait_until(lambda: len(tasks.begun) == 4)
        assert sorted(tasks.begun) == ["evil 0", "evil 1", "good 0", "good 1"]
        assert (pool.waiting("evil"), pool.waiting("good"), pool.waiting("nobody")) == (4, 1, 0)
        for _ in futures:
            tasks.go.release()
        assert [future.result(60) for future in futures][-1] == "good 2"
    finally:
        pool.close(60)


def test_a_closed_pool_cancels_what_has_not_begun_and_takes_no_more() -> None:
    pool, tasks = FairPool(1, "test"), Tasks()
    begun, waits = pool.submit("a", tasks.of("1")), pool.submit("a", tasks.of("2"))
    wait_until(lambda: tasks.begun == ["1"])
    pool.close()
    tasks.go.release()
    pool.close(60)
    assert begun.result(0) == "1" and waits.cancelled()
    with pytest.raises(RuntimeError):
        pool.submit("a", tasks.of("3"))


def test_closing_waits_no_longer_than_it_may() -> None:
    pool, tasks = FairPool(1, "test"), Tasks()
    begun = pool.submit("a", tasks.of("1"))
    wait_until(lambda: tasks.begun == ["1"])
    pool.close(0.01)
    assert not begun.done()
    tasks.go.release()
    pool.close(60)
    assert begun.result(0) == "1"


def test_a_task_that_fails_costs_no_thread() -> None:
    pool = FairPool(1, "test")
    try:
        with pytest.raises(ZeroDivisionError):
            pool.submit("a", lambda: 1 // 0).result(60)
        assert pool.submit("a", lambda: 1).result(60) == 1
    finally:
        pool.close(60)


def test_two_tasks_at_once_have_two_threads_where_one_is_idle() -> None:
    pool, go = FairPool(4, "test"), threading.Event()
    try:
        assert pool.submit("a", lambda: 1).result(60) == 1
        assert wait_until(lambda: pool._idle == 1)
        with pool._condition:  # the idle thread wakes up when both are there
            pool.submit("a", lambda: go.wait(120))
            second = pool.submit("b", lambda: 2)
        assert second.result(60) == 2
    finally:
        go.set()
        pool.close(60)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_claims_go_round_the_accounts(http, settings, payments) -> None:
    evil, good = make_client(http, settings, "evil"), make_client(http, settings, "good")
    model, _, _ = evil.model(payments)
    evil.metric(model, CODE)
    body = {"model_id": model, "start": "2000-01-01T00:00:00Z", "end": "2020-01-01T00:00:00Z"}
    assert evil.ok("POST", "/metrics/recalculate", json=body)["work"] > 30
    model, _, _ = good.model(payments)
    good.metric(model, CODE)
    database = Database(settings.database)
    try:
        Planner(database).plan(database.now())
        accounts = []
        for _ in range(4):
            with database.session() as session:
                claim = leases.claim_work(session, settings)
                accounts.append(None if claim is None else claim.account)
        assert accounts == ["evil", "good", "evil", "good"]
        with database.session() as session:
            assert leases.claim_work(session, settings, busy={"evil", "good"}) is None
            claim = leases.claim_work(session, settings, busy={"good"})
            assert claim is not None and claim.account == "evil"
            leases.note_health(session, claim.first, good=False)
            assert leases.claim_work(session, settings, busy={"good"}) is None, "it pauses with its metric"
    finally:
        database.close()


def test_new_work_is_claimed_before_the_next_tick(http, settings, payments, engine, monkeypatch) -> None:
    client = make_client(http, settings, "good")
    model, _, _ = client.model(payments)
    client.metric(model, CODE)
    database = Database(settings.database)
    calculator = Calculator(database, engine, replace(settings, tick_seconds=3_600.0), Telemetry())
    looks = threading.Semaphore(0)
    monkeypatch.setattr(calculator, "_run_one", lambda: looks.release() or False)
    monkeypatch.setattr(Calculator, "tell", lambda self, tell=Calculator.tell: tell(calculator))
    schedule = threading.Thread(target=calculator.run_forever)
    schedule.start()
    try:
        # By each of the two: once the clock is believed, and once the first tick has planned.
        assert all(looks.acquire(timeout=60) for _ in range(2))
        while looks.acquire(timeout=1):
            pass
        body = {"model_id": model, "start": "2026-01-01T00:00:00Z", "end": "2026-01-03T00:00:00Z"}
        assert client.ok("POST", "/metrics/recalculate", json=body)["work"] == 1
        assert all(looks.acquire(timeout=60) for _ in range(2))
    finally:
        calculator.stop()
        schedule.join(60)
        database.close()
    assert not schedule.is_alive(), "it stops without waiting for the tick"


def test_a_claim_beyond_an_accounts_share_is_given_back(
    http, settings, payments, engine, monkeypatch
) -> None:
    """Another thread takes the account's last place while this one asks the database."""
    client = make_client(http, settings, "evil")
    model, _, _ = client.model(payments)
    client.metric(model, CODE)
    database = Database(settings.database)
    try:
        claims = FairClaims(database, settings)
        Planner(database).plan(database.now())
        real = leases.claim_work
        asked: list[Any] = []

        def claim_work(session, settings, now, busy):
            claim = real(session, settings, now, busy)
            if not asked:
                claims._held["evil"] += claims._share
            asked.append((claim is not None, busy))
            return claim

        monkeypatch.setattr(leases, "claim_work", claim_work)
        assert claims.take(database.now()) is None
        assert asked == [(True, []), (False, ["evil"])]
        claims._held.clear()
        again = claims.take(database.now())
        assert again is not None and again.first.attempts == 1, "as if it had not been tried"
    finally:
        database.close()


def _refused(answer: httpx.Response, quota: str) -> None:
    assert answer.status_code == 429, answer.text
    assert answer.json()["error"]["code"] == "quota-reached" and quota in answer.json()["error"]["message"]


def test_quotas_bound_one_account_and_can_be_changed_while_the_service_runs(http, settings, payments) -> None:
    evil, good = make_client(http, settings, "evil"), make_client(http, settings, "good")
    model, _, dataset = evil.model(payments)
    metric = evil.metric(model, CODE)
    limits = {"models": 1, "metrics": 1, "work": 0, "validations": 0, "bytes": 2 * len(CODE)}
    assert set_quotas(settings.database, "evil", limits).metrics == 1
    metrics = "/metrics/code-based-metrics"
    _refused(evil("POST", "/models", json={"name": "m", "aggregation_period": "daily"}), "models")
    _refused(evil("POST", metrics, json={"model_id": model, "name": "m", "code": CODE}), "metrics")
    evil.ok("PUT", f"{metrics}/{metric}", json={"code": CODE[:-1]})
    _refused(evil("PUT", f"{metrics}/{metric}", json={"code": CODE}), "bytes")
    body = {"model_id": model, "start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}
    _refused(evil("POST", "/metrics/recalculate", json=body), "work")
    _refused(evil("POST", f"{metrics}/validate", json={"metric_id": metric, "dataset_id": dataset}), "valida")
    other, _, _ = good.model(payments)
    good.metric(other, CODE)
    set_quotas(settings.database, "evil", dict.fromkeys(limits))
    evil.ok("POST", "/metrics/recalculate", json=body)
    assert show_quotas(settings.database, "evil") == DEFAULTS


def test_quotas_that_make_no_sense_are_refused_all_at_once(settings) -> None:
    with pytest.raises(UsageError) as error:
        set_quotas(settings.database, "a/b", {"metrcs": 1, "work": -1, "bytes": 1 << 62})
    assert len(str(error.value).splitlines()) == 4


def test_requests_of_one_account_have_a_few_threads_and_the_rest_is_refused() -> None:
    async def main() -> None:
        request_slots, inside, leave = RequestSlots(), list[str](), asyncio.Event()

        async def ask(account: str) -> None:
            async with request_slots.inside(account, 10, thread=True):
                inside.append(account)
                await leave.wait()

        async with asyncio.TaskGroup() as group:
            for _ in range(10):
                group.create_task(ask("evil"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert inside == ["evil"] * THREADS_PER_ACCOUNT
            with pytest.raises(QuotaReached) as refusal:
                await ask("evil")
            assert to_problem(refusal.value).code == "quota-reached"
            group.create_task(ask("good"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert inside[-1] == "good"
            leave.set()
        async with request_slots.inside("evil", 1, thread=False):
            pass

    asyncio.run(main())


def test_the_quota_of_connections_is_heeded(http, settings) -> None:
    set_quotas(settings.database, "evil", {"connections": 0})
    _refused(make_client(http, settings, "evil")("GET", "/models"), "connections")
    assert make_client(http, settings, "good").ok("GET", "/models") == []


def test_one_recalculation_is_bounded(client, payments) -> None:
    model, _, _ = client.model(payments, aggregation_period="hourly")
    client.metric(model, CODE)
    body = {"model_id": model, "start": "2000-01-01T00:00:00Z", "end": "2020-01-01T00:00:00Z"}
    answer = client("POST", "/metrics/recalculate", json=body)
    assert answer.status_code == 422 and "20,000 windows" in answer.text


def test_a_root_belongs_to_the_account_that_it_is_opened_to(tmp_path) -> None:
    for name in ("a", "b", "all", "only"):
        (tmp_path / name).mkdir()
    roots = (f"a={tmp_path}/a", f"b={tmp_path}/b", f"*={tmp_path}/all", f"{tmp_path}/only")
    settings = Settings(data_roots=roots, tables=("a=mine.*", "*=open.*", "lone.*"))
    assert local_roots(settings) == tuple(tmp_path / name for name in ("a", "b", "all", "only"))
    opened = {
        "a": ("a/x.csv", "all/x.csv", "mine.x", "open.x"),
        "b": ("b/x.csv", "all/x.csv", "open.x"),
        "c": ("all/x.csv", "open.x"),
    }
    every = ("a/x.csv", "b/x.csv", "all/x.csv", "only/x.csv", "mine.x", "open.x", "lone.x")
    for account, mine in opened.items():
        for name in every:
            source = str(tmp_path / name) if "/" in name else name
            if name in mine:
                check_source(source, settings, SourceOwner(account, alone=False))
                continue
            with pytest.raises(SourceNotAllowed) as refusal:
                check_source(source, settings, SourceOwner(account, alone=False))
            assert ("several" in refusal.value.message) == (name in ("only/x.csv", "lone.x"))
    check_source(f"{tmp_path}/only/x.csv", settings, SourceOwner("c"))
    with pytest.raises(SourceNotAllowed):
        check_source(f"{tmp_path}/*/x.csv", settings, SourceOwner("a"))


def test_what_was_opened_to_the_only_account_is_nobodys_once_there_are_two(
    engine, settings, payments
) -> None:
    settings = replace(settings, data_roots=(str(payments.parent),))
    with _served(make_app(settings, engine=engine)) as url, connect(url) as http:
        first = make_client(http, settings, "first")
        model, _, dataset = first.model(payments)
        metric = first.metric(model, CODE)
        assert first.validate(metric, dataset)["status"] == "success"
        make_client(http, settings, "second")
        body = {"model_id": model, "name": "v", "serving_dataset": {"source": str(payments)}}
        answer = first("POST", "/model-versions", json=body)
        assert answer.status_code == 422 and "several" in answer.text
        again = first.validate(metric, dataset, restart=True)
        assert again["status"] == "failed" and "several" in again["error"]["message"]


@contextmanager
def _served(app: Any, connections: int = 100, idle: float = 60.0) -> Iterator[str]:
    config = uvicorn.Config(
        app,
        port=0,
        backlog=AT_ONCE,
        log_config=None,
        access_log=False,
        http=make_protocol(connections, idle),
    )
    server = Listener(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started or not thread.is_alive())
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message["body"]
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def _connected(stack: ExitStack, url: str, sent: bytes = b"") -> socket.socket:
    port = int(url.rpartition(":")[2])
    one = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
    one.sendall(sent)
    return one


def _is_closed(one: socket.socket) -> bool:
    try:
        return one.recv(1 << 16) == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\nA: b",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
    ],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_client_that_does_not_go_on_is_let_go(sent: bytes) -> None:
    with _served(_hello, idle=0.2) as url, ExitStack() as stack:
        assert _is_closed(_connected(stack, url, sent))
        assert httpx.post(url, content=b"x" * 300_000).text == "ok"


def test_silent_connections_make_room_for_new_ones() -> None:
    with _served(_hello, connections=4) as url, ExitStack() as stack:
        silent = [_connected(stack, url) for _ in range(4)]
        for _ in range(3):
            assert httpx.get(url).text == "ok"
        assert _is_closed(silent[0])
        silent += [_connected(stack, url) for _ in range(4)]
        assert all(_is_closed(one) for one in silent[:4])


def test_a_burst_of_connections_leaves_descriptors_to_the_rest(monkeypatch, settings) -> None:
    """As many as wait are taken at once, before silent ones make room; 1,024 is the usual soft limit."""
    given = _served_with(monkeypatch, settings)
    assert settings.connections + given["backlog"] <= 1_024 - 300
    assert given["backlog"] <= 16, "a flood leaves moments to requests"


def test_many_connections_may_wait_while_the_service_takes_none() -> None:
    """Of those that the kernel lets nobody wait for, the client hears nothing for a second or more."""
    begun, go_on = threading.Event(), threading.Event()

    async def hold_up(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and not go_on.is_set():
            begun.set()
            go_on.wait(60)
        await _hello(scope, receive, send)

    with _served(hold_up, connections=1_000) as url, ExitStack() as stack:
        stack.callback(go_on.set)
        _connected(stack, url, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert begun.wait(60)
        waiting = [_connected(stack, url) for _ in range(10 * AT_ONCE)]
        go_on.set()
        waiting[-1].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert waiting[-1].recv(100).startswith(b"HTTP/1.1 200")


def test_threads_of_a_service_wait_less_for_each_other_than_pythons_5_ms(monkeypatch, settings) -> None:
    """A guest that keeps the gateway reading holds up the threads that answer requests."""
    assert _served_with(monkeypatch, settings)["switch"] <= sys.getswitchinterval() / 5


def _served_with(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> dict[str, Any]:
    """What a service that is started runs with: the options of its server, and how long threads compute."""
    given: dict[str, Any] = {}
    for name in ("log_to_stderr", "give_memory_back", "raise_descriptors"):
        monkeypatch.setattr(serve, name, lambda *_: None)
    for name in ("_lasting_engine", "make_app"):
        monkeypatch.setattr(serve, name, lambda *_, **__: None)

    class Started:
        started = True

        def __init__(self, config: uvicorn.Config) -> None:
            given.update(vars(config), switch=sys.getswitchinterval())

        def run(self) -> None:
            """Nothing is to be served."""

    monkeypatch.setattr(serve, "Listener", Started)
    interval = sys.getswitchinterval()
    serve.serve(settings, "127.0.0.1", 0)
    sys.setswitchinterval(interval)
    return given


def test_a_head_without_an_end_is_refused() -> None:
    with _served(_hello) as url, ExitStack() as stack:
        one = _connected(stack, url, b"GET / HTTP/1.1\r\n")
        answer = b""
        with ExitStack() as sending:
            sending.callback(one.settimeout, 60)
            try:
                for _ in range(100):
                    one.sendall(b"A: " + b"b" * 4_000 + b"\r\n")
                answer = one.recv(100)
            except ConnectionError:
                answer = b"HTTP/1.1 400"
        assert answer.startswith(b"HTTP/1.1 400")


def _shown(http: httpx.Client, key: str) -> httpx.Response:
    return http.get("/metrics", headers={"Authorization": f"Bearer {key}"})


def _requests(caplog: Any) -> list[tuple[str, int]]:
    """Whose requests were logged, with their statuses."""
    found = [one for one in caplog.records if one.getMessage() == "request" and hasattr(one, "account")]
    return [(one.account, one.status) for one in found]


def test_an_operator_sees_what_each_account_used_and_which_limits_it_reached(
    http, settings, payments, engine, caplog
) -> None:
    good, evil = make_client(http, settings, "good"), make_client(http, settings, "evil")
    operator = create_operator_key(settings.database)
    model, _, dataset = good.model(payments)
    answer = good.validate(good.metric(model, CODE), dataset)
    assert answer["status"] == "success"
    set_quotas(settings.database, "evil", {"models": 0})
    with caplog.at_level(logging.INFO):
        _refused(evil("POST", "/models", json={"name": "m", "aggregation_period": "daily"}), "models")
        assert wait_until(lambda: ("evil", 429) in _requests(caplog)), "it is noted once it is answered"
    text = _shown(http, operator).text
    pairs = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    lines = {name: float(value) for name, _, value in pairs}
    assert lines['calcmetric_account_queries_total{account="good"}'] >= 1
    assert lines['calcmetric_account_processor_seconds_total{account="good",of="engine"}'] > 0
    assert lines['calcmetric_account_processor_seconds_total{account="good",of="workers"}'] >= 0
    assert lines['calcmetric_account_refused_total{account="evil",limit="quota_models"}'] == 1
    assert 'calcmetric_work{state="due"}' in lines
    told = [(one.account, one.limit) for one in caplog.records if hasattr(one, "limit")]
    assert told == [("evil", "quota_models")]
    assert {account for account, _ in _requests(caplog)} <= {"good", "evil"}


def test_only_an_operators_key_tells_of_accounts_and_opens_no_workspace(http, settings) -> None:
    client = make_client(http, settings)
    client.ok("GET", "/models")
    operator = create_operator_key(settings.database)
    assert 'account="' not in http.get("/metrics").text
    for key, status in ((client.key, 403), ("cm_unknown", 401), ("cm_", 401)):
        refused = _shown(http, key)
        assert refused.status_code == status and "calcmetric_http" not in refused.text
    assert _shown(http, operator).status_code == 200
    for account in ("acme", ".", "%20"):
        path = f"/api/v1/{account}/fraud/models"
        answer = http.get(path, headers={"Authorization": f"Bearer {operator}"})
        assert answer.status_code in (403, 404), "an operator's key opens no workspace"
    database = Database(settings.database)
    try:
        with database.reading() as session:
            assert is_alone(session), "it is no second account either"
    finally:
        database.close()
    found = next(one for one in list_keys(settings.database) if not one.account)
    revoke_key(settings.database, found.id)
    assert _shown(http, operator).status_code == 401


def test_too_many_requests_of_a_key_are_counted_for_its_account(settings, engine) -> None:
    app = make_app(replace(settings, requests_per_minute=1), engine=engine)
    with serving(app) as url, connect(url) as http:
        client, operator = make_client(http, settings), create_operator_key(settings.database)
        assert [client("GET", "/models").status_code for _ in range(3)] == [200, 429, 429]
        text = _shown(http, operator).text
        assert 'calcmetric_account_refused_total{account="acme",limit="requests_per_minute"} 2.0' in text


POSITIVE = [one.name for one in fields(Settings) if one.type in ("int", "float") and one.name != "verify"]


@pytest.mark.parametrize("name", POSITIVE)
def test_a_setting_that_must_be_positive_is_named_if_it_is_not(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name} must be positive"):
        Settings(**{name: 0})  # type: ignore[arg-type]


def test_an_engine_has_a_cap_of_memory_that_its_operator_sets() -> None:
    assert caps_within(2 << 30) == Caps() and caps_within(1 << 30).engine == 384 << 20
    with pytest.raises(UsageError, match="memory_bytes must be at least 512 MiB"):
        caps_within(511 << 20)
