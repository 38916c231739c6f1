# attempt: imports inside the body of a class
# goal: file
# stopped by: language, worker


class Tools:
    import io as tool


def calc_metric(df):
    return float(Tools.tool.open(CANARY_TXT).read())
