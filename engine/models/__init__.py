"""What callers hold: datasets, segment groups, time ranges, frames, results and runs. Pure values."""

from engine.models.dataset import Dataset
from engine.models.durations import Duration, parse_duration, parse_instant, parse_zone
from engine.models.frame import Frame, Segment
from engine.models.result import Cut, FrameError, Result, Status
from engine.models.run import Report, Run, RunTime
from engine.models.segments import Buckets, Cross, SegmentGroup, Terms, Values
from engine.models.time_range import TimeRange
from engine.models.windows import Window, windows

__all__ = [
    "Buckets",
    "Cross",
    "Cut",
    "Dataset",
    "Duration",
    "Frame",
    "FrameError",
    "Report",
    "Result",
    "Run",
    "RunTime",
    "Segment",
    "SegmentGroup",
    "Status",
    "Terms",
    "TimeRange",
    "Values",
    "Window",
    "parse_duration",
    "parse_instant",
    "parse_zone",
    "windows",
]
