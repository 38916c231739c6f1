"""A genuine PySpark Connect session whose calls travel over the worker's descriptor."""

from __future__ import annotations

from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql.connect.client import ChannelBuilder
from pyspark.sql.connect.expressions import UnresolvedNamedLambdaVariable
from pyspark.sql.connect.plan import LogicalPlan
from pyspark.sql.connect.session import SparkSession

from sandbox.client.channel import PipeChannel
from sandbox.client.errors import build_exception, condition_of
from sandbox.client.evaluate import Evaluator
from sandbox.client.functions import FUNCTIONS, install_functions
from sandbox.client.local_rows import install_moments
from sandbox.client.pyspark_patches import patch_pyspark_client
from sandbox.client.rows import install_collect
from sandbox.client.transport import Transport
from sandbox.contract.settings import BASELINE, PLACEHOLDER, SESSION_ID

__all__ = ["build_exception", "condition_of", "open_baseline", "open_frame", "open_session", "prepare"]


class _PipeBuilder(ChannelBuilder):
    """Connects PySpark's client to the transport instead of an address."""

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport = transport
        self.set(ChannelBuilder.PARAM_SESSION_ID, SESSION_ID)
        self.set(ChannelBuilder.PARAM_USER_ID, "guest")

    def toChannel(self) -> Any:  # noqa: N802 - PySpark's name
        return PipeChannel(self._transport)

    @property
    def host(self) -> str:
        return "engine"

    @property
    def userAgent(self) -> str:  # noqa: N802 - PySpark's name
        return "calcmetric"


def prepare() -> None:
    """Change in PySpark what a worker needs otherwise. Called once, in the zygote."""
    install_collect()
    install_moments()
    patch_pyspark_client()
    install_functions()


def open_session(transport: Transport) -> SparkSession:
    """Open the guest's session. Nothing is sent until the guest asks for something."""
    session = SparkSession(_PipeBuilder(transport))  # type: ignore[arg-type] # any builder will do
    client = session._client
    client.disable_reattachable_execute()
    # The default policy waits ten minutes and more; the engine alone decides what is tried again.
    client.set_retry_policies([])
    channel = client._channel
    assert isinstance(channel, PipeChannel)
    transport.evaluator = Evaluator(transport.flush_printed, channel.settings.chosen)
    # PySpark's own setter keeps an older session; the zygote's warm-up leaves one behind.
    SparkSession._default_session = SparkSession._active_session.session = session
    return session


def open_frame(session: SparkSession) -> DataFrame:
    """The `df` of one call: the placeholder, which the gateway binds to the frame.

    PySpark counts plans and lambda variables for as long as a process lives. They count from the start in
    each call, so that equal code sends equal bytes for every frame, which the engine then reads only once.
    What the call before has set is forgotten.
    """
    LogicalPlan._nextPlanId = 0
    UnresolvedNamedLambdaVariable._nextVarNameId = 0
    channel = session._client._channel
    assert isinstance(channel, PipeChannel)
    channel.settings.forget()
    FUNCTIONS.forget()
    return session.table(PLACEHOLDER)


def open_baseline(session: SparkSession) -> DataFrame:
    """The `baseline` of one call, opened after its `df`: the second placeholder."""
    return session.table(BASELINE)
