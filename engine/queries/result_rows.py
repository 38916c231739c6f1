"""Rows that were made of those of a dataset, in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyspark.sql.connect.proto as pb

from engine.frames import Family, FrameSet, Numbering, PlannedFrame
from engine.frames.build import call, column, filtered, long, named, projected
from engine.queries.answers import FrameNumbers
from engine.queries.asking import FrameSource
from engine.spark.fusion.group_keys import keyed_base


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRows(FrameSource):
    """Rows each of which is in the frames in which the dataset's row is that it was made of.

    Attributes:
        rows: those of `relation`, with the columns of `codes`.
        codes: for each family the name of the column that holds the frame of it that a row is in, or -1.
    """

    rows: pb.Relation
    codes: tuple[str, ...]

    @classmethod
    def of(
        cls, source: FrameSource, rows: pb.Relation, schema: pb.DataType, codes: tuple[str, ...]
    ) -> ResultRows:
        """What was made of the rows of a source.

        Args:
            source: the rows that it was made of.
            rows: as `ResultRows.rows`.
            schema: the type of the rows without the columns of `codes`, a struct.
            codes: as `ResultRows.codes`.
        """
        return cls(
            session=source.session,
            relation=projected(rows, [named(column(one.name), one.name) for one in schema.struct.fields]),
            schema=schema,
            plan=source.plan,
            spark=source.spark,
            account=source.account,
            on_disturbed=source.on_disturbed,
            rows=rows,
            codes=codes,
        )

    @property
    def full(self) -> pb.Relation:
        """All rows: none was made of a row outside of the run's range."""
        return self.relation

    @property
    def overall(self) -> pb.Relation:
        """All rows."""
        return self.relation

    @property
    def keys(self) -> tuple[pb.Expression, ...]:
        """The columns of `codes`."""
        return tuple(map(column, self.codes))

    def rows_of(self, frame: PlannedFrame) -> pb.Relation:
        """The rows of a frame of a family."""
        return self._own(self._in_frames(frame.family, "=", frame.frame.index))

    def numbering(self, frames: FrameSet) -> Numbering | None:
        """None: the keys are numbers of frames."""
        del frames
        return None

    def keyed(self, read: pb.Relation, keys: Sequence[tuple[str, pb.Expression]]) -> pb.Relation:
        """As `FrameSource.keyed`."""
        return keyed_base(read, self._own(self.rows, keys), ())

    def keyed_family(
        self, read: pb.Relation, number: int, family: Family, names: Sequence[str]
    ) -> pb.Relation:
        """As `FrameSource.keyed_family`."""
        del family
        keys = [(names[0], column(self.codes[number]))]
        return keyed_base(read, self._own(self._in_frames(number, ">=", 0), keys), ())

    def family_keys(self, family: Family) -> int:
        """As `FrameSource.family_keys`."""
        del family
        return 1

    def frames_in(self, family: Family, keys: Sequence[pa.Array], count: int) -> FrameNumbers:
        """As `FrameSource.frames_in`."""
        del family, count
        return _numbers(keys[0])

    def place(self, number: int, family: Family, keys: Sequence[pa.Array], count: int) -> FrameNumbers:
        """As `FrameSource.place`."""
        del family, count
        return _numbers(keys[number])

    def packed(self, keys: Sequence[pa.Array]) -> Sequence[pa.Array]:
        """The same keys, which are numbers of frames."""
        return keys

    def _in_frames(self, family: int, comparison: str, frame: int) -> pb.Relation:
        return filtered(self.rows, call(comparison, column(self.codes[family]), long(frame)))

    def _own(self, rows: pb.Relation, keys: Sequence[tuple[str, pb.Expression]] = ()) -> pb.Relation:
        """The columns that a guest sees, and some keys."""
        return projected(rows, [*map(column, self.columns), *(named(value, name) for name, value in keys)])


def _numbers(column: pa.Array) -> FrameNumbers:
    numbers: FrameNumbers = np.asarray(column.to_numpy(zero_copy_only=False))
    return numbers
