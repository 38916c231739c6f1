"""How a local Spark server is configured: tables, one line per setting, each with its reason. Pure.

Tuned for one machine and short queries. Nothing here changes a number but by the order of rows: sums of
floating numbers in their last digits, and which rows are picked by what leaves that open after a shuffle
(`limit`, `first`, `dropDuplicates` of some columns).
"""

from __future__ import annotations

from typing import Final

from engine.backends.connect.session_settings import SESSION_SETTINGS

# Fixed for every local server.
SETTINGS: Final[tuple[tuple[str, str], ...]] = (
    # What a query means.
    *SESSION_SETTINGS,
    ("spark.sql.variable.substitute", "false"),  # ${...} in SQL text would read configuration
    # Who can reach it.
    ("spark.driver.host", "127.0.0.1"),
    ("spark.driver.bindAddress", "127.0.0.1"),
    ("spark.connect.grpc.binding.address", "127.0.0.1"),
    ("spark.port.maxRetries", "0"),  # other ports than those chosen are refused by the kernel anyway
    ("spark.authenticate", "true"),  # the driver's and the block manager's ports ask for the secret
    ("spark.ui.enabled", "false"),  # a web server with everybody's queries
    # What it accepts.
    ("spark.connect.grpc.maxInboundMessageSize", "2147483647"),  # caps are the gateway's
    ("spark.connect.session.planCompression.threshold", "-1"),  # plans are read by the gateway
    ("spark.connect.session.planCache.enabled", "false"),  # it would remember files that have changed since
    # Answering. Executions can be attached to again, so that their answers say when they are whole; but
    # nothing between us and the server breaks streams, and no response is kept to be sent once more.
    ("spark.connect.execute.reattachable.senderMaxStreamDuration", "0"),
    ("spark.connect.execute.reattachable.senderMaxStreamSize", "0"),
    ("spark.connect.execute.reattachable.observerRetryBufferSize", "0"),
    # Stopping.
    ("spark.task.reaper.enabled", "true"),  # watches tasks that were told to stop, and says so in the log
    ("spark.task.reaper.pollingInterval", "100ms"),
    ("spark.task.reaper.killTimeout", "-1"),  # the engine decides
    ("spark.task.reaper.threadDump", "false"),
    # Failing. A regular expression that overflows the stack, or a text longer than Java's, is an error of its
    # query alone; by default it shuts the server down. Java itself ends where no memory is left.
    ("spark.executor.killOnFatalError.depth", "0"),
    # Speed on one machine.
    ("spark.sql.adaptive.enabled", "false"),  # its stages cost more than they save on small data
    ("spark.sql.adaptive.coalescePartitions.enabled", "false"),
    ("spark.shuffle.compress", "false"),  # the disk is as near as the processor
    ("spark.shuffle.spill.compress", "false"),
    ("spark.broadcast.compress", "false"),
    ("spark.sql.ui.retainedExecutions", "1"),  # nobody looks; it only holds memory
    ("spark.ui.retainedJobs", "10"),
    ("spark.ui.retainedStages", "10"),
    ("spark.ui.retainedTasks", "100"),
    ("spark.connect.ui.session.limit", "1"),
    ("spark.connect.ui.statement.limit", "1"),
    ("spark.sql.catalogImplementation", "in-memory"),  # no Hive: no metastore files, half the start-up
    ("spark.sql.artifact.isolation.enabled", "false"),  # no class loader per session: artifacts are refused
)

# How tasks are scheduled. One query after another would let one of a thousand tasks keep everybody waiting
# for all of them, so each gets the next free processor in its turn. Spark's own default pool takes them as
# they came also where the mode is FAIR.
POOLS: Final = """\
<allocations>
  <pool name="default">
    <schedulingMode>FAIR</schedulingMode>
    <weight>1</weight>
    <minShare>0</minShare>
  </pool>
</allocations>
"""
POOLS_FILE: Final = "pools.xml"

# Java options. ParallelGC and few compiler threads suit two cores better than the defaults.
JAVA_OPTIONS: Final = (
    "-XX:+UseParallelGC",
    # Code is optimised once it has run ten times as often as by default. Most of what a server runs are small
    # queries that differ, each with classes of its own: optimising those cost a fifth of all processor time.
    "-XX:Tier4InvocationThreshold=50000",
    "-XX:Tier4MinInvocationThreshold=10000",
    "-XX:Tier4CompileThreshold=100000",
    "-XX:Tier4BackEdgeThreshold=200000",
    "-XX:+ExitOnOutOfMemoryError",  # a half-dead server hangs; a dead one is restarted
    "-XX:-UsePerfData",  # no shared memory file in /tmp
    "-XX:+IgnoreUnrecognizedVMOptions",
    "-Xshare:auto",  # a class archive that does not fit is passed over
    "-Xlog:disable",  # also the complaint that an archive does not fit
    "-Djava.net.preferIPv4Stack=true",
    "-Duser.timezone=UTC",
    "-Dio.netty.tryReflectionSetAccessible=true",
    "-Dfile.encoding=UTF-8",
)

# Warnings and errors go to standard error, that is to the server's log.
LOGGING: Final = """\
status = off
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
appender.out.type = Console
appender.out.name = out
appender.out.target = SYSTEM_ERR
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %d{HH:mm:ss.SSS} %p %c{1}: %m%n%ex{8}
"""


def make_properties(
    folder: str, ports: tuple[int, int, int], secret: str, cores: int
) -> tuple[tuple[str, str], ...]:
    """Every property of a server.

    Args:
        folder: its private folder.
        ports: of Spark Connect, of the driver, of the block manager.
        secret: what its own parts authenticate with.
        cores: tasks at once, and partitions of a shuffle.
    """
    connect, driver, blocks = ports
    return (
        *SETTINGS,
        ("spark.app.name", "calcmetric"),
        ("spark.master", f"local[{cores}]"),
        ("spark.connect.grpc.binding.port", str(connect)),
        ("spark.driver.port", str(driver)),
        ("spark.driver.blockManager.port", str(blocks)),
        ("spark.blockManager.port", str(blocks)),
        ("spark.authenticate.secret", secret),
        ("spark.sql.shuffle.partitions", str(cores)),
        ("spark.default.parallelism", str(cores)),
        ("spark.scheduler.mode", "FAIR"),
        ("spark.scheduler.allocation.file", f"{folder}/{POOLS_FILE}"),
        ("spark.local.dir", f"{folder}/local"),
        ("spark.sql.warehouse.dir", f"{folder}/warehouse"),
    )


def format_properties(properties: tuple[tuple[str, str], ...]) -> str:
    """As the text of a Java properties file."""
    escaped = ((key, value.replace("\\", "\\\\")) for key, value in properties)
    return "".join(f"{key} {value}\n" for key, value in escaped)
