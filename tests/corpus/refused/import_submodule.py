# code: import-refused
# names: numpy.ctypeslib
import numpy.ctypeslib as native


def calc_metric(df):
    return native.load_library("libc", "/lib").getpid()
