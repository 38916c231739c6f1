# attempt: raises an exception whose making opens the file
# goal: file
# stopped by: language, worker


class Reads(Exception):
    def __init__(self, path):
        super().__init__(open(path).read())


def calc_metric(df):
    raise Reads(CANARY_TXT)
