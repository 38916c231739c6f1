# attempt: formats with a Formatter's walks
# goal: file
# stopped by: language, worker

import string
import uuid


def calc_metric(df):
    class Keeping(string.Formatter):
        def format_field(self, value, spec):
            seen.append(value)
            return ""

    seen = []
    Keeping().format("{0.uuid5.__globals__[os]}", uuid)
    return float(seen[0].read(seen[0].open(CANARY_TXT, 0), 99))
