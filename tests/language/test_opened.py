"""Packages that a site opens to its metrics: what of them a metric reaches, and what it does not."""

import sys

import pytest

from sandbox.contract.opened import PRESETS
from sandbox.language import standard
from tests.language.running import codes_when_run, compile_text, errors_of, run

FILES = {
    "__init__.py": "import os\nfrom tiny._inner import Scaler, double\nfrom json import dumps\n"
    "VERSION = '1'\nSETTINGS = {}\n",
    "_inner.py": "import os\n\n\ndef double(x):\n    return 2 * x\n\n\nclass Scaler:\n    _hidden = 1\n"
    "    def fit(self, x):\n        self.mean_ = sum(x) / len(x)\n        return self\n"
    "    def to_csv(self, path):\n        return path\n",
    "scores.py": "import os\nfrom tiny import double\n\n\ndef score(x):\n    return double(x) + 1\n",
    "deep/__init__.py": "",
    "deep/more.py": "def half(x):\n    return x / 2\n",
}


@pytest.fixture(scope="module", autouse=True)
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("packages")
    for name, text in FILES.items():
        path = folder / "tiny" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        yield folder
    for name in [one for one in sys.modules if one.partition(".")[0] == "tiny"]:
        del sys.modules[name]


WORKS = {
    "the root": ("import tiny", "tiny.double(2)", 4),
    "a class": ("import tiny", "tiny.Scaler().fit([1, 3]).mean_", 2),
    "a constant": ("import tiny", "int(tiny.VERSION)", 1),
    "a module below": ("import tiny.scores", "tiny.scores.score(1)", 3),
    "by another name": ("import tiny.scores as s", "s.score(1)", 3),
    "from the root": ("from tiny import scores", "scores.score(1)", 3),
    "a name from below": ("from tiny.scores import score", "score(1)", 3),
    "deep below": ("import tiny.deep.more", "tiny.deep.more.half(4)", 2),
    "a module that nothing loaded": ("from tiny.deep import more", "more.half(4)", 2),
    "everything": ("from tiny import *", "double(2)", 4),
}


@pytest.mark.parametrize("name", WORKS)
def test_a_package_is_open_with_what_is_below_it(name):
    statement, expression, value = WORKS[name]
    text = f"{statement}\ndef calc_metric(df):\n    return {expression}\n"
    assert run(text, extra_imports=("tiny",)) == value
    assert {problem.code for problem in errors_of(compile_text(text))} == {"import-refused"}


REFUSED = {
    "a module that it imports": ("import tiny", "tiny.os"),
    "the same by name": ("from tiny import os", "os"),
    "the same by a computed name": ("import tiny", "getattr(tiny, 'o' + 's')"),
    "of a module below": ("import tiny.scores", "tiny.scores.os"),
    "a function from elsewhere": ("import tiny", "tiny.dumps"),
    "a private module": ("import tiny._inner", "1"),
    "the same from the root": ("from tiny import _inner", "1"),
    "a container that all frames share": ("import tiny", "tiny.SETTINGS"),
    "a private attribute": ("import tiny", "tiny.Scaler()._hidden"),
    "what writes": ("import tiny", "tiny.Scaler().to_csv('x')"),
    "a change": ("import tiny", "setattr(tiny, 'VERSION', '2')"),
    "the path of its files": ("import tiny", "tiny.__file__"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_a_package_imports_or_hides_is_refused(name):
    statement, expression = REFUSED[name]
    assert codes_when_run(
        f"{statement}\ndef calc_metric(df):\n    return {expression}\n", extra_imports=("tiny",)
    ) & {"attribute-refused", "import-refused", "name-underscore", "attribute-underscore", "write-refused"}


def test_a_module_below_opens_neither_its_package_nor_its_neighbours():
    head, tail = "import tiny.deep.more\nimport tiny\ndef calc_metric(df):\n    return ", "\n"
    extra = ("tiny.deep.more",)
    text = "import tiny.deep.more\ndef calc_metric(df):\n    return tiny.deep.more.half(4)\n"
    assert run(text, extra_imports=extra) == 2
    for expression in ("tiny.double(2)", "tiny.VERSION", "tiny.scores.score(1)", "tiny.deep.os"):
        assert codes_when_run(head.replace("import tiny\n", "") + expression + tail, extra_imports=extra) == {
            "attribute-refused"
        }
    assert {one.code for one in errors_of(compile_text(f"{head}1{tail}", extra_imports=extra))} == {
        "import-refused"
    }


def test_a_module_below_an_open_library_is_opened_by_its_name():
    extra, name = ("statsmodels.stats.weightstats",), "statsmodels.stats.weightstats"
    text = f"import {name}\ndef calc_metric(df):\n    return {name}.DescrStatsW([1.0, 3.0]).mean\n"
    assert "import-refused" in {one.code for one in errors_of(compile_text(text))}
    assert run(text, extra_imports=extra) == 2
    for other in ("statsmodels.stats.api", f"{name}.np", "statsmodels.tools"):
        refused = f"import {name}\ndef calc_metric(df):\n    return {other}\n"
        assert codes_when_run(refused, extra_imports=extra) == {"attribute-refused"}


def test_both_sides_know_the_same_presets():
    assert standard.PRESETS.keys() == PRESETS
