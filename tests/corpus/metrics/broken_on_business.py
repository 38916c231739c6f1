def calc_metric(df):
    plans = {row.plan for row in df.select("plan").distinct().collect()}
    if plans == {"business"}:
        raise RuntimeError("business plans are not supported yet")
    return len(plans)
