# attempt: has a class stand for calc_metric
# goal: result
# stopped by: engine


class calc_metric:
    def __init__(self, df):
        self.value = 0.99
