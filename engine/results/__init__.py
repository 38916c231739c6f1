"""From what a worker reports to what a caller may believe. Pure."""

from engine.results.names import judge_names
from engine.results.problems import clean_problems
from engine.results.signature import check_signature
from engine.results.text import clean_text
from engine.results.validate import Judgement, excused, judge

__all__ = ["Judgement", "check_signature", "clean_problems", "clean_text", "excused", "judge", "judge_names"]
