# attempt: reads the path of a failed import
# goal: host
# stopped by: language
# one layer because: what the kernel tells every process cannot be hidden by the worker's confinement


def calc_metric(df):
    try:
        from numpy import nothing_of_this_name
    except ImportError as error:
        print(error.path.replace("/", ":"))
    return 1.0
