# attempt: has a sign-in open a browser
# goal: process
# stopped by: language, worker

import snowflake


def calc_metric(df):
    from snowflake.connector.auth import webbrowser

    webbrowser.webbrowser.register(
        "own",
        None,
        webbrowser.webbrowser.BackgroundBrowser(
            ["/bin/bash", "-c", "exec -a " + CANARY_MARK + " sleep 30", "%s"]
        ),
    )
    webbrowser.webbrowser.get("own").open("http://127.0.0.1/")
    return 1.0
