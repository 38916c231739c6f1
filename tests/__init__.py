"""The tests."""

import os

# A command that a test runs leaves no process behind that goes on to build class archives for the next one.
os.environ["CALCMETRIC_TRAINING"] = "off"
