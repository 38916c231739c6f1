# attempt: calls in the deletion of an item
# goal: file
# stopped by: language, worker


class Spy(dict):
    def __delitem__(self, path):
        print(open(path).read())


def calc_metric(df):
    del Spy()[CANARY_TXT]
    return 1.0
