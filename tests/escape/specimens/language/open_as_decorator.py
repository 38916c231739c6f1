# attempt: decorates with open, so that a function's name becomes a file
# goal: file
# stopped by: language, worker


@list
@open
@lambda function: CANARY_TXT
def lines():
    pass


def calc_metric(df):
    return float(lines[0])
