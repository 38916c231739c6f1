"""Untrusted side. The runtime guards of one frame: reading and writing attributes, and imports.

Only what needs a guard has one, since a guard costs a call. Attributes do: they lead from data to
modules. Items, iteration and unpacking do not: no module or class that a metric can reach has items, and
what an item or an iteration yields is guarded when its attributes are read. Decisions are cached by type
and name; the cache and the set of the metric's own classes die with the frame.
"""

from __future__ import annotations

import collections
import importlib
import types
import typing
from collections.abc import Callable
from typing import Any, Final, NoReturn

from sandbox.language import attributes, strings
from sandbox.language.attributes import Refusal
from sandbox.language.builtins import BASES
from sandbox.language.clock import CLOCK, CLOCKS, HINT
from sandbox.language.dispatch import guard_dispatch
from sandbox.language.imports import (
    MODULES,
    extra_names,
    find_child,
    is_importable,
    is_opened,
    leads_to_opened,
    real_name,
    star_names,
)
from sandbox.language.methods import METHODS
from sandbox.language.pandas_text import guard_checked, guard_option
from sandbox.language.private_names import NAMED_TUPLE, is_named_tuple, is_private
from sandbox.language.problems import GuardRefused
from sandbox.language.standard import bases_of, guard_name

_WRITE_HINT: Final = "change your own objects and data; libraries and their settings stay as they are"


_SEALED: Final = frozenset(
    {
        types.FunctionType,
        types.ModuleType,
        types.CodeType,
        types.FrameType,
        types.TracebackType,
        types.CellType,
    }
)

# Data of Python itself: every public attribute only computes.
OPEN_TYPES: Final = frozenset(
    {bool, bytearray, bytes, complex, dict, float, frozenset, int, list, range, set, str, tuple}
)


