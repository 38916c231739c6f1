# attempt: gives a number a name that a spreadsheet computes
# goal: result
# stopped by: engine


def calc_metric(df) -> dict[str, float]:
    return {"=HYPERLINK(1)": 1.0}
