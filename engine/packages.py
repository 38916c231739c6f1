"""Where the packages of calcmetric lie, for programs of ours that are started with no other path."""

from __future__ import annotations

from pathlib import Path
from typing import Final

# The folder that has `engine` and `sandbox`: site-packages, or a checkout.
PACKAGES: Final = Path(__file__).parents[1]
