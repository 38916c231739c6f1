"""One target under atheris: `python -m tests.fuzz.harness TARGET [arguments of libFuzzer] [folders]`."""

from __future__ import annotations

import logging
import sys

import atheris

from tests.fuzz.settings import SETTINGS


def main() -> None:
    """Fuzz until told to stop, or until something is found."""
    name = sys.argv[1]
    setting = SETTINGS[name]
    with atheris.instrument_imports(include=list(setting.modules)):
        from tests.fuzz.targets import TARGETS
    from tests.fuzz.mutate import mutate_data, mutate_frames, mutate_plan, mutate_words
    from tests.fuzz.seeds import words

    logging.disable()
    known = words(name)

    def mutate(data: bytes, longest: int, seed: int) -> bytes:
        if name == "frames":
            return mutate_frames(data, longest, seed, atheris.Mutate)
        if name == "data":
            return mutate_data(data, longest, seed, atheris.Mutate)
        if setting.worded:
            return mutate_words(data, longest, seed, atheris.Mutate, known)
        return mutate_plan(data, longest, seed, atheris.Mutate)

    arguments = [sys.argv[0], f"-max_len={setting.longest}", *sys.argv[2:]]
    atheris.Setup(arguments, TARGETS[name], custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
