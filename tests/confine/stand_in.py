"""Zygotes with something broken, in place of the engine's.

As a program: `stand_in.py WHAT HOW FD`. WHAT is a step of a worker's confinement ("fail" raises what the
kernel would, "drop" does nothing), or a system call that the host refuses with the error HOW.
"""

from __future__ import annotations

import dataclasses
import errno
import sys


def break_steps(broken: dict[str, str]) -> None:
    """Replace steps of a worker's confinement, by name."""
    from sandbox.confine import steps

    def fail(_: object) -> None:
        raise PermissionError(errno.EPERM, "refused by the test")

    actions = {"fail": fail, "drop": lambda _: None}
    assert broken.keys() <= {step.name for step in steps.STEPS}
    steps.STEPS = tuple(  # type: ignore[misc, assignment]
        dataclasses.replace(step, take=actions[broken[step.name]]) if step.name in broken else step
        for step in steps.STEPS
    )


def main() -> None:
    """Be the zygote."""
    from sandbox import zygote
    from sandbox.confine.steps import STEPS
    from tests.confine.harness import _deny

    what, how = sys.argv.pop(1), sys.argv.pop(1)
    if what in {step.name for step in STEPS}:
        break_steps({what: how})
    else:
        _deny({what: how})
    zygote.main()


if __name__ == "__main__":
    main()
