"""Rules on results: when they are crossed, what they mark, and what is sent, to where, how often."""

import contextlib
import hashlib
import hmac
import http.server
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.cli.main import cli
from engine.errors import UsageError
from engine.models.result import Status
from engine.service.app import make_app
from engine.service.library import run_due
from engine.service.rules import webhooks
from engine.service.rules.conditions import Condition, SeenWindow, state_of
from engine.service.rules.watching import watch_results
from engine.service.rules.webhooks import Courier, Refused, is_outer, resolve, sign
from engine.service.settings import Settings
from engine.service.store.database import Database
from engine.service.store.tables import Delivery, Metric, Model, Rule, RuleState, StoredResult, Work
from engine.service.urls import check_url, read_url
from engine.threads import Pending
from tests.service.conftest import connect, make_client, serving
from tests.service.databases import BOTH
from tests.service.newest import DAY, database, fill, result  # noqa: F401 - a fixture

COUNT = "def calc_metric(df):\n    return float(df.count())\n"


def seen(*values: float | Status | None) -> list[SeenWindow]:
    return [
        SeenWindow(one, None, 10)
        if isinstance(one, str)
        else SeenWindow("ok" if one is not None else "nan", one, 10)
        for one in values
    ]


@pytest.mark.parametrize(
    ("condition", "values", "state"),
    [
        (Condition(above=1), (2,), "crossed"),
        (Condition(above=1), (1,), "ok"),
        (Condition(below=1), (0.5,), "crossed"),
        (Condition(below=0), (0,), "ok"),
        (Condition(changed_by=0.5), (1, 1.5), "crossed"),
        (Condition(changed_by=0.5), (1.5, 1), "crossed"),
        (Condition(changed_by=0.5), (1, 1.4), "ok"),
        (Condition(changed_by=0.5), (1,), "no_data"),
        (Condition(changed_by=1e308), (-1.5e308, 1.5e308), "crossed"),
        (Condition(changed_by=0.5), (None, 1), "no_data"),
        (Condition(above=1, windows=2), (0, 2), "ok"),
        (Condition(above=1, windows=2), (2, 2), "crossed"),
        (Condition(above=1, windows=2), (2, None, 2), "ok"),
        (Condition(above=1, windows=2), (2,), "ok"),
        (Condition(above=1), (2, None), "no_data"),
        (Condition(above=1), (2, "raised"), "error"),
        (Condition(above=1, minimum_rows=11), (2,), "no_data"),
    ],
)
def test_when_a_rule_is_crossed(condition, values, state):
    assert state_of(condition, seen(*values), told=False) == state


def test_what_was_told_stays_crossed_until_it_returns():
    condition = Condition(above=1, windows=2)
    assert state_of(condition, seen(2, None, 2), told=True) == "crossed"
    assert state_of(condition, seen(2, None, 1), told=True) == "ok"


def add_rule(
    database: Database,  # noqa: F811
    url: str | None = "http://127.0.0.1:1/x",
    windows: int = 1,
    **definition: Any,
) -> None:
    given = {"for": windows, "minimum_rows": 0, "segments": "all", **definition}
    with database.session() as session:
        session.add(Rule(id="r1", metric_id="k", name="high", definition=given, url=url, secret="s"))


def note(database: Database, *results: StoredResult) -> None:  # noqa: F811
    with database.session() as session:
        session.add_all(results)
        session.flush()
        watch_results(session, Work(metric_version_id="v2", dataset_id="d"))


def states(database: Database) -> dict[str, str]:  # noqa: F811
    with database.reading() as session:
        return {one.label: one.state for one in session.scalars(sa.select(RuleState))}


def events(database: Database) -> list[tuple[str, str]]:  # noqa: F811
    with database.reading() as session:
        bodies = [json.loads(one.body) for one in session.scalars(sa.select(Delivery).order_by(Delivery.seq))]
    return [(body["label"], body["event"]) for body in bodies]


