# attempt: gives the interactive licence another file to show
# goal: file
# stopped by: language, worker


def calc_metric(df):
    license._Printer__filenames = [CANARY_TXT]
    license._Printer__lines = None
    license._Printer__setup()
    return float(license._Printer__lines[0])
