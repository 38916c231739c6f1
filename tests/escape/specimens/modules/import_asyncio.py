# attempt: connects by an event loop
# goal: network
# stopped by: language, worker

import asyncio


def calc_metric(df):
    asyncio.run(asyncio.wait_for(asyncio.open_connection("127.0.0.1", CANARY_PORT), 2))
    return 1.0
