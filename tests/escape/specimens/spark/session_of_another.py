# attempt: asks under the session of another tenant
# goal: tenant
# stopped by: language, gateway

from pyspark.sql.connect import proto


def calc_metric(df):
    client = df.sparkSession._client
    for name in ("their_view", "global_temp.their_global_view"):
        client._session_id = "00000000-0000-0000-0000-000000000001"
        client._user_id = "somebody else"
        try:
            return float(df.sparkSession.table(name).first()[0])
        except Exception:
            continue
    return -1
