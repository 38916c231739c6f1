"""Untrusted side. `str.format` and `format_map` that reach attributes only through the guard.

`"{0.__class__}".format(x)` walks attributes in C, past every guard (CVE-2023-41039). A template without
"." and "[" in its fields cannot, and goes to the real method; any other is formatted here.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

Getattr = Callable[[Any, str], Any]


class _GuardedFormatter(string.Formatter):
    """Python's own formatter, with attribute access through the guard."""

    def __init__(self, getattr_guard: Getattr) -> None:
        self._getattr = getattr_guard

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        first, _, _ = field_name.partition(".")
        first, _, _ = first.partition("[")
        value = self.get_value(int(first) if first.isdigit() else first, args, kwargs)
        for is_attribute, key in _split_path(field_name[len(first) :]):
            value = self._getattr(value, key) if is_attribute else value[int(key) if key.isdigit() else key]
        return value, first


def _split_path(path: str) -> list[tuple[bool, str]]:
    """The steps of ".a[0].b": (is it an attribute, its text)."""
    steps = []
    while path:
        if path[0] == "[":
            key, closing, path = path[1:].partition("]")
            if not closing or not key:
                raise ValueError("Missing ']' or empty index in format string")
            steps.append((False, key))
            continue
        if path[0] != ".":
            raise ValueError("Only '.' or '[' may follow ']' in format field specifier")
        ends = [position for mark in ".[" if (position := path.find(mark, 1)) > 0]
        end = min(ends, default=len(path))
        if end == 1:
            raise ValueError("Empty attribute in format string")
        steps.append((True, path[1:end]))
        path = path[end:]
    return steps


def _is_plain(template: str) -> bool:
    """Whether no field of the template, nested ones included, reaches an attribute or an item."""
    for _, field, spec, _ in string.Formatter().parse(template):
        if field and ("." in field or "[" in field):
            return False
        if spec and not _is_plain(spec):
            return False
    return True


def make_format(template: str, getattr_guard: Getattr) -> Callable[..., str]:
    """The bound method `template.format`, safe."""
    text = str.__str__(template)

    def format(*args: Any, **kwargs: Any) -> str:
        if _is_plain(text):
            return str.format(text, *args, **kwargs)
        return _GuardedFormatter(getattr_guard).vformat(text, args, kwargs)

    return format


def make_format_map(template: str, getattr_guard: Getattr) -> Callable[[Mapping[str, Any]], str]:
    """The bound method `template.format_map`, safe."""
    text = str.__str__(template)

    def format_map(mapping: Mapping[str, Any]) -> str:
        if _is_plain(text):
            return str.format_map(text, mapping)
        return _GuardedFormatter(getattr_guard).vformat(text, (), mapping)

    return format_map


def guard_template(
    call: Callable[..., Any], refuse: Callable[[str, str, str], NoReturn]
) -> Callable[..., Any]:
    """A method such as `session.sql`, which formats its text in Python when keywords come with it."""

    def guarded(text: str, *args: Any, **kwargs: Any) -> Any:
        if type(text) is not str or (kwargs and not _is_plain(text)):
            hint = "use plain {name} fields, and compute the value beforehand"
            refuse("call-refused", "a field of the text accesses an attribute or item of its value", hint)
        return call(text, *args, **kwargs)

    return guarded


def make_unbound(name: str, getattr_guard: Getattr) -> Callable[..., str]:
    """`str.format` or `str.format_map` as taken from the class, safe."""
    make = make_format if name == "format" else make_format_map

    def unbound(template: str, /, *args: Any, **kwargs: Any) -> str:
        if not isinstance(template, str):
            raise TypeError(f"descriptor {name!r} requires a 'str' object")
        return make(template, getattr_guard)(*args, **kwargs)

    return unbound
