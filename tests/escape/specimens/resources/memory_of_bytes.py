# attempt: doubles a block of bytes until it is large
# goal: memory
# stopped by: worker
# one layer because: only the kernel counts what a worker holds


def calc_metric(df):
    block = bytearray(1 << 20)
    while len(block) < 1 << 28:
        block = block + block
    return float(len(block))
