# attempt: writes an outcome for the next frame onto the channel
# goal: frame
# stopped by: language
# one layer because: a worker serves one run of one author; only the language keeps its frames apart

import json
import os
import struct


def tell(frame, value):
    body = {
        "frame": frame,
        "returned": {"type": "float", "kind": "float", "text": value.hex()},
        "raised": None,
        "named": None,
    }
    data = json.dumps(body).encode()
    for number in range(3, 64):
        try:
            os.write(number, struct.pack(">IB", len(data), 19) + data)
        except OSError:
            continue


def calc_metric(df):
    tell(0, 1.0)
    tell(1, CANARY_NUMBER)
    return 1.0
