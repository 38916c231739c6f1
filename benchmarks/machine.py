"""The machine that figures come from, and how times are taken."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable


def describe() -> str:
    """Processors, memory, kernel and Python, in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    model = "unknown processor"
    with open("/proc/cpuinfo") as lines:  # noqa: PTH123 - a kernel file
        for line in lines:
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return (
        f"{os.cpu_count()} x {model}, {memory} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )


def median(step: Callable[[], object], times: int, *, warm: int = 1) -> float:
    """Median seconds of a step, after some that do not count."""
    for _ in range(warm):
        step()
    return statistics.median(seconds(step) for _ in range(times))


def seconds(step: Callable[[], object]) -> float:
    """Seconds that a step takes."""
    began = time.perf_counter()
    step()
    return time.perf_counter() - began
