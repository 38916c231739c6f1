# attempt: writes a dunder in full-width letters, which the parser makes plain
# goal: file
# stopped by: language, worker


def calc_metric(df):
    return float(calc_metric._＿ｇlobals＿_["__builtins__"]["open"](CANARY_TXT).read())
