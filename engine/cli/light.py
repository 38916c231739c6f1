"""Libraries without what they import for a look at it, for commands that start anew each time."""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from typing import Final

_PANDAS: Final = "pandas"
_CLIENT: Final = "pyspark.sql.connect"


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Import without looking for garbage, of which imports leave hardly any: a tenth of their time.

    What they made is not looked through later either. Where the engine is loaded already nothing is changed.
    """
    if "engine.api" in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


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


def skip_pandas_check() -> None:
    """Let pyarrow find no pandas, which it imports to see whether an array is made of something of pandas.

    Nothing in a run of the command line is. That takes half a second of a processor; whoever writes a table
    with pandas imports it all the same. Where pyarrow is loaded already somebody else may use both.
    """
    if "pyarrow" in sys.modules or _PANDAS in sys.modules:
        return
    sys.meta_path.insert(0, _NoPandas)
    try:
        importlib.import_module("pyarrow").array([None])  # it looks once
    finally:
        sys.meta_path.remove(_NoPandas)


class _NoPandas:
    """A finder that finds no pandas."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        """Nothing of it."""
        del path, target
        if name == _PANDAS:
            raise ModuleNotFoundError(name=name)
