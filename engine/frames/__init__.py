"""Which frames a run has, and how many rows each: plans and their answers, no I/O. Trusted side.

plan = plan_frames(schema, dataset, segments=..., time=..., check_expression=...)
tables = [run(query) for query in count_queries(plan, source)]
frames = interpret_counts(plan, tables)
frames.frames[0].relation(source)
"""

from engine.frames.counts import count_queries
from engine.frames.interpret import FrameSet, PlannedFrame, interpret_counts
from engine.frames.plan import FramePlan, check_term_types, plan_frames, term_probe

__all__ = [
    "FramePlan",
    "FrameSet",
    "PlannedFrame",
    "check_term_types",
    "count_queries",
    "interpret_counts",
    "plan_frames",
    "term_probe",
]
