"""Nothing in the house grows beyond what one reads at a sitting."""

import ast

import pytest

from tests.documents import ROOT
from tests.house.sizes import DECLARED, Sizes, code_of, measure, set_on_self

MOST = {"modules": 650, "classes": 250, "functions": 60, "attributes": 20}


@pytest.fixture(scope="module")
def sizes() -> Sizes:
    return measure(ROOT)


@pytest.mark.parametrize("what", MOST)
@pytest.mark.slow  # it reads all of the code
def test_nothing_is_too_large(sizes, what):
    found = [one for one in getattr(sizes, what) if not one.name.startswith(DECLARED)]
    assert [one for one in found if one.number > MOST[what]] == []


def test_only_what_is_set_on_self_counts():
    text = "class A:\n    x: int\n    def f(self, other):\n        self.a = self.b[0] = other.c = self.d\n"
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.ClassDef)
    assert sorted(set_on_self(node)) == ["a"]


def test_only_code_of_a_class_counts():
    text = (
        'class A:\n    """It\n    does."""\n\n    # Why.\n    x = 1\n\n'
        '    def f(self):\n        """Do."""\n        return """a\n        b"""\n'
    )
    node = ast.parse(text).body[0]
    assert isinstance(node, ast.ClassDef)
    assert code_of(node, text) == 5
