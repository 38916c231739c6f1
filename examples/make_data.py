"""Make the sample data: the log of a model that scores card payments for fraud.

    python examples/make_data.py --rows 20000 --out payments.parquet [--seed 7] [--age-nulls 0.04]

One row is one payment, scored on its way; `label` says whether it turned out to be fraud. Payments of
sixty days end at 2026-05-01T00:00:00Z, or where `--ends` says. Fraud has a cause that a metric can find:
small hours, foreign cards, high amounts and new devices raise it, the score knows most of this, and drifts a
little in time.

The data is as untidy as real logs are. `country`, `age`, `income`, `tags`, `device` and `payload` hold
nulls, `income` also NaN, some payloads are cut off in the middle, and one row in 200 is an exact copy.

The numbers come from `numpy.random.RandomState`, whose streams are frozen for good: the same arguments
give the same table under every numpy (NEP 19 promises that of no newer generator).
"""

from __future__ import annotations

import argparse
import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ENDS = "2026-05-01"
DAYS = 60
SECONDS = DAYS * 86_400

COUNTRIES = ("DE", "FR", "PL", "ES", "NL", "IT", "AT", "PT")
COUNTRY_SHARES = (0.30, 0.20, 0.14, 0.12, 0.09, 0.08, 0.05, 0.02)
PLANS = ("basic", "plus", "business")
CHANNELS = ("web", "app", "terminal", "phone")
SYSTEMS = ("android", "ios", "windows", "linux")
TAGS = ("recurring", "gift", "travel", "digital", "high-risk", "refund", "loyalty")
BANKS = ("Alder", "Birch", "Cedar", "Dogwood")
NOTES = (
    "Order {n} shipped to the usual address",
    "customer called twice, ref {n}",
    "Manual review requested: IP 10.0.{b}.{c}",
    "REFUND of order {n} after 3 days",
    "ok",
    "",
    "card ending {d}, e-mail buyer{b}@example.com",
)

SCHEMA = pa.schema(
    [
        ("payment_id", pa.int64()),
        ("ts", pa.timestamp("us", tz="UTC")),
        ("event_date", pa.date32()),
        ("card_id", pa.int32()),
        ("merchant_id", pa.int32()),
        ("country", pa.string()),
        ("plan", pa.string()),
        ("channel", pa.string()),
        ("age", pa.int32()),
        ("income", pa.float64()),
        ("score", pa.float64()),
        ("label", pa.int32()),
        ("amount", pa.float64()),
        ("latency_ms", pa.float64()),
        ("price", pa.decimal128(12, 2)),
        ("disputed", pa.bool_()),
        ("tags", pa.list_(pa.string())),
        ("device", pa.struct([("os", pa.string()), ("version", pa.int32()), ("trusted", pa.bool_())])),
        ("attrs", pa.map_(pa.string(), pa.string())),
        ("note", pa.string()),
        ("payload", pa.string()),
    ]
)


