# code: async-refused
# names: async
async def fetch(df):
    return df.count()


def calc_metric(df):
    return fetch(df).send(None)
