# attempt: returns one number where it declares several
# goal: result
# stopped by: engine


def calc_metric(df) -> dict[str, float]:
    return 1.0
