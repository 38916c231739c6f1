"""Fuzz the readers of hostile bytes: `python -m tests.fuzz [TARGET] [--minutes 10]`; `settings` names them.

`python -m tests.fuzz native [--seconds 600] [--seed N]` fuzzes native answers, with Spark as the judge.

The others need `pip install -e '.[fuzz]'`. Without a target all six of them are fuzzed, one after the other.
A finding is kept beside the corpus, where the default tests fail on it until it is mended; the exit status is
then 1. Otherwise the corpus is grown by what was found to be new, and made small again.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.fuzz.minimise import smallest
from tests.fuzz.seeds import seeds
from tests.fuzz.settings import CORPUS, SETTINGS
from tests.fuzz.targets import TARGETS

_UNIT_SECONDS = 20  # an input that takes longer is a finding
_MEMORY_MB = 3_000


def main() -> int:
    """Fuzz as the command line says; 0 if nothing was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("target", nargs="?", choices=[*SETTINGS, "native"])
    parser.add_argument("--minutes", type=float, default=10.0, help="for each target")
    parser.add_argument("--seconds", type=float, help="the same in seconds")
    parser.add_argument("--seed", type=int, default=0, help="of native plans; others draw others each time")
    options = parser.parse_args()
    seconds = options.minutes * 60 if options.seconds is None else options.seconds
    if options.target == "native":
        from tests.fuzz.native import fuzz as fuzz_native  # it starts servers, and the others need none

        return 1 if fuzz_native(seconds, options.seed) else 0
    found = 0
    for name in [options.target] if options.target else SETTINGS:
        found += fuzz(name, int(seconds))
    return 1 if found else 0


def fuzz(name: str, seconds: int) -> int:
    """Fuzz one target; give the number of findings, and one if the fuzzer itself failed."""
    with tempfile.TemporaryDirectory() as temporary:
        work, first, kept = Path(temporary, "work"), Path(temporary, "first"), CORPUS / name
        for folder in (work, first, kept):
            folder.mkdir(parents=True, exist_ok=True)
        for data in seeds(name):
            _keep(first, data)
        command = [sys.executable, "-m", "tests.fuzz.harness", name, f"-max_total_time={seconds}"]
        command += [f"-timeout={_UNIT_SECONDS}", f"-rss_limit_mb={_MEMORY_MB}", "-print_final_stats=1"]
        command += [f"-artifact_prefix={temporary}/", str(work), str(kept), str(first)]
        ended = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
        findings = [path for path in Path(temporary).iterdir() if path.is_file()]
        _report(name, seconds, ended, findings)
        for path in findings:
            _keep(kept, path.read_bytes(), "found-")
        if ended.returncode == 0:
            _grow(name, [work, kept, first])
    return len(findings) or int(ended.returncode != 0)


def _grow(name: str, folders: list[Path]) -> None:
    """Write the corpus anew."""
    inputs = [path.read_bytes() for folder in folders for path in folder.iterdir()]
    chosen = smallest(inputs, TARGETS[name], SETTINGS[name])
    for path in (CORPUS / name).iterdir():
        path.unlink()
    for data in chosen:
        _keep(CORPUS / name, data)
    print(f"{name}: kept {len(chosen)} inputs of {len(inputs)}, {sum(map(len, chosen)):,} bytes")


def _keep(folder: Path, data: bytes, prefix: str = "") -> None:
    (folder / f"{prefix}{hashlib.sha256(data).hexdigest()[:16]}").write_bytes(data)


def _report(name: str, seconds: int, ended: subprocess.CompletedProcess[str], findings: list[Path]) -> None:
    numbers = dict(re.findall(r"stat::(\w+):\s+(\d+)", ended.stderr))
    print(
        f"{name}: {seconds / 60:g} minutes, {numbers.get('number_of_executed_units', '?')} executions, "
        f"{numbers.get('average_exec_per_sec', '?')} per second, {len(findings)} findings"
    )
    if ended.returncode:
        print(
            "\n".join(
                line for line in ended.stderr.splitlines() if not line.startswith(("#", "INFO", "WARN", "0x"))
            )[-4_000:]
        )


if __name__ == "__main__":
    sys.exit(main())
