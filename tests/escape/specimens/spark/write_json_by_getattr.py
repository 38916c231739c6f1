# attempt: spells the writer's name at run time
# goal: write
# stopped by: language, gateway, server


def calc_metric(df):
    getattr(getattr(df, "wr" + "ite"), "json")(CANARY_OUTPUT)
    return 1.0
