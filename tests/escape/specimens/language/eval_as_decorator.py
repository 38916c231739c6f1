# attempt: decorates a class with eval, so that its text is run
# goal: file
# stopped by: language, worker


class Text(str):
    pass


@eval
@str
@lambda cls: f"open({CANARY_TXT!r}).read()"
class found:
    pass


def calc_metric(df):
    return float(found)