@BOTH
def test_each_segment_has_its_state_and_each_change_is_told_once(database):  # noqa: F811
    fill(database)
    add_rule(database, above=1.0)
    note(database, result(0, value=0.5), result(0, "DE", 0.5))
    assert states(database) == {"": "ok", "DE": "ok"} and events(database) == []
    note(database, result(1, value=0.5), result(1, "DE", 2.0))
    note(database)  # what is noted again is no news
    assert states(database) == {"": "ok", "DE": "crossed"} and events(database) == [("DE", "crossed")]
    note(database, result(2, value=0.5), result(2, "DE", None))
    note(database, result(3, value=0.5), result(3, "DE", 3.0))
    assert events(database) == [("DE", "crossed")], "an error in between is neither a return nor a crossing"
    note(database, result(4, value=0.5), result(4, "DE", 0.1))
    assert events(database) == [("DE", "crossed"), ("DE", "returned")]
    with database.reading() as session:
        marked = session.scalars(sa.select(StoredResult).where(StoredResult.crossed.is_not(None)))
        assert [(one.window_start, one.crossed) for one in marked] == [
            (DAY + timedelta(days=1), ["r1"]),
            (DAY + timedelta(days=3), ["r1"]),
        ]


def test_what_a_rule_looks_at(database):  # noqa: F811
    fill(database)
    add_rule(database, above=1.0, segments="overall", number="a")
    note(
        database,
        result(0, value=2.0, name="a"),
        result(0, value=2.0, name="b"),
        result(0, "DE", 2.0, name="a"),
    )
    with database.reading() as session:
        assert [(one.label, one.name) for one in session.scalars(sa.select(RuleState))] == [("", "a")]


def reasons(database: Database) -> list[tuple[str, str, str | None]]:  # noqa: F811
    with database.reading() as session:
        bodies = [json.loads(one.body) for one in session.scalars(sa.select(Delivery).order_by(Delivery.seq))]
    return [(body["label"], body["event"], body["reason"]) for body in bodies]


@BOTH
def test_a_segment_that_vanished_is_cleared_and_its_end_is_told(database):  # noqa: F811
    fill(database)
    add_rule(database, above=1.0, windows=2)
    note(database, *(result(day, label, 2.0) for day in (0, 1) for label in ("", "DE", "FR")))
    assert states(database) == {"": "crossed", "DE": "crossed", "FR": "crossed"}
    note(database, result(2, value=2.0), result(2, "FR", 2.0))
    assert states(database) == {"": "crossed", "FR": "crossed", "DE": "no_data"}, "it may come back"
    note(database, result(3, value=None))
    assert states(database)["FR"] == "crossed", "of a window that failed nobody knows which segments it has"
    note(database, result(4, value=2.0), result(4, "DE", 2.0))
    assert states(database) == {"": "crossed", "FR": "no_data", "DE": "crossed"}
    assert len(events(database)) == 3, "DE went on where it was"
    note(database, result(5, value=2.0), result(5, "DE", 2.0))
    assert states(database) == {"": "crossed", "DE": "crossed"}
    assert reasons(database)[3:] == [("FR", "returned", "vanished")]
    with database.reading() as session:
        told = json.loads(
            session.scalars(sa.select(Delivery.body).order_by(Delivery.seq.desc())).first() or ""
        )
    assert (told["value"], told["status"], told["rows"]) == (None, None, None)
    note(database, *(result(day, label, 2.0) for day in (6, 7) for label in ("", "DE", "FR")))
    assert reasons(database)[4:] == [("FR", "crossed", None)], "what comes back is news"


def test_a_segment_of_an_earlier_code_only_is_cleared(database):  # noqa: F811
    fill(database)
    add_rule(database, above=1.0)
    with database.session() as session:
        given = {"rule_id": "r1", "dataset_id": "d", "name": "", "state": "crossed", "told": True}
        session.add(RuleState(**given, segment_key="old", label="old", window_start=DAY, since=DAY))
    note(database, result(1, value=0.5))
    assert states(database) == {"": "ok"} and reasons(database) == [("old", "returned", "vanished")]


