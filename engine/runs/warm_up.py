"""What an engine does while nobody waits for it: it starts and loads what runs will need."""

from __future__ import annotations

import logging
import threading
from typing import Final

from engine.errors import CalcmetricError
from engine.runs.services import Services
from engine.spark.text import check_expression

logger = logging.getLogger(__name__)

# An engine that lives for so long, and has nothing to do, loads what it may need later.
_SETTLED_SECONDS: Final = 30.0
# Spark starts ahead so soon, for then everybody else goes first.
_WARM_SECONDS: Final = 2.0


class WarmUp:
    """The warming up of one engine, in a thread of its own."""

    def __init__(self, services: Services, *, eager: bool) -> None:
        """Begin.

        Args:
            services: what is to be started and loaded.
            eager: whether that is also what else starts for the first question that needs it.
        """
        self._services = services
        self._eager = eager
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="calcmetric-start", daemon=True).start()

    def stop(self) -> None:
        """Begin nothing more; what has begun goes on until its owner is closed."""
        self._stopped.set()

    def _run(self) -> None:
        """Start the backend beside the zygote. What goes wrong is raised again by the first run."""
        services = self._services
        check_expression("1")  # loads the SQL reader, which the first run would wait for
        try:
            services.servers.start()
        except Exception as error:
            logger.info("the backend did not start in the background: %s", error)
        if self._eager and self._is_idle_after(_WARM_SECONDS):
            services.servers.warm()
        if self._is_idle_after(_SETTLED_SECONDS):
            try:
                services.pool.load_science(services.capabilities.frames)
            except CalcmetricError as error:
                logger.info("scipy and statsmodels were not loaded in the background: %s", error)

    def _is_idle_after(self, seconds: float) -> bool:
        """Wait for so long, and then until no run needs the processors; False if it is stopped meanwhile."""
        while not self._stopped.wait(seconds):
            if self._services.registry.idle:
                return True
        return False
