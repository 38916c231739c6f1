"""A browser without scripts: it keeps cookies, and reads and sends forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from tests.service.conftest import connect

# What our templates write. Whatever else is found was written by somebody else.
TAGS = frozenset(
    re.findall(
        r"\w+",
        """
        html head meta title link script noscript body header main footer nav section div a p h1 h2 h3 code
        pre b i br span form label input button select option textarea fieldset legend progress output details
        summary
        table caption thead tbody tr th td ul li ol dl dt dd figure figcaption img
        svg line text polyline circle rect
        """,
    )
)


class Seen(HTMLParser):
    """What is on a page.

    Attributes:
        tags: each element, with its attributes.
        texts: what stands between them.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(" ".join(data.split()))

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def wrong(self) -> list[object]:
        """What no template of ours writes."""
        found: list[object] = [tag for tag in self.tags if tag[0] not in TAGS and tag[0] != "title"]
        for tag, attributes in self.tags:
            found += [
                (tag, name) for name in attributes if name.startswith("on") or name in ("style", "srcdoc")
            ]
            if tag == "script" and not attributes.get("src", "").startswith("/assets/"):
                found.append((tag, attributes))
            for name in ("href", "src", "action"):
                if name in attributes and not attributes[name].startswith(("/", "?", "#")):
                    found.append((tag, name, attributes[name]))
        return found


@dataclass
class Visitor:
    """Somebody with a browser."""

    url: str
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        limits = httpx.Limits(max_keepalive_connections=0)  # so that nothing has to be closed
        self.http = connect(self.url, limits=limits)

    def get(self, path: str, status: int = 200, **more: object) -> Seen:
        answer = self.http.get(path, **more)  # type: ignore[arg-type]
        assert answer.status_code == status, (path, answer.status_code, answer.text[:2_000])
        seen = Seen(answer.text)
        assert seen.wrong() == []
        return seen

    def token(self, path: str = "/") -> str:
        """What a form of a page brings along."""
        found = re.search(r'name="form_token" value="([0-9a-f]{64})"', self.http.get(path).text)
        assert found is not None
        return found[1]

    def send(self, path: str, fields: dict[str, str], page: str = "/", **more: object) -> httpx.Response:
        """Send a form as it stands on a page."""
        return self.http.post(path, data={**fields, "form_token": self.token(page)}, **more)  # type: ignore[arg-type]

    def sign_in(self, key: str, next: str = "/") -> httpx.Response:
        return self.send("/sign-in", {"key": key, "next": next}, "/sign-in")
