"""Running a compiled policy as the kernel would."""

from __future__ import annotations

import struct

from sandbox.confine.bpf import Action, Policy, compile_policy
from sandbox.confine.numbers import NUMBERS, Architecture

PID = 4711


def decide(
    policy: Policy, architecture: Architecture, call: str | int, *arguments: int, audit: int | None = None
) -> Action:
    """Run the compiled program as the kernel would."""
    number = NUMBERS[call][architecture.column] if isinstance(call, str) else call
    words = [*arguments, *([0] * (6 - len(arguments)))]
    data = struct.pack(
        "<IIQ6Q", number, audit or architecture.audit, 0, *(word & (1 << 64) - 1 for word in words)
    )
    code = compile_policy(policy, architecture).bind(PID)
    assert len(code) // 8 <= 4096, "the kernel takes no longer program"
    at = accumulator = 0
    while True:
        opcode, if_true, if_false, operand = struct.unpack_from("<HBBI", code, at * 8)
        at += 1
        if opcode == 0x20:
            accumulator = struct.unpack_from("<I", data, operand)[0]
        elif opcode == 0x54:
            accumulator &= operand
        elif opcode == 0x15:
            at += if_true if accumulator == operand else if_false
        elif opcode == 0x35:
            at += if_true if accumulator >= operand else if_false
        else:
            assert opcode == 0x06
            return Action(operand)
