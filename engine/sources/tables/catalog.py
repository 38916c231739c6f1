"""Where an Iceberg table lies, as a catalog says that pyiceberg's own configuration names. An adapter.

The catalog is the operator's, and asked by the engine. Where it says that a table lies is looked at as if
somebody had named the place: it has to be within the roots.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.errors import DataError
from engine.models.tables import TableName
from engine.sources.files import ICEBERG_METADATA
from engine.sources.tables.problems import TABLE_FEATURE, TABLE_LOG, TABLE_PATH


@dataclass(frozen=True, slots=True)
class Located:
    """A table that a catalog knows.

    Attributes:
        place: its folder, or its place in an object store.
        metadata: the name of the file that tells of its latest state.
    """

    place: str
    metadata: str


def locate(table: TableName) -> Located:
    """Where a table lies that is named as CATALOG.NAMESPACE.TABLE.

    Raises:
        DataError: there is no such catalog or table, or the catalog cannot be asked.
    """
    try:
        from pyiceberg.catalog import load_catalog
        from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError
    except ImportError:
        raise DataError(
            f"{table} is the name of an Iceberg table; to read such, install what that needs: "
            "pip install 'calcmetric[iceberg]'",
            code=TABLE_FEATURE,
        ) from None
    catalog, *name = table.path.split(".")
    try:
        with load_catalog(catalog) as asked:  # its connections are not left to the garbage collector
            found = asked.load_table(tuple(name))
        place, metadata = found.metadata.location.rstrip("/"), str(found.metadata_location)
    except (NoSuchTableError, NoSuchNamespaceError):
        raise DataError(
            f"{table}: the catalog {catalog!r} has no table {'.'.join(name)!r}", code=TABLE_LOG
        ) from None
    except Exception as error:  # whatever its client has for it; the text may tell of addresses and users
        raise DataError(
            f"{table}: there is no folder of that name, and the catalog {catalog!r} cannot be asked "
            f"({type(error).__name__}); pyiceberg's configuration names catalogs: .pyiceberg.yaml, or "
            f"PYICEBERG_CATALOG__{catalog.upper()}__URI",
            code=TABLE_LOG,
        ) from error
    folder, _, file = metadata.rpartition("/")
    if folder != f"{place}/{ICEBERG_METADATA}":
        raise DataError(
            f"{table}: its metadata {metadata!r} is refused: it is not in the table's own folder {place!r}",
            code=TABLE_PATH,
        )
    return Located(place, file)
