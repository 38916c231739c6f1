"""Whether an object is of a library that takes long to import: whoever holds one has imported it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow.dataset as pads
    from typing_extensions import TypeIs


def is_pandas(source: object) -> TypeIs[pd.DataFrame]:
    """Whether an object is a pandas DataFrame.

    Args:
        source: of a dataset, or one of its batches.
    """
    return _is_of(source, "pandas", "DataFrame")


def is_arrow_dataset(source: object) -> TypeIs[pads.Dataset]:
    """Whether an object is an Arrow dataset.

    Args:
        source: of a dataset, or one of its batches.
    """
    return _is_of(source, "pyarrow.dataset", "Dataset")


def _is_of(source: object, module: str, name: str) -> bool:
    # Another thread may be importing it just now.
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(source, kind)
