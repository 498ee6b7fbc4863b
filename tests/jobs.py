"""Lets happen what waits for the commit of a test's transaction, which never comes."""


def run_waiting_jobs() -> None:
    """Run the jobs that wait for the commit, and the jobs that these enqueue."""
    from django.db import connection

    while connection.run_on_commit:
        waiting, connection.run_on_commit = connection.run_on_commit, []
        for _, callback, _ in waiting:
            callback()
