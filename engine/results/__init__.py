"""From what a worker reports to what a caller may believe. Pure."""

from engine.results.problems import clean_problems
from engine.results.text import clean_text
from engine.results.validate import Judgement, excused, judge

__all__ = ["Judgement", "clean_problems", "clean_text", "excused", "judge"]
