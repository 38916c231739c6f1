# attempt: mixes cases and blanks
# goal: file
# stopped by: gateway, server


def calc_metric(df):
    return float(
        df.sparkSession.sql(
            f"\n\tsElEcT\x0b*\x0cFrOm\r\nTeXt . `{CANARY_TXT}`".replace("\x0b", " ").replace("\x0c", " ")
        ).first()[0]
    )
