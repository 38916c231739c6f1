"""Names of hidden columns. Trusted side, pure.

Sources of files offer columns behind the schema that tell about files: paths, sizes, positions. They are
resolved like any other name, without regard to case, so their names are refused wherever a name can
stand, in plans and in text.
"""

from __future__ import annotations

import re
from typing import Final

# Columns that sources add behind the schema; "_metadata" with any number of underscores besides: Spark
# renames it to "__metadata" when data has such a column.
HIDDEN_COLUMNS: Final = {
    "_file": "Iceberg: path of the data file",
    "_pos": "Iceberg: position in the data file",
    "_spec_id": "Iceberg: partition layout",
    "_partition": "Iceberg: partition values",
    "_deleted": "Iceberg: deleted rows",
    "_row_id": "Iceberg: row lineage",
    "_last_updated_sequence_number": "Iceberg: row lineage",
    "_tmp_metadata_row_index": "Spark: position in a Parquet file",
}
_METADATA: Final = re.compile(r"_+metadata")


def fold(name: str) -> str:
    """Fold case at least as far as Java's equalsIgnoreCase does (dotted and dotless i included)."""
    return name.upper().casefold().replace("\u0307", "")


def is_hidden(name: str) -> bool:
    """Whether one part of a name names a hidden column."""
    folded = fold(name.strip())
    return folded in HIDDEN_COLUMNS or _METADATA.fullmatch(folded) is not None
