"""The version of calcmetric, as results report it."""

from importlib.metadata import version

VERSION = version("calcmetric")
