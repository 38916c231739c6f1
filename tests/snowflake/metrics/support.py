"""What the tests of Snowpark runs share."""

from __future__ import annotations

import textwrap


def metric(body: str, before: str = "") -> str:
    head = "import numpy as np\nfrom snowflake.snowpark import functions as F, Window\n"
    body = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return f"{head}{textwrap.dedent(before)}\ndef calc_metric(df):\n{body}\n"
