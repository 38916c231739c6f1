"""Who does not wait as told is refused without work, and after a moment."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from engine.service.admission import requests, throttle
from engine.service.admission.keys import digest_key
from engine.service.admission.request_slots import THREADS_PER_KEY, KeyedSemaphore
from engine.service.admission.throttle import Throttle
from engine.service.problems import ApiProblem
from engine.service.store.scope import WorkspaceScope
from engine.service.ttl_cache import TtlCache

KNOWN, WAITING = "cm_known", "cm_waiting"


class Rate:
    """Tells one key's client to wait."""

    def refusal(self, client: str) -> ApiProblem | None:
        told = client == f"key {digest_key(WAITING)}"
        return ApiProblem(429, "too-many-requests", "wait", headers={"Retry-After": "3"}) if told else None


class Service:
    """A service behind a throttle, which notes who came through, and what was refused to whom."""

    def __init__(self) -> None:
        self.reached: list[str] = []
        self.refused: list[tuple[str, str]] = []
        scopes: TtlCache[WorkspaceScope] = TtlCache(60.0)
        for key in (KNOWN, WAITING):
            scopes.put(digest_key(key), WorkspaceScope("acme", "test"))
        refusals = SimpleNamespace(refuse=lambda *what: self.refused.append(what))
        parts = SimpleNamespace(scopes=scopes, rate=Rate(), telemetry=SimpleNamespace(refusals=refusals))
        self.app = SimpleNamespace(state=SimpleNamespace(service=parts))
        self.throttle = Throttle(self._answer)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.reached.append(scope["path"])

    async def ask(self, key: str | None) -> list[Any]:
        """What is answered to a request by the throttle itself."""
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            raise AssertionError("the body is of no interest")

        headers = [] if key is None else [(b"authorization", f"Bearer {key}".encode())]
        scope = {"type": "http", "path": key or "", "headers": headers, "app": self.app}
        await self.throttle(scope, receive, send)
        return sent


def headers_of(sent: list[Any]) -> dict[bytes, bytes]:
    return dict(sent[0]["headers"])


def test_only_who_was_told_to_wait_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "DELAY_SECONDS", 0.0)
    service = Service()
    assert asyncio.run(service.ask(KNOWN)) == asyncio.run(service.ask(None)) == []
    assert service.reached == [KNOWN, ""]
    sent = asyncio.run(service.ask(WAITING))
    assert sent[0]["status"] == 429 and headers_of(sent)[b"retry-after"] == b"3"
    assert service.refused == [("acme", "requests_per_minute")] and service.reached == [KNOWN, ""]


def test_a_refusal_comes_after_a_moment_which_further_ones_do_not_get(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(throttle, "DELAYED", 3)
    moment = asyncio.Event()

    async def sleep(seconds: float) -> None:
        assert seconds == throttle.DELAY_SECONDS
        await moment.wait()

    async def main() -> None:
        service = Service()
        monkeypatch.setattr("engine.service.admission.throttle.asyncio.sleep", sleep)
        delayed = [asyncio.ensure_future(service.ask(WAITING)) for _ in range(3)]
        while sum(service.throttle._delayed.values()) < 3:
            await asyncio.wait(delayed, timeout=0)
        assert headers_of(await service.ask(WAITING))[b"connection"] == b"close"
        assert await service.ask(KNOWN) == [], "others go on meanwhile"
        assert not any(one.done() for one in delayed)
        moment.set()
        assert all(b"connection" not in headers_of(sent) for sent in await asyncio.gather(*delayed))
        assert not service.throttle._delayed

    asyncio.run(main())


def test_a_lane_lets_a_few_of_a_name_in_and_keeps_nothing_of_who_has_left() -> None:
    async def main() -> None:
        semaphore, leave, inside = KeyedSemaphore(2), asyncio.Event(), list[str]()

        async def be(name: str) -> None:
            async with semaphore.inside(name):
                inside.append(name)
                await leave.wait()

        async with asyncio.TaskGroup() as group:
            for name in ("a", "a", "a", "b"):
                group.create_task(be(name))
            while len(inside) < 3:
                await asyncio.sleep(0)
            assert sorted(inside) == ["a", "a", "b"]
            leave.set()
        assert sorted(inside) == ["a", "a", "a", "b"] and not semaphore._semaphores

    asyncio.run(main())


def test_one_key_leaves_the_threads_that_admit_to_others(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        begun, go_on = list[str](), asyncio.Event()

        async def in_thread(_: Any, __: Any, digest: str, ___: str) -> WorkspaceScope:
            begun.append(digest)
            await go_on.wait()
            return WorkspaceScope("acme", "test")

        monkeypatch.setattr(requests, "run_in_threadpool", in_thread)
        scopes: TtlCache[WorkspaceScope] = TtlCache(60.0)
        for key in ("evil", "good"):
            scopes.put(key, WorkspaceScope("acme", "test"))
        parts: Any = SimpleNamespace(scopes=scopes, entrances=KeyedSemaphore(THREADS_PER_KEY))
        async with asyncio.TaskGroup() as group:
            for key in ("evil",) * 9 + ("unknown",) * 9 + ("good",):
                group.create_task(requests.admit_in_turn(parts, key, ""))
            while "good" not in begun:
                await asyncio.sleep(0)
            assert begun == ["evil"] * 2 + ["unknown"] * 2 + ["good"]
            go_on.set()

    asyncio.run(main())
