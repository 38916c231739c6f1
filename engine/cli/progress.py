"""The progress bar of `calcmetric run`, on standard error, on a terminal only."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress

from engine.runs.live import Progress


class ProgressBar:
    """Shows each `Progress` it is given; shows nothing where standard error is no terminal."""

    def __init__(self, console: Console, title: str) -> None:
        self._bar = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._title = title
        self._task = self._bar.add_task(title, total=None)

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._bar.disable:  # some versions of rich end one that was never shown with an empty line
            self._bar.stop()

    def update(self, progress: Progress) -> None:
        """Show how far the run is."""
        self._bar.update(
            self._task,
            description=f"{self._title}: {progress.stage}",
            total=progress.total or None,
            completed=progress.done,
        )
