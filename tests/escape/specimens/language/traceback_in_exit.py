# attempt: is handed a traceback as an argument of __exit__
# goal: file
# stopped by: language, worker


class Catch:
    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.found = getattr(trace, "tb_frame").f_builtins["open"](CANARY_TXT).read()
        return True


def calc_metric(df):
    with Catch() as catch:
        1 / 0
    return float(catch.found)
