import numpy as np


def calc_metric(df):
    rows = df.select("amount", "latency_ms", "label").toPandas()
    if len(rows) < 3:
        return np.nan
    x = np.column_stack([np.ones(len(rows)), rows["amount"], rows["latency_ms"]])
    coefficients, *rest = np.linalg.lstsq(x, rows["label"].to_numpy(dtype=float), rcond=None)
    return 1e3 * coefficients[1]