def make_table(rows: int, seed: int = 7, age_nulls: float = 0.04, ends: str = ENDS) -> pa.Table:
    """Make a table of `rows` payments.

    Args:
        rows: how many.
        seed: of the numbers that are drawn.
        age_nulls: the share of cards whose holder's age is unknown.
        ends: the day after the last payments.
    """
    start = np.datetime64(ends, "D").astype("datetime64[us]") - np.timedelta64(DAYS, "D")
    rng = np.random.RandomState(seed)
    cards = make_cards(rng, max(40, rows // 12), age_nulls)
    card = (len(cards["age"]) * rng.random_sample(rows) ** 1.5).astype(int)
    seconds = np.sort(rng.randint(0, SECONDS, rows))
    hour = seconds // 3600 % 24
    plan = cards["plan"][card]
    channel = rng.choice(len(CHANNELS), rows, p=(0.42, 0.33, 0.20, 0.05))
    amount = np.exp(3.2 + 0.5 * plan + 0.9 * rng.standard_normal(rows)).round(2)
    amount[rng.random_sample(rows) < 0.01] = 0.0
    trusted = rng.random_sample(rows) < 0.8
    abroad = rng.random_sample(rows) < 0.12

    risk = (
        -3.6
        + 0.35 * np.log1p(amount)
        + 1.1 * abroad
        + 0.9 * (hour < 5)
        - 0.8 * trusted
        + 0.5 * (channel == 3)
    )
    risk = risk + 0.7 * rng.standard_normal(rows)
    label = (rng.random_sample(rows) < sigmoid(risk)).astype(np.int32)
    drift = 0.4 * seconds / SECONDS
    score = sigmoid(0.9 * risk + drift + 0.5 * rng.standard_normal(rows)).round(4)
    latency = (12 + 18 * rng.standard_exponential(rows) + 9 * (channel == 1)).round(3)
    latency[rng.random_sample(rows) < 0.01] += 900.0

    numbers = rng.randint(0, 10_000, (rows, 3))
    columns = {
        "payment_id": np.arange(1, rows + 1) * 7 + 100_000,
        "ts": start + seconds * np.timedelta64(1_000_000, "us") + rng.randint(0, 1000, rows) * 1000,
        "event_date": (start + seconds * np.timedelta64(1_000_000, "us")).astype("datetime64[D]"),
        "card_id": card.astype(np.int32),
        "merchant_id": (150 * rng.random_sample(rows) ** 2).astype(np.int32),
        "country": pick(COUNTRIES, cards["country"][card]),
        "plan": pick(PLANS, plan),
        "channel": pick(CHANNELS, channel),
        "age": pa.array(cards["age"][card], pa.int32(), mask=cards["age_unknown"][card]),
        "income": pa.array(
            cards["income"][card], pa.float64(), mask=cards["income_unknown"][card], from_pandas=False
        ),
        "score": score,
        "label": label,
        "amount": amount,
        "latency_ms": latency,
        "price": [Decimal(int(cents)) / 100 for cents in np.round(amount * 97 + numbers[:, 0] % 50)],
        "disputed": pa.array(label * (numbers[:, 1] % 3) > 0, mask=numbers[:, 2] % 10 == 0),
        "tags": [make_tags(row) for row in rng.randint(0, 1000, (rows, 5))],
        "device": make_devices(trusted, rng.randint(0, 1000, (rows, 2))),
        "attrs": [make_attrs(row) for row in rng.randint(0, 1000, (rows, 3))],
        "note": [make_note(row) for row in rng.randint(0, 10_000, (rows, 3))],
        "payload": [make_payload(row, value) for row, value in zip(numbers, amount, strict=True)],
    }
    table = pa.table([pa.array(columns[field.name], field.type) for field in SCHEMA], schema=SCHEMA)
    return repeat_some(table, rng)


def make_cards(rng: np.random.RandomState, count: int, age_nulls: float) -> dict[str, np.ndarray]:
    """Make the cards, and what is known of their holders."""
    country = rng.choice(len(COUNTRIES), count, p=COUNTRY_SHARES)
    country[rng.random_sample(count) < 0.05] = -1
    income = np.exp(10.2 + 0.5 * rng.standard_normal(count)).round(2)
    income[rng.random_sample(count) < 0.03] = np.nan
    return {
        "country": country,
        "plan": rng.choice(len(PLANS), count, p=(0.6, 0.3, 0.1)),
        "age": np.clip(np.round(42 + 14 * rng.standard_normal(count)), 18, 92).astype(np.int32),
        "age_unknown": rng.random_sample(count) < age_nulls,
        "income": income,
        "income_unknown": rng.random_sample(count) < 0.06,
    }


def sigmoid(x: np.ndarray) -> np.ndarray:
    odds: np.ndarray = np.exp(-x)
    return 1 / (1 + odds)


def pick(names: tuple[str, ...], indices: np.ndarray) -> list[str | None]:
    """Name each index; -1 is null."""
    return [names[index] if index >= 0 else None for index in indices]


def make_tags(dice: np.ndarray) -> list[str | None] | None:
    if dice[0] < 30:
        return None
    tags: list[str | None] = [TAGS[number % len(TAGS)] for number in dice[1 : 1 + dice[0] % 5]]
    return [*tags, None] if dice[0] > 985 else tags


def make_devices(trusted: np.ndarray, dice: np.ndarray) -> list[dict[str, object] | None]:
    return [
        None
        if number % 25 == 0
        else {"os": SYSTEMS[number % 4], "version": int(9 + version % 8), "trusted": bool(trust)}
        for trust, (number, version) in zip(trusted, dice, strict=True)
    ]


def make_attrs(dice: np.ndarray) -> list[tuple[str, str | None]]:
    attrs: list[tuple[str, str | None]] = [("bank", BANKS[dice[0] % 4])]
    if dice[1] % 3:
        attrs.append(("attempt", str(1 + dice[1] % 4)))
    if dice[2] % 10 == 0:
        attrs.append(("voucher", None if dice[2] % 20 == 0 else f"V{dice[2]:04d}"))
    return attrs


def make_note(dice: np.ndarray) -> str:
    return NOTES[dice[0] % len(NOTES)].format(
        n=dice[1], b=dice[1] % 250, c=dice[2] % 250, d=1000 + dice[2] % 9000
    )


def make_payload(dice: np.ndarray, amount: float) -> str | None:
    if dice[0] % 40 == 0:
        return None
    items = [{"sku": f"S{number % 30:02d}", "qty": int(1 + number % 3)} for number in dice[: 1 + dice[1] % 3]]
    text = json.dumps(
        {"basket": items, "total": float(amount), "coupon": f"C{dice[2] % 7}" if dice[2] % 3 == 0 else None}
    )
    return text[: len(text) // 2] if dice[0] % 97 == 0 else text


def repeat_some(table: pa.Table, rng: np.random.RandomState) -> pa.Table:
    """Replace one row in 200 with a copy of the row before it, as a client that retries would."""
    index = np.arange(table.num_rows)
    copies = rng.choice(index[1:], table.num_rows // 200, replace=False)
    index[copies] -= 1
    return table.take(index)


def main() -> None:
    parser = argparse.ArgumentParser(description="Make a Parquet file of scored card payments.")
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--out", type=Path, default=Path("payments.parquet"))
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--age-nulls", type=float, default=0.04, help="share of card holders of unknown age")
    parser.add_argument(
        "--ends", default=ENDS, metavar="DATE", help="the day after the last payments, in UTC"
    )
    options = parser.parse_args()
    table = make_table(options.rows, options.seed, options.age_nulls, options.ends)
    pq.write_table(table, options.out, compression="zstd")


if __name__ == "__main__":
    main()
