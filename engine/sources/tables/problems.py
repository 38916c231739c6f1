"""What can be wrong with tables: codes with their meanings."""

from __future__ import annotations

from typing import Final

TABLE_FEATURE: Final = "table-feature"
TABLE_LOG: Final = "table-log"
TABLE_PATH: Final = "table-path"
TABLE_FILE: Final = "table-file"
TABLE_TYPE: Final = "table-type"
# Documented in docs/reading.md.
TABLE_CODES: Final = {
    TABLE_FEATURE: "a table that needs something unsupported: a newer protocol, or a feature, which is named",
    TABLE_LOG: "a log with a gap, half written or damaged, or without the version that is asked for",
    TABLE_PATH: "a file of the table that lies outside its folder",
    TABLE_FILE: "a file of the table that is gone, cut off or damaged, or was removed while it was read",
    TABLE_TYPE: "a data file whose columns are not those of the table",
}
