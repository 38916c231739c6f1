"""What can be wrong with tables that results are appended to: codes with their meanings."""

from __future__ import annotations

from typing import Final

RESULTS_TABLE: Final = "results-table"
RESULTS_CODES: Final = {
    RESULTS_TABLE: "a table that cannot take results: it holds something else, or its writer refuses",
}