def test_windows_on_the_way_to_the_newest_are_not_watched(database):  # noqa: F811
    """A new code has all windows of the retention to give, in pieces, oldest first."""
    fill(database)
    add_rule(database, above=1.0)
    tick = DAY + timedelta(days=9)
    given = {"model_id": "m", "metric_version_id": "v2", "dataset_id": "d", "kind": "windows", "every": "1d",
             "zone": "UTC", "as_of": tick, "attempts": 0}  # fmt: skip
    middle = DAY + timedelta(days=5)
    with database.session() as session:
        pieces = [Work(**given, id="w1", start=DAY, end=middle, state="done"),
                  Work(**given, id="w2", start=middle, end=tick, state="due")]  # fmt: skip
        session.add_all([*pieces, result(4, value=2.0)])
        session.flush()
        watch_results(session, pieces[0])
        assert session.scalars(sa.select(RuleState)).all() == []
        session.add(result(8, value=0.5))
        pieces[1].state = "done"
        session.flush()
        watch_results(session, pieces[1])
    assert states(database) == {"": "ok"} and events(database) == []


def test_windows_in_a_row_are_counted_for_each_of_several_numbers(database):  # noqa: F811
    fill(database)
    add_rule(database, above=1.0, windows=3)
    note(database, *(result(day, value=2.0, name=name) for day in range(3) for name in "abcdef"))
    with database.reading() as session:
        found = {one.name: one.state for one in session.scalars(sa.select(RuleState))}
    assert found == dict.fromkeys("abcdef", "crossed")


