"""What is known of the files that a relation reads. Values."""

from __future__ import annotations

from dataclasses import dataclass

from engine.spark.native.types import SparkType


@dataclass(frozen=True, slots=True)
class ScanField:
    """A column of a source.

    Attributes:
        name: the column's name in the source.
        type: the type that Spark reads it as.
        unproven: why it cannot be read natively; empty if it can.
    """

    name: str
    type: SparkType
    unproven: str = ""


@dataclass(frozen=True, slots=True)
class Scan:
    """Files with one schema.

    Attributes:
        paths: of the files, in the order of the relation.
        fields: the columns; each may be null.
        whole: whether Spark surely reads all of it in one partition.
    """

    paths: tuple[str, ...]
    fields: tuple[ScanField, ...]
    whole: bool = False
