def weigh(device):
    match device:
        case None:
            return 0
        case {"os": "ios" | "android", "trusted": True}:
            return 3
        case {"os": "linux", "version": version} if version > 12:
            return 2
        case {"os": str()}:
            return 1


def calc_metric(df):
    devices = [row.device and row.device.asDict() for row in df.select("device").collect()]
    return sum(map(weigh, devices)) / len(devices) if devices else float("nan")
