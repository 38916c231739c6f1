# attempt: sets an attribute of a class of the standard library
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import string


def calc_metric(df):
    found = getattr(string.Template, "delimiter")
    setattr(string.Template, "delimiter", "%")
    return 1.0 if found == "$" else CANARY_NUMBER
