def ratio(part, whole):
    try:
        return part / whole
    except ZeroDivisionError as error:
        print(f"no rows: {error}")
        return float("nan")
    finally:
        print(f"{part=} {whole=}")


def calc_metric(df):
    disputed = df.filter("disputed").count()
    return ratio(disputed, df.where(df.disputed.isNotNull()).count())
