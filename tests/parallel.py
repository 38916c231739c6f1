"""A plugin of pytest: which tests share a process when several run them.

Tests of a file stay together, because they share fixtures. All tests on Spark stay together, because they
share a Java server, and two of those would warm up beside each other for minutes.
"""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)  # before xdist looks at the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put each test into its group."""
    for item in items:
        on_spark = item.get_closest_marker("spark") is not None
        name = "spark" if on_spark else item.nodeid.partition("::")[0].removeprefix("tests/")
        item.add_marker(pytest.mark.xdist_group(name))
