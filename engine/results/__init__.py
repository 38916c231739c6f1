"""From what a worker reports to what a caller may believe. Pure."""

from engine.results.names import validate_names
from engine.results.problems import clean_problems
from engine.results.signature import check_signature
from engine.results.text import clean_text
from engine.results.validate import Validated, excused, validate_outcome

__all__ = [
    "Validated",
    "check_signature",
    "clean_problems",
    "clean_text",
    "excused",
    "validate_names",
    "validate_outcome",
]
