"""The SQL statements about batches. Each that a worker makes is under its shard's fence."""

_COLUMNS = """
    number, mark, grant_id, step, rows, left_rows, left_out, state, input_file, remote, output_file,
    error_file, looks, is_repeated, coalesce(extract(epoch FROM now() - sent_time), 0)::float8
"""
CURRENT = (
    "SELECT"
    + _COLUMNS
    + """
    FROM batch WHERE job = %(job)s AND shard = %(shard)s AND state <> 'DONE' ORDER BY number LIMIT 1
"""
)
OPEN = "SELECT shard," + _COLUMNS + "FROM batch WHERE job = %(job)s AND state <> 'DONE' ORDER BY shard"
# A batch that got on shows that its shard does not stop the workers.
HOLD = """
    UPDATE shard SET claims = 1
    WHERE job = %(job)s AND number = %(shard)s AND fence = %(fence)s AND state = 'RUNNING'
    RETURNING number
"""
# While this lock is held, the job cannot be paused or ended.
RUNS = "SELECT id FROM job WHERE id = %(job)s AND state IN ('PENDING', 'RUNNING') FOR SHARE"
LEASE = """
    UPDATE job SET reserved_nanos = reserved_nanos + %(nanos)s
    WHERE id = %(job)s AND (max_cost_nanos = 0 OR reserved_nanos + %(nanos)s <= max_cost_nanos)
    RETURNING id
"""
OLD = """
    DELETE FROM batch
    WHERE job = %(job)s AND shard = %(shard)s AND state = 'DONE' AND grant_id <> %(grant)s
"""
INTEND = """
    INSERT INTO batch (job, shard, number, mark, grant_id, step, rows, left_out, state, reserved_nanos)
    SELECT %(job)s, %(shard)s, coalesce(max(number), -1) + 1, %(mark)s, %(grant)s, %(step)s, %(rows)s,
           %(left_out)s, 'NEW', %(nanos)s
    FROM batch WHERE job = %(job)s AND shard = %(shard)s
"""
MOVE = """
    UPDATE batch SET
        state = %(state)s, input_file = %(input_file)s, remote = %(remote)s, output_file = %(output_file)s,
        error_file = %(error_file)s, looks = %(looks)s, is_repeated = %(is_repeated)s,
        sent_time = CASE WHEN %(state)s = 'SENT' THEN coalesce(sent_time, now()) ELSE sent_time END
    WHERE job = %(job)s AND shard = %(shard)s AND number = %(number)s
"""
ADD = """
    UPDATE batch SET used_nanos = used_nanos + %(nanos)s, left_rows = left_rows || %(left)s::int[],
        rows = coalesce((
            SELECT array_agg(sent ORDER BY sent) FROM unnest(rows) AS sent
            WHERE sent <> ALL(%(unsent)s::int[])
        ), '{}')
    WHERE job = %(job)s AND shard = %(shard)s AND number = %(number)s
"""
# What was set aside and not used goes back to the job.
SETTLE = """
    WITH settled AS (
        UPDATE batch SET state = %(state)s, reserved_nanos = 0
        FROM (
            SELECT reserved_nanos FROM batch
            WHERE job = %(job)s AND shard = %(shard)s AND number = %(number)s FOR UPDATE
        ) AS before
        WHERE job = %(job)s AND shard = %(shard)s AND number = %(number)s
        RETURNING before.reserved_nanos - batch.used_nanos AS nanos
    )
    UPDATE job SET reserved_nanos = greatest(0, job.reserved_nanos - settled.nanos)
    FROM settled WHERE job.id = %(job)s
"""
FORGET = "DELETE FROM batch WHERE job = %(job)s AND shard = %(shard)s AND number = %(number)s"
# Rows of which a step was in as many batches as it may be.
SPENT = """
    SELECT batch.step, sent.row
    FROM batch CROSS JOIN LATERAL unnest(batch.rows) AS sent(row)
    LEFT JOIN result ON result.job = batch.job AND result.row = sent.row
    WHERE batch.job = %(job)s AND batch.shard = %(shard)s AND batch.state = 'DONE'
      AND (%(grant)s = '' OR batch.grant_id = %(grant)s) AND coalesce(result.state, 0) = 0
    GROUP BY batch.step, sent.row HAVING count(*) >= %(rounds)s
"""
BEGUN = """
    SELECT row, CASE WHEN state = 0 THEN payload END FROM result
    WHERE job = %(job)s AND row BETWEEN %(first)s AND %(last)s
"""
OTHERS = """
    SELECT EXISTS (
        SELECT FROM batch WHERE job = %(job)s AND shard <> %(shard)s AND state IN ('MAKING', 'SENT', 'OVER')
    )
"""
LEFT = "SELECT max_cost_nanos - reserved_nanos FROM job WHERE id = %(job)s"
ENDED = """
    SELECT account, api_key, sealed_grant, grant_token, grant_id FROM job
    WHERE id = %(job)s AND state IN ('FAILED', 'CANCELLED', 'COMPLETED')
"""
FENCE = """
    UPDATE shard SET fence = nextval('fence') WHERE job = %(job)s AND number = %(shard)s
    RETURNING fence, first_row
"""
LOOKED = """
    UPDATE batch SET looks = looks + 1
    WHERE job = %(job)s AND shard = %(shard)s AND number = %(number)s
"""
END = """
    UPDATE batch SET state = 'DONE', reserved_nanos = 0
    WHERE job = %(job)s AND shard = %(shard)s AND number = %(number)s
"""
