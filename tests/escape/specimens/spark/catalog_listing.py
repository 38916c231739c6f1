# attempt: goes through all tables of the catalog
# goal: tenant
# stopped by: language, gateway


def calc_metric(df):
    session = df.sparkSession
    for space in ("global_temp", "default"):
        for table in session.catalog.listTables(space):
            return float(session.table(f"{space}.{table.name}").first()[0])
    return -1
