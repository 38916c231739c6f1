# code: attribute-inspection attribute-refused attribute-underscore
# names: gi_frame
def calc_metric(df):
    generator = (row for row in [1])
    return len(generator.gi_frame.f_globals)
