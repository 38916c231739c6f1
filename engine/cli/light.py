"""PySpark's messages without its client, for commands that only look at plans."""

from __future__ import annotations

import importlib.util
import sys
from typing import Final

_CLIENT: Final = "pyspark.sql.connect"


def skip_client_check() -> None:
    """Leave out what happens when PySpark's client package is imported: a look at what it depends on.

    To see that pandas is installed it imports pandas, which takes half a second. The package holds nothing
    else; its modules are imported as ever.
    """
    if _CLIENT in sys.modules:
        return
    spec = importlib.util.find_spec(_CLIENT)
    if spec is not None:
        sys.modules[_CLIENT] = importlib.util.module_from_spec(spec)