class Ear:
    """A receiver of webhooks, which answers what it is told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answers = [500, 302, 200]


@contextlib.contextmanager
def listening() -> Iterator[tuple[str, Ear]]:
    ear = Ear()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            ear.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(ear.answers.pop(0))
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", ear
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_delivery_is_signed_and_tried_until_it_is_answered_well(database_url):
    now = DAY + timedelta(days=10)
    made = Database(database_url, lambda: now)
    made.migrate()
    fill(made)
    with listening() as (url, ear):
        add_rule(made, f"{url}/hook?a=b", above=1.0)
        note(made, result(0, value=2.0))
        courier = Courier(made, Settings(webhooks=(f"{url}/hook",)))
        assert courier.deliver_due() == 0 and courier.deliver_due() == 0, "it waits before it is tried again"
        assert len(ear.heard) == 1
        now += timedelta(hours=1)
        assert courier.deliver_due() == 0, "a redirection is not followed"
        now += timedelta(hours=1)
        assert courier.deliver_due() == 1
        now += timedelta(hours=24)
        assert courier.deliver_due() == 0 and len(ear.heard) == 3
    assert len({headers["calcmetric-id"] for headers, _ in ear.heard}) == 1
    for headers, body in ear.heard:
        text = f"{headers['calcmetric-id']}.{headers['calcmetric-timestamp']}.".encode() + body
        signature = hmac.new(b"s", text, hashlib.sha256).hexdigest()
        assert (
            headers["calcmetric-signature"]
            == f"v1={signature}"
            == sign("s", headers["calcmetric-id"], int(headers["calcmetric-timestamp"]), body)
        )
        told = json.loads(body)
        assert told["id"] == headers["calcmetric-id"] and told["event"] == "crossed" and told["value"] == 2.0
    made.close()


def add_account(database: Database, account: str, *urls: str) -> None:  # noqa: F811
    """A metric of an account with a rule for each URL, that has two deliveries due."""
    with database.session() as session:
        now = database.now()
        session.add(Model(id=account, account=account, workspace="w", name="m", aggregation_period="daily",
                          retention="10d", zone="UTC"))  # fmt: skip
        session.flush()
        session.add(Metric(id=account, model_id=account, name="m", version=1))
        session.flush()
        for place, url in enumerate(urls):
            given = {"above": 1, "for": 1, "minimum_rows": 0, "segments": "all"}
            rule = Rule(id=f"{account}{place}", metric_id=account, name="r", definition=given, url=url)
            session.add(rule)
            session.flush()
            due = {"rule_id": rule.id, "body": "{}", "not_before": now}
            session.add_all([Delivery(**due), Delivery(**due)])


@BOTH
def test_a_dead_receiver_of_one_account_delays_no_other(database, monkeypatch):  # noqa: F811
    fill(database)
    add_account(database, "dead", "http://127.0.0.1:1/dead", "http://127.0.0.1:1/dead")
    accounts = [f"good{n}" for n in range(12)]
    for account in accounts:
        add_account(database, account, f"http://127.0.0.1:1/{account}")
    lock, alive = threading.Lock(), threading.Event()
    sent: list[str] = []
    going: list[str] = []
    most: list[int] = []
    others = threading.Event()

    def post(url: str, *_: object) -> int:
        account = url.rpartition("/")[2]
        with lock:
            assert account not in going, "an account has one attempt at a time"
            going.append(account)
            most.append(len(going))
        if account == "dead":
            assert alive.wait(300)
        with lock:
            going.remove(account)
            sent.append(account)
            if sorted(sent) == sorted(2 * accounts):
                others.set()
        return 200

    monkeypatch.setattr(webhooks, "post", post)
    courier = Courier(database, Settings(webhooks=("http://127.0.0.1:1/",), tick_seconds=0.01))
    delivering = Pending(courier.deliver_due, "deliver")
    try:
        assert others.wait(300), "all others were told while one hung"
        assert going == ["dead"]
    finally:
        alive.set()
    assert delivering.wait() == 28 and sent[24:] == ["dead"] * 4
    assert max(most) <= 8


def test_the_rules_of_an_account_take_turns(database, monkeypatch):  # noqa: F811
    fill(database)
    add_account(database, "one", *(f"http://127.0.0.1:1/{n}" for n in range(3)))
    sent: list[str] = []
    monkeypatch.setattr(webhooks, "post", lambda url, *_: sent.append(url[-1]) or 200)
    courier = Courier(database, Settings(webhooks=("http://127.0.0.1:1/",)))
    assert courier.deliver_due() == 6
    assert sorted(sent[:3]) == ["0", "1", "2"] == sorted(sent[3:])


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_answer_that_never_ends_is_cut(scheme, tmp_path, monkeypatch):
    """Each byte comes in time; the answer as a whole does not."""
    monkeypatch.setattr(webhooks, "_SECONDS", 0.5)
    key, certificate = make_certificate(tmp_path)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(certificate, key)
    trusting = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(ssl, "create_default_context", lambda: trusting)
    over = threading.Event()

    def drip(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            plain, _ = listener.accept()
            with serving.wrap_socket(plain, server_side=True) if scheme == "https" else plain as connected:
                connected.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not over.wait(0.05):
                    connected.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/"
        sending = Pending(lambda: webhooks.post(url, "s", "id", b"{}"), "post")
        try:
            assert sending.done.wait(60)
        finally:
            over.set()
            thread.join()


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A key and a certificate of this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "key.pem", folder / "certificate.pem"
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    paths[0].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    paths[1].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return paths


def test_nothing_is_sent_where_the_operator_no_longer_allows_it(database, monkeypatch):  # noqa: F811
    fill(database)
    add_rule(database, "http://127.0.0.1:9/x", above=1.0)
    note(database, result(0, value=2.0))
    monkeypatch.setattr(webhooks, "post", lambda *_: pytest.fail("it was sent"))
    assert Courier(database, Settings(webhooks=("https://hooks.example.com/",))).deliver_due() == 0
    with database.reading() as session:
        assert "allows webhooks" in str(session.scalars(sa.select(Delivery.error)).one())


@pytest.mark.parametrize(
    ("url", "fits"),
    [
        ("https://hooks.example.com/a/b", True),
        ("https://hooks.example.com/a", True),
        ("https://HOOKS.example.com:443/a/b?x=1", True),
        ("https://hooks.example.com/ab", False),
        ("http://hooks.example.com/a/", False),
        ("https://hooks.example.com:444/a/", False),
        ("https://hooks.example.com.evil.example/a/", False),
        ("https://hooks.example.com@evil.example/a/", False),
        ("https://evil.example/a/#https://hooks.example.com/a/", False),
        ("https://hooks.example.com/a/../b", False),
        ("https://hooks.example.com/a/%2e%2e/b", False),
        ("https://hooks.example.com/a\\..\\b", False),
        ("https://hooks.example.com/a/\r\nHost: x", False),
        ("ftp://hooks.example.com/a/", False),
        ("file:///etc/passwd", False),
        ("https://[::1/a", False),
        ("", False),
    ],
)
def test_only_urls_beneath_what_the_operator_allows(url, fits):
    if fits:
        check_url(url, ["https://hooks.example.com/a"])
    else:
        with pytest.raises(UsageError):
            check_url(url, ["https://hooks.example.com/a"])


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fe80::1%lo",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "224.0.0.1",
        "255.255.255.255",
    ],
)
def test_names_that_lead_to_inner_addresses_are_refused(address, monkeypatch):
    assert not is_outer(address)
    found = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 443)),
        (0, 0, 0, "", (address, 443)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    with pytest.raises(Refused):
        resolve(read_url("https://hooks.example.com/"))


def test_outer_addresses_are_connected_to():
    assert is_outer("93.184.215.14") and is_outer("2606:2800:21f:cb07:6820:80da:af6b:8b2c")


def test_rules_over_http_from_making_one_to_a_marked_result(settings, engine, payments):
    with listening() as (url, ear):
        ear.answers = [204] * 20
        settings = Settings(
            database=settings.database, data_roots=settings.data_roots, calculate=False, webhooks=(url,)
        )
        with (
            serving(make_app(settings, engine=engine)) as address,
            connect(address) as http_client,
        ):
            client = make_client(http_client, settings)
            model, _, _ = client.model(payments, retention="3d")
            metric = client.metric(model, COUNT)
            path = f"/metrics/code-based-metrics/{metric}/rules"
            body = {"name": "many", "above": 1, "for": 2, "url": f"{url}/hook"}
            made = client.ok("POST", path, json=body)
            secret = made.pop("secret")
            assert secret.startswith("whs_")
            assert client.ok("GET", path) == [made] and secret not in client("GET", path).text
            for wrong in (
                {"name": "x"},
                {"name": "x", "above": 1, "below": 2},
                {"name": "x", "changed_by": 0},
                {"name": "x", "above": 1, "url": "http://169.254.169.254/"},
                {"name": "x", "above": 1, "for": 0},
            ):
                assert client("POST", path, json=wrong).status_code == 422
            run_due(Database(settings.database).now(), settings, engine=engine)
            [shown] = client.ok("GET", path)
            assert [one["state"] for one in shown["states"]] == ["crossed"]
            assert shown["delivery"]["delivered_at"] is not None and len(ear.heard) == 1
            marked = client.ok("GET", path.replace("/rules", "/results"), params={"kind": "period"})
            assert [one["crossed"] for one in marked["results"]][-1] == [made["id"]]
            rival = make_client(http_client, settings, "rival")
            assert rival("GET", path).status_code == 404
            assert rival("DELETE", f"{path}/{made['id']}").status_code == 404
            assert client.ok("DELETE", f"{path}/{made['id']}") == {"id": made["id"], "deleted": True}
            assert client.ok("GET", path) == []


def test_rules_on_the_command_line(database, database_url):  # noqa: F811
    fill(database, result(0, value=3.0))
    words = ("--account", "a", "--workspace", "w", "--database", database_url)

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(cli, ["rules", *arguments, *words], standalone_mode=False)
        if done.exception is not None:
            raise done.exception
        return done.output

    made, secret = run(
        "add",
        "k",
        "--name",
        "n",
        "--above",
        "2",
        "--url",
        "https://h.example/a",
        "--webhook",
        "https://h.example",
    ).split()
    assert secret.startswith("whs_")
    assert run("list", "k") == f"{made}\tn\tabove=2\tfor=1\n\tall data\t\tcrossed\t3\n", (
        "it is looked at when it is made"
    )
    assert events(database) == [("", "crossed")]
    for wrong in (("add", "k", "--name", "n"), ("add", "none", "--name", "n", "--above", "1"),
                  ("add", "k", "--name", "n", "--above", "1", "--url", "https://h.example/a"),
                  ("delete", "k", "none")):  # fmt: skip
        with pytest.raises(UsageError):
            run(*wrong)
    run("delete", "k", made)
    assert run("list", "k") == ""
