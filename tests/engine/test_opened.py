"""A package that a site installs and opens: in real workers, loaded beforehand, behind the same wall."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import Dataset, Engine, IsolationError, UsageError
from engine.results.hints import word_hint
from engine.wording import said, told
from sandbox.contract.opened import OPEN_MODULE, OPEN_STANDARD
from tests.servers import engine_on

PACKAGE = """
from tinyscores._inner import score

def read_password_file():
    return len(open("/etc/passwd").read())

def listen():
    import socket
    return socket.create_server(("127.0.0.1", 0)).getsockname()[1]
"""
INNER = "import numpy as np\n\ndef score(values):\n    return float(np.mean(values)) + 1\n"


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages, on Python's path."""
    for name, text in {
        "tinyscores/__init__.py": PACKAGE,
        "tinyscores/_inner.py": INNER,
        "tinyscores-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tinyscores\nVersion: 1.0\n",
        "tinybroken.py": "import tinyscores\nimport nothing_of_this_name\n",
    }.items():
        path = tmp_path / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    return tmp_path / "packages"


@pytest.mark.usefixtures("packages")
def test_a_package_of_the_site_computes_and_reaches_nothing(native_backend, data_dir, spool_dir):
    sources = {
        name: f"import tinyscores\ndef calc_metric(df):\n    return tinyscores.{call}\n"
        for name, call in {
            "computes": "score(df.toPandas()['x'])",
            "reads": "read_password_file()",
            "listens": "listen()",
        }.items()
    }
    folder = data_dir / "opened"
    folder.mkdir(exist_ok=True)
    (folder / "x.csv").write_text("x\n1\n3\n")
    with engine_on(native_backend, spool_dir, roots=(data_dir,), extra_imports=("tinyscores",)) as engine:
        found = {
            name: engine.evaluate(source, Dataset(folder / "x.csv")).overall
            for name, source in sources.items()
        }
    assert (found["computes"].status, found["computes"].value) == ("ok", 3)
    for name in ("reads", "listens"):
        assert found[name].status == "raised"
        error = found[name].error
        assert error is not None
        assert "PermissionError" in error.message or "FileNotFoundError" in error.message


@pytest.mark.usefixtures("packages")
def test_a_package_that_cannot_be_loaded_is_named(native_backend, data_dir, spool_dir):
    with (
        engine_on(native_backend, spool_dir, roots=(data_dir,), extra_imports=("tinybroken",)) as engine,
        pytest.raises(IsolationError, match=r"module tinybroken.*cannot be imported.*nothing_of_this_name"),
    ):
        engine.check("def calc_metric(df):\n    return 1\n")


def test_wrong_names_are_told_all_at_once_before_anything_starts():
    with pytest.raises(UsageError) as caught:
        Engine("spark", extra_imports=("standrad", "a-b", "sandbox.worker", "_os", 3, "statistics"))  # type: ignore[arg-type]
    message = said(caught.value, "http")
    assert message.startswith("the operator's setting imports: ")
    for part in ("no module standrad", "'a-b'", "sandbox is not for metrics", "'_os'", "3 is not a module"):
        assert part in message
    assert "statistics" not in message
    with pytest.raises(UsageError, match="not one text"):
        Engine("spark", extra_imports="standard")


@pytest.mark.parametrize(("sentence", "name"), [(OPEN_STANDARD, "standard"), (OPEN_MODULE, "NAME")])
def test_each_door_has_its_words_for_opening_a_module(sentence, name):
    hint = word_hint(f"use {{x}}; {sentence}!")
    assert told(hint, "command").startswith(f"use {{x}}; --imports {name} opens")
    assert "extra_imports=(" in told(hint, "python") and told(hint, "python").endswith("!")
    assert "ask the operator" in told(hint, "http")