class Guards:
    """Guards of one frame.

    Attributes:
        own_types: classes that the metric defined.
        open_types: types whose public attributes are all harmless but for `GUARDED_NAMES`; the rewritten
            code asks for these inline, which is three times as fast as a call.
        refusal: the first refusal, kept because the metric may have swallowed it.
    """

    def __init__(self, namespace: dict[str, Any], extra: tuple[str, ...]) -> None:
        self.own_types: set[type] = set()
        self.open_types: set[type] = set(OPEN_TYPES)
        self.refusal: GuardRefused | None = None
        self._namespace = namespace
        self._extra = extra
        self._bases = bases_of(extra)

    def refuse(self, code: str, message: str, hint: str = "") -> NoReturn:
        """Raise, and remember."""
        error = GuardRefused(code, message, hint)
        self.refusal = self.refusal or error
        raise error

    def make_check(self) -> Callable[[Any, str], Any]:
        """The `_check_` of rewritten code: `x.name` becomes `_check_(x, "name").name`.

        Returning the object rather than the attribute keeps the interpreter's fast method calls, and its
        own AttributeError on the author's line.
        """
        readable: collections.defaultdict[type, set[str]] = collections.defaultdict(set)

        def check(obj: Any, name: str) -> Any:
            if name in readable[type(obj)]:
                return obj
            holder, cacheable = self._hold(obj, name)
            if cacheable:
                readable[type(obj)].add(name)
            return holder

        return check

    def read(self, obj: Any, name: str) -> Any:
        """`getattr(obj, name)`, or a refusal."""
        self._check_text(name)
        return getattr(self._hold(obj, name)[0], name)

    def has_attribute(self, obj: Any, name: str) -> bool:
        """`hasattr`; what may not be read is not there."""
        self._check_text(name)
        return self._find_refusal(obj, name) is None and hasattr(obj, name)

    def read_special(self, obj: Any, name: str) -> Any:
        """`super().__init__`, `Base.__init__` and `type(x).__name__`: the dunders in the table of methods."""
        bound: Any = obj  # typeshed does not know the attributes of super objects
        own = (bound.__self_class__ if type(obj) is super else type(obj)) in self.own_types
        if issubclass(type(obj), type):
            own = obj in self.own_types or obj in BASES or name == "__name__"
        if name == "__name__" and isinstance(obj, types.FunctionType | types.BuiltinFunctionType):
            own = True
        if not own or (name not in METHODS and name != "__name__"):
            message = f"attribute {name!r} begins with an underscore"
            self.refuse("attribute-underscore", message, "only public attributes can be used")
        return getattr(obj, name)

    def write(self, obj: Any, name: str) -> Any:
        """The object itself, if its attribute may be assigned; the rewritten code then assigns it."""
        self._check_text(name)
        kind = type(obj)
        own = kind in self.own_types or (issubclass(kind, type) and obj in self.own_types)
        refusal = attributes.check_name(name)
        if refusal is not None and not (own and is_private(name)):
            self.refuse(*refusal)
        if own:
            return obj
        if kind is types.FunctionType and self.is_own_function(obj):
            return obj
        rule = None if issubclass(kind, type) else attributes.find_rule(kind)
        column = rule and rule.writable and rule.columns and not hasattr(kind, name)
        if not column and (rule is None or name not in rule.writable):
            where = (
                obj.__name__ if isinstance(obj, type | types.ModuleType) else attributes.describe_type(kind)
            )
            self.refuse("write-refused", f"attribute {name!r} of {where} may not be changed", _WRITE_HINT)
        return obj

    def add_own_type(self, kind: type) -> None:
        """Count a class as the metric's own. Exceptions keep attributes that lead to frames and objects."""
        self.own_types.add(kind)
        if not issubclass(kind, BaseException):
            self.open_types.add(kind)

    def is_own_function(self, function: types.FunctionType) -> bool:
        """Whether the metric itself defined a function."""
        return function.__globals__ is self._namespace

    def is_base(self, base: Any) -> bool:
        """Whether a class of the metric may inherit from something: a type, or what stands for one."""
        base = typing.get_origin(base) or base  # Generic[T], list[int]
        return base in BASES or base in self._bases or base in self.own_types

    def check_not_sealed(self, kind: type) -> None:
        """Refuse `type(x)` where calling the result would make a new session, frame, function or module."""
        rule = attributes.find_rule(kind)
        if kind in _SEALED or (rule and rule.sealed):
            name = attributes.describe_type(kind)
            self.refuse(
                "call-refused", f"the type of a {name} is not open to metrics", "use isinstance or hasattr"
            )

    def import_module(self, module: str, bind_root: bool) -> Any:
        """`import a.b.c`: the root for the statement without `as`, else the module itself."""
        if not is_importable(module, self._extra):
            self.refuse("import-refused", f"module {module} may not be imported")
        loaded = importlib.import_module(real_name(module))
        return importlib.import_module(module.partition(".")[0]) if bind_root else loaded

    def import_name(self, module: str, name: str) -> Any:
        """`from module import name`."""
        child = find_child(real_name(module), name) or f"{module}.{name}"
        if child in MODULES or child in self._extra:
            return importlib.import_module(child)
        loaded = importlib.import_module(real_name(module))
        rule = MODULES.get(real_name(module))
        if rule is None and not hasattr(loaded, name) and is_opened(child, self._extra):
            return importlib.import_module(child)
        if rule and name in rule.allowed:
            return self._guard_value(loaded, name, getattr(loaded, name))
        return self.read(loaded, name)

    def import_star(self, module: str) -> None:
        """`from module import *`: every public name on the allowlist."""
        loaded = importlib.import_module(real_name(module))
        for name in star_names(module, self._extra):
            if hasattr(loaded, name):
                self._namespace[name] = self.import_name(module, name)

    def _check_text(self, name: object) -> None:
        if type(name) is not str:
            self.refuse("call-refused", "an attribute's name must be a plain str", "pass a string")

    def _hold(self, obj: Any, name: str) -> tuple[Any, bool]:
        """An object whose attribute may be read; whether the decision holds for all objects of this type.

        Usually the object itself; a stand-in where the attribute must be a guarded form.
        """
        refusal = self._find_refusal(obj, name)
        if refusal is not None:
            self.refuse(*refusal)
        kind = type(obj)
        if issubclass(kind, types.ModuleType):
            child = find_child(obj.__name__, name)
            value = importlib.import_module(child) if child else getattr(obj, name)
            return _stand_in(name, self._guard_value(obj, name, value)), False
        if name in ("format", "format_map"):
            text = obj.__self__ if kind is super else obj
            if isinstance(text, str):
                make = strings.make_format if name == "format" else strings.make_format_map
                return _stand_in(name, make(text, self.read)), False
            if issubclass(kind, type) and issubclass(obj, str):
                return _stand_in(name, strings.make_unbound(name, self.read)), False
        if name in CLOCKS:
            try:
                told = CLOCK.stand_in(obj, name)
            except LookupError:
                where = obj.__name__ if isinstance(obj, type) else kind.__name__
                self.refuse("attribute-refused", f"{where}.{name} reads the machine's clock", HINT)
            if told is not None:
                return _stand_in(name, told), False
        rule = None if kind in self.own_types else attributes.find_rule(kind)
        if rule and name in rule.dispatch:
            guarded = guard_dispatch(getattr(obj, name), rule.dispatch[name], self.refuse)
            return _stand_in(name, guarded), False
        if rule and name in rule.checked:
            return _stand_in(name, guard_checked(name, getattr(obj, name), self.refuse)), False
        if rule and name in rule.templates:
            return _stand_in(name, strings.guard_template(getattr(obj, name), self.refuse)), False
        return obj, not issubclass(kind, type | super)

    def _guard_value(self, module: Any, name: str, value: Any) -> Any:
        rule = MODULES.get(module.__name__)
        if rule and name in rule.dispatch:
            return guard_dispatch(value, rule.dispatch[name], self.refuse)
        if rule and name in rule.guarded and module.__name__ == "pandas":
            return guard_option(name, value, self.refuse)
        if rule and name in rule.guarded:
            return guard_name(self, name, value)
        return value

    def _find_refusal(self, obj: Any, name: str) -> Refusal | None:
        refusal = attributes.check_name(name)
        if refusal is not None:
            return None if is_private(name) and self._has_private(obj, name) else refusal
        kind = type(obj)
        if issubclass(kind, types.ModuleType):
            return self._check_module(obj, name)
        if issubclass(kind, type):
            return self._check_class(obj, name)
        if kind is super:
            kind = obj.__self_class__
        if kind in self.own_types and not issubclass(kind, BaseException):
            return None
        return attributes.check_attribute(kind, name, self._extra)

    def _has_private(self, obj: Any, name: str) -> bool:
        """Whether a private attribute is the metric's own, or one that every named tuple has."""
        holder: Any = obj  # typeshed does not know the attributes of super objects
        kind = holder.__self_class__ if type(obj) is super else obj if isinstance(obj, type) else type(obj)
        return kind in self.own_types or (name in NAMED_TUPLE and is_named_tuple(kind))

    def _check_class(self, kind: type, name: str) -> Refusal | None:
        if name in ("mro", "register"):
            return "attribute-refused", f"{kind.__name__}.{name} is not open to metrics", "use isinstance"
        if kind in self.own_types:
            return None
        refusal = attributes.check_attribute(kind, name, self._extra)
        rule = attributes.find_rule(kind)
        if refusal is None and rule and name in rule.dispatch.keys() | rule.checked | rule.templates:
            hint = f"call it on an object: x.{name}(...)"
            return "attribute-refused", f"{kind.__name__}.{name} is taken from the class", hint
        return refusal

    def _check_module(self, module: Any, name: str) -> Refusal | None:
        if leads_to_opened(module, name, self._extra):
            return None
        if module.__name__ in MODULES or not is_opened(module.__name__, self._extra):
            return attributes.check_module_attribute(module.__name__, name)
        if name in extra_names(module, self._extra):
            return None
        message = f"{module.__name__}.{name} is not open to metrics"
        return "attribute-refused", message, "only what the module itself defines can be used"


def _stand_in(name: str, value: Any) -> types.SimpleNamespace:
    return types.SimpleNamespace(**{name: value})
