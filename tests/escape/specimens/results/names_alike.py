# attempt: gives two numbers names that look the same
# goal: result
# stopped by: engine


def calc_metric(df) -> dict[str, float]:
    return {"pr\u00e9cision": 1.0, "pre\u0301cision": 2.0}
