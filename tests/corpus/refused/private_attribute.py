# code: attribute-underscore
# names: _session
def calc_metric(df):
    return df._session.session_id
