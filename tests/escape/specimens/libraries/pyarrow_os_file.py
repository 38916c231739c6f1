# attempt: writes a file with Arrow, in C++
# goal: write
# stopped by: language, worker


def calc_metric(df):
    import pyarrow

    pyarrow.OSFile(CANARY_OUTPUT, "wb").write(b"stolen")
    return 1.0
