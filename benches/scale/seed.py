"""Fill the visibility store of a stopped dev server: seed.py DATABASE NAMESPACE OPEN CLOSED TYPES

Rows look as the server writes them (SQLite schema of server 1.32). There is no history behind them: what is measured
is the reading of visibility. Ages spread from a minute to 90 days, durations of each type around a middle of its own.
"""

import datetime
import random
import sqlite3
import sys
import uuid

database, namespace, opened, closed, types = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
numbers = random.Random(42)
now = datetime.datetime.now(datetime.timezone.utc)
far = 90 * 86400.0


def text(moment):
    # Without zeros at the end, as the server writes it: pages begin after a row by comparing this text.
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f").rstrip("0").rstrip(".") + "+00:00"


def row(index, is_open):
    kind = min(int(numbers.expovariate(1.0) * types / 4), types - 1)
    age = 60.0 * (far / 60.0) ** numbers.random()
    start = now - datetime.timedelta(seconds=age)
    close = duration = events = size = steps = None
    status = 1
    if not is_open:
        # Thousands that close at one moment would be a batch, not a day's work.
        lasted = min(numbers.lognormvariate(2.0 + kind * 0.2, 1.2), age * numbers.uniform(0.2, 1.0))
        close = text(start + datetime.timedelta(seconds=lasted))
        duration, events, size, steps = int(lasted * 1e9), 23, 4096, 9
        status = numbers.choices([2, 3, 5, 7], [94, 3, 2, 1])[0]
    run = str(uuid.UUID(int=numbers.getrandbits(128), version=4))
    work = f"order-{'open' if is_open else 'closed'}-{index:07}"
    return (
        space, run, index + 1, text(start), text(start), work, f"Workflow{kind:02}", status, close, events, size,
        duration, steps, b"", "Proto3", f"queue-{kind % 8}", work, run,
    )


store = sqlite3.connect(database)
found = store.execute("SELECT DISTINCT namespace_id FROM executions_visibility WHERE workflow_id = 'template'").fetchall()
if len(found) != 1:
    sys.exit(f"no template execution in {namespace}")
space = found[0][0]
# With 80 indexes, making them once is faster than keeping them up to date row by row.
indexes = store.execute(
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = 'executions_visibility' AND sql IS NOT NULL"
).fetchall()
store.execute("PRAGMA synchronous = OFF")
for name, _ in indexes:
    store.execute(f"DROP INDEX {name}")
fields = (
    "namespace_id, run_id, _version, start_time, execution_time, workflow_id, workflow_type_name, status, close_time,"
    " history_length, history_size_bytes, execution_duration, state_transition_count, memo, encoding, task_queue,"
    " root_workflow_id, root_run_id"
)
places = ", ".join("?" * 18)
for is_open, count in ((True, opened), (False, closed)):
    rows = (row(index, is_open) for index in range(count))
    store.executemany(f"INSERT INTO executions_visibility ({fields}) VALUES ({places})", rows)
for _, sql in indexes:
    store.execute(sql)
# As the stores of production keep themselves: without statistics SQLite picks an index at random.
store.execute("ANALYZE")
store.commit()
