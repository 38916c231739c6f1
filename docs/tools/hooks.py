"""MkDocs' hooks: files of the checkout that are pages of the manual, and links that lead out of it.

Pages link to files beside `docs` as they lie in a checkout, so that links work there and wherever a checkout
is browsed. On the site those files are pages of their own, or, where they are none, plain names.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = {
    "sandbox/LIMITATIONS.md": "limitations.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
    "tests/README.md": "testing.md",
    "README.md": "index.md",
}
_LINK: Final = re.compile(r"\[([^\]]*)\]\((?!https?:)([^)#\s]+)(#[^)]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie elsewhere; the README is none, as its place is the manual's first page."""
    for source, page in PAGES.items():
        if source != "README.md":
            files.append(File.generated(config, page, content=(ROOT / source).read_text()))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Let links to files of the checkout lead to their pages, or be plain names."""
    homes = {name: posixpath.dirname(source) for source, name in PAGES.items() if name != "index.md"}
    home = homes.get(page.file.src_uri, "docs")
    return _LINK.sub(lambda link: _led(link, home), markdown)


def _led(link: re.Match[str], home: str) -> str:
    text, target, part = link[1], link[2], link[3] or ""
    path = posixpath.normpath(posixpath.join(home, target))
    if path in PAGES:
        return f"[{text}]({PAGES[path]}{part if PAGES[path] != 'index.md' else ''})"
    if path.startswith("docs/"):
        return f"[{text}]({path.removeprefix('docs/')}{part})"
    return text
