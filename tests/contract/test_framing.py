import socket
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.contract.framing import (
    ENGINE_CAPS,
    HEADER,
    WORKER_CAPS,
    Channel,
    ChannelClosed,
    ChannelGarbage,
    ChannelTimeout,
    Kind,
)


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield Channel(ours, WORKER_CAPS), theirs


@pytest.mark.parametrize("parts", [(), (b"abc",), (b"a", b"", b"bc" * 100_000)])
def test_a_frame_arrives_whole(ends, parts):
    engine, theirs = ends
    worker = Channel(theirs, ENGINE_CAPS)
    sender = threading.Thread(target=worker.send, args=(Kind.REQUEST, *parts))
    sender.start()
    kind, payload = engine.receive(time.monotonic() + 10)
    sender.join()
    assert (kind, bytes(payload)) == (Kind.REQUEST, b"".join(parts))


@pytest.mark.parametrize(
    "header",
    [
        HEADER.pack(1, 250),
        HEADER.pack(1, Kind.REPLY),
        HEADER.pack(WORKER_CAPS[Kind.PRINTED] + 1, Kind.PRINTED),
        HEADER.pack(2**32 - 1, Kind.OUTCOME),
    ],
)
def test_unknown_kinds_and_lengths_over_the_cap_are_garbage_before_the_payload_is_read(ends, header):
    engine, theirs = ends
    theirs.sendall(header)
    with pytest.raises(ChannelGarbage):
        engine.receive(time.monotonic() + 10)


def test_a_peer_that_is_gone_or_silent_or_does_not_read_is_an_error_of_its_own_kind(ends):
    engine, theirs = ends
    with pytest.raises(ChannelTimeout):
        engine.receive(time.monotonic() + 0.01)
    with pytest.raises(ChannelTimeout):
        engine.send(Kind.REPLY, bytes(64 << 20), deadline=time.monotonic() + 0.05)
    theirs.close()
    with pytest.raises(ChannelClosed):
        while True:
            engine.receive(time.monotonic() + 1)


@given(st.binary(max_size=64))
def test_any_bytes_decode_or_raise_one_of_the_channels_errors(data):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        engine = Channel(ours, WORKER_CAPS)
        with pytest.raises((ChannelClosed, ChannelGarbage)):
            while True:
                engine.receive(time.monotonic() + 10)
