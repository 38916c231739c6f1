"""Pictures of what tests show in a browser, kept where whoever runs them wants some."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

SIZES: Final = ((1280, 860), (390, 844))
THEMES: Final = ("light", "dark")


def keep(page: Any, name: str) -> None:
    """Keep a picture of what is in view, in the folder that CALCMETRIC_SCREENSHOTS names."""
    if folder := os.environ.get("CALCMETRIC_SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def themes(page: Any, name: str) -> Iterator[str]:
    """Show a page in light and in dark, each of which is kept."""
    width = page.viewport_size["width"]
    for theme in THEMES:
        page.emulate_media(color_scheme=theme)
        keep(page, f"{name}-{width}-{theme}")
        yield theme
