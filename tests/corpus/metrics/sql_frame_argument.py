def calc_metric(df):
    answer = df.sparkSession.sql("select max(amount) - min(amount) as gap from {payments}", payments=df)
    return answer.first()["gap"]
