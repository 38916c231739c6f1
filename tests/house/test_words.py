"""One word for one thing: the glossary of the manual, held against the code."""

import ast
import re
from collections import Counter
from pathlib import Path
from pkgutil import resolve_name

import pytest

from tests.documents import ROOT

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text()
ENTRIES = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in GLOSSARY.partition("|---|")[2].splitlines()[1:]
    if line.startswith("|")
]
KEPT = re.findall(r"(?m)^- `([\w.]+)`: ", GLOSSARY)
OTHERS = {word.strip(): entry[0] for entry in ENTRIES for word in entry[3].split(",") if word.strip()}
# Private words that were replaced by the standard one, which is told to whoever brings one back.
REPLACED = {
    "brief": "ttl_cache",
    "conclude": "to_results",
    "convict": "quarantine, record_crash",
    "crew": "workers",
    "crowd": "slots",
    "dismiss": "close",
    "enlist": "start",
    "foresight": "prefetch",
    "foretell": "prefetch",
    "foretold": "prefetched",
    "gate": "limiter",
    "gates": "limiters",
    "insist": "retry",
    "judge": "validate",
    "judgement": "validated",
    "keeper": "supervisor",
    "kin": "group_family",
    "kinship": "group_families",
    "lanes": "semaphore",
    "lean": "patches",
    "rehearsal": "warm_up",
    "rehearse": "warm_up",
    "strike": "crash",
    "strikes": "crashes",
    "tale": "answer_counts",
    "unfused": "not_fusable",
    "vigilance": "watchdog_settings",
}

# Public classes that share a name, each with the reason; all others have one of their own.
TWINS = {
    "Call": "a call of calc_metric on the wire; a call in an expression",
    "CheckedQuery": "the same of Spark's SQL and of Snowflake's",
    "Choice": "the same of Spark's plans and of Snowflake's queries",
    "DatasetBody": "the same of our HTTP interface and of Aporia's",
    "DatasetShown": "the same of our HTTP interface and of Aporia's",
    "Evaluator": "what a worker has, and the protocol that it keeps",
    "FunctionRule": "the same of Spark's functions and of Snowflake's",
    "Metric": "a metric, and its row in the database",
    "Ready": "a message of the wire, and an answer over HTTP",
    "Zygote": "the process itself, and the engine's handle of it",
}


def names_of(path: Path) -> set[str]:
    """The words that the names of a module, its classes, functions and their parameters are made of."""
    tree = ast.parse(path.read_text())
    named = {path.stem}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            named.add(node.name)
        elif isinstance(node, ast.arg):
            named.add(node.arg)
    return {word.lower() for name in named for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


def test_each_word_is_explained_once():
    words = [entry[0] for entry in ENTRIES]
    assert len(words) > 25 and len(set(words)) == len(words)
    assert not OTHERS.keys() & set(words)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry[0])
def test_a_word_stands_for_something_in_the_code(entry):
    _, meaning, place, _ = entry
    assert meaning and stands(place.strip("`")), place


def stands(place: str) -> bool:
    """Whether there is such a name, or such a field of a class, in a module."""
    try:
        resolve_name(place)
    except AttributeError:
        owner, _, field = place.rpartition(".")
        return field in getattr(resolve_name(owner), "__annotations__", ())
    return True


@pytest.mark.parametrize("place", KEPT)
def test_a_word_that_was_kept_stands_for_something_in_the_code(place):
    assert stands(place), place


def test_words_are_kept_or_replaced_and_not_both():
    assert len(KEPT) > 5
    assert not OTHERS.keys() & REPLACED.keys()


@pytest.mark.slow  # it reads all of the code
def test_the_code_does_not_say_it_with_another_word():
    better = OTHERS | REPLACED
    wrong = [
        (path.relative_to(ROOT).as_posix(), word, f"say {better[word]}")
        for folder in ("engine", "sandbox")
        for path in (ROOT / folder).rglob("*.py")
        for word in sorted(names_of(path) & better.keys())
    ]
    assert not wrong


@pytest.mark.slow  # it reads all of the code
def test_a_public_class_has_a_name_of_its_own():
    found = Counter(
        node.name
        for folder in ("engine", "sandbox")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, times in found.items() if times > 1} == TWINS.keys()
