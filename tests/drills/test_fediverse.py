"""Processes are killed in turn while many servers talk to us: nothing is lost, nothing done twice.

At full size: ``python -m tests.drills.fediverse_drill --hosts 300 --activities 5000 --deliveries 5000``.
"""

from tests.drills.fediverse_drill import drill

HOSTS, ACTIVITIES, DELIVERIES = 20, 300, 100


def test_all_that_many_servers_say_takes_effect_once_and_they_hear_all_that_we_say() -> None:
    with drill(HOSTS) as one:
        one.run(ACTIVITIES, DELIVERIES)
