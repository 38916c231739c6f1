"""The local servers as parameters of tests and fixtures.

On Spark a test takes several times as long as on Sail, so that much of it is left to the slow tests.
"""

from __future__ import annotations

from typing import Final

import pytest

_SAIL = pytest.param("sail", marks=pytest.mark.sail)
BOTH: Final = (_SAIL, pytest.param("spark", marks=pytest.mark.spark))
QUICK_ON_SAIL: Final = (_SAIL, pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.slow]))
