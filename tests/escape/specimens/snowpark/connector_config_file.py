# attempt: has the connector read a settings file of its choice
# goal: file
# stopped by: language, worker

import snowflake.snowpark as snowpark


def calc_metric(df):
    from snowflake.connector.config_manager import ConfigManager

    path = snowpark.async_job.snowflake.connector.connection.pathlib.Path(CANARY_TOML)
    manager = ConfigManager(name="x", file_path=path)
    manager.add_option(name="secret", parse_str=int)
    return float(manager["secret"])
