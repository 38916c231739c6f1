"""A zygote with one broken step of confinement: `python -m tests.confine.stand_in STEP HOW FD`."""

from __future__ import annotations

import dataclasses
import errno
import sys


def break_steps(broken: dict[str, str]) -> None:
    """Replace steps by name: "fail" raises what the kernel would, "drop" does nothing."""
    from sandbox.confine import steps

    def fail(_: object) -> None:
        raise PermissionError(errno.EPERM, "refused by the test")

    actions = {"fail": fail, "drop": lambda _: None}
    assert broken.keys() <= {step.name for step in steps.STEPS}
    steps.STEPS = tuple(
        dataclasses.replace(step, take=actions[broken[step.name]]) if step.name in broken else step
        for step in steps.STEPS
    )


def main() -> None:
    """Be the zygote."""
    from sandbox import zygote

    break_steps({sys.argv.pop(1): sys.argv.pop(1)})
    zygote.main()


if __name__ == "__main__":
    main()
