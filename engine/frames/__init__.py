"""Which frames a run has, and how many rows each: plans and their answers, no I/O. Trusted side.

plan = plan_frames(schema, dataset, segments=..., time=..., check_expression=...)
tables = [run(query) for query in count_queries(plan, source)]
frames = interpret_counts(plan, tables)
frames.frames[0].relation(source)

Or with one query, if there are not too many cells:

names = tuple(f"k{i}" for i in range(len(frame_keys(plan))))
*keys, rows = run(cell_query(plan, source, names, most)).columns
frames = interpret_cells(plan, Cells(keys, rows.to_numpy()))
frame_of_each_row = frames_of(frames.families[1], [columns[key] for key in frames.families[1].keys])
"""

from engine.frames.baseline import Places, baseline_places, with_segments
from engine.frames.cells import interpret_cells
from engine.frames.counts import count_queries
from engine.frames.families import Family, frames_of
from engine.frames.frameset import FrameSet, Members, PlannedFrame
from engine.frames.interpret import interpret_counts
from engine.frames.keys import Cells, cell_query, frame_keys, has_exact_keys
from engine.frames.numbering import Numbering, number_rows
from engine.frames.plan import FramePlan, check_term_types, plan_frames, term_probe

__all__ = [
    "Cells",
    "Family",
    "FramePlan",
    "FrameSet",
    "Members",
    "Numbering",
    "Places",
    "PlannedFrame",
    "baseline_places",
    "cell_query",
    "check_term_types",
    "count_queries",
    "frame_keys",
    "frames_of",
    "has_exact_keys",
    "interpret_cells",
    "interpret_counts",
    "number_rows",
    "plan_frames",
    "term_probe",
    "with_segments",
]
