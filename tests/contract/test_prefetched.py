"""What is prefetched of a call: packed by the engine, unpacked by the worker."""

import pytest

from sandbox.contract.framing import Kind, Method
from sandbox.contract.prefetched import pack_prefetched, unpack_prefetched

REPLIES = [(Kind.REPLY, (b"schema",)), (Kind.BATCH, (b"head", b"", b"rows" * 1_000)), (Kind.REPLY, (b"",))]


def test_the_request_that_was_prefetched_has_its_replies():
    payload = memoryview(pack_prefetched(Method.EXECUTE, b"request", REPLIES))
    found = unpack_prefetched(payload, Method.EXECUTE, b"request")
    assert found is not None
    assert [(kind, bytes(data)) for kind, data in found] == [(k, b"".join(parts)) for k, parts in REPLIES]


@pytest.mark.parametrize(
    ("method", "request_"),
    [(Method.EXECUTE, b"Request"), (Method.EXECUTE, b""), (Method.ANALYZE, b"request")],
)
def test_any_other_request_has_none(method, request_):
    payload = memoryview(pack_prefetched(Method.EXECUTE, b"request", REPLIES))
    assert unpack_prefetched(payload, method, request_) is None
