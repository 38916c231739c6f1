"""A Java that ends with the process that started it, also when that is killed: `python -I -S launch.py PARENT
JAVA WORD...`.

Spark's parts end each other when they are told to; one whose parent is killed would go on for ever. Standard
library only, so that it starts in 20 ms.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
# Spark asks for this module where it starts Java itself, and the Java of PyPI lacks it.
_LACKING = "--add-modules=jdk.incubator.vector"


def main() -> None:
    """Become that Java; it dies with the thread that started it."""
    parent, java, *words = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() == int(parent):  # else it died before
        os.execv(java, [java, *(word for word in words if word != _LACKING)])


if __name__ == "__main__":
    main()
