# attempt: adds a member to an enumeration of the standard library
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import re


def calc_metric(df):
    found = len(re.RegexFlag.__members__)
    re.RegexFlag._member_map_["MINE"] = re.RegexFlag.A
    return 1.0 if "MINE" not in list(re.RegexFlag.__members__)[:found] else CANARY_NUMBER
