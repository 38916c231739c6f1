# code: name-refused
# names: open
def calc_metric(df):
    with open("/etc/hostname") as file:
        return len(file.read())
