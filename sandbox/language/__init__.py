"""Untrusted side: the language of a metric. Compile a source under the policy, load it for one frame.

Runs inside the confined worker only. RestrictedPython's visitor refuses every syntax node without a
rule; the tables in `tables/` say what of the allowed libraries a metric may touch. This layer gives
early and friendly refusals and depth; it is not the wall, which is the kernel and the gateway.
"""

from sandbox.language.compile import compile_source, compile_unrestricted
from sandbox.language.load import load
from sandbox.language.problems import CODES, GuardRefused
from sandbox.language.program import FILENAME, Program

__all__ = ["CODES", "FILENAME", "GuardRefused", "Program", "compile_source", "compile_unrestricted", "load"]
