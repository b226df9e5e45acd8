"""The SQL statements by which workers hold shards. A crash between any two of them does no harm."""

CLAIM = """
    UPDATE shard SET state = 'RUNNING', fence = nextval('fence'), claims = shard.claims + 1
    FROM job
    WHERE job.id = shard.job AND shard.job = %(job)s AND shard.number = %(number)s
      AND shard.state <> 'DONE' AND job.state IN ('PENDING', 'RUNNING')
    RETURNING shard.fence, shard.claims, shard.first_row, shard.last_row, shard.calls,
              job.account, job.file, job.parse, job.api_key, job.wrapped_key, job.snapshot, job.grant_id,
              job.sealed_grant, job.grant_token, job.max_cost_nanos, job.economy
"""
START = """
    UPDATE job SET state = 'RUNNING', start_time = coalesce(start_time, now())
    WHERE id = %(job)s AND state = 'PENDING'
"""
# While this lock is held, the job cannot be paused, resumed or ended.
HOLD_JOB = "SELECT state FROM job WHERE id = %(job)s FOR SHARE"
# A task that meets a paused job is finished; resuming the job queues the shard again.
SET_ASIDE = """
    UPDATE shard SET state = 'HALTED'
    WHERE job = %(job)s AND number = %(number)s AND state IN ('QUEUED', 'RUNNING')
"""
BEGUN = "SELECT row, state, payload FROM result WHERE job = %s AND row BETWEEN %s AND %s"
# One statement and one round trip: it checks the fence, adds rows, and counts progress and usage.
COMMIT = """
    WITH held AS (
        SELECT job, number FROM shard
        WHERE job = %(job)s AND number = %(number)s AND fence = %(fence)s AND state = 'RUNNING'
        FOR UPDATE
    ), new AS (
        SELECT * FROM unnest(
            %(rows)b::int[], %(states)b::smallint[], %(attempts)b::smallint[],
            %(reasons)s::text[], %(flags)b::int[], %(confidences)b::smallint[], %(payloads)b::bytea[],
            %(input)b::int[], %(output)b::int[], %(costs)b::bigint[]
        ) AS n(row, state, attempts, reason, flags, confidence, payload, input_tokens, output_tokens,
               cost_nanos)
    ), added AS (
        INSERT INTO result (job, row, state, attempts, reason, flags, confidence, payload)
        SELECT held.job, new.row, new.state, new.attempts, new.reason, new.flags, new.confidence, new.payload
        FROM held, new
        ON CONFLICT (job, row) DO UPDATE SET
            state = excluded.state, attempts = excluded.attempts,
            reason = excluded.reason, flags = excluded.flags, confidence = excluded.confidence,
            payload = excluded.payload
        WHERE result.state = 0
        RETURNING row, state
    ), counted AS (
        SELECT count(*) FILTER (WHERE added.state = 1) AS succeeded,
               count(*) FILTER (WHERE added.state = 2) AS failed,
               count(*) FILTER (WHERE added.state = 3) AS skipped,
               coalesce(sum(new.input_tokens), 0) AS input_tokens,
               coalesce(sum(new.output_tokens), 0) AS output_tokens,
               coalesce(sum(new.cost_nanos), 0) AS cost_nanos
        FROM added JOIN new USING (row)
    ), kept AS (
        INSERT INTO answer (job, code, payload)
        SELECT held.job, a.code, a.payload
        FROM held, unnest(%(codes)b::bytea[], %(answers)b::bytea[]) WITH ORDINALITY AS a(code, payload, nth)
        ORDER BY a.nth
        ON CONFLICT (job, code) DO NOTHING
    ), marked AS (
        UPDATE job SET tokens_estimated = true FROM held
        WHERE %(estimated)s AND job.id = held.job AND NOT job.tokens_estimated
    ), metered AS (
        INSERT INTO usage_day (
            account, day, model, slot, usages, input_tokens, output_tokens, cost_nanos, is_estimated
        )
        SELECT %(account)s, (now() AT TIME ZONE 'UTC')::date, u.model, held.number %% 16,
               u.usages, u.input_tokens, u.output_tokens, u.cost_nanos, %(estimated)s
        FROM held, unnest(
            %(models)s::text[], %(usages)b::bigint[], %(model_input)b::bigint[],
            %(model_output)b::bigint[], %(model_cost)b::bigint[]
        ) AS u(model, usages, input_tokens, output_tokens, cost_nanos)
        ORDER BY u.model
        ON CONFLICT (account, day, model, slot) DO UPDATE SET
            usages = usage_day.usages + excluded.usages,
            input_tokens = usage_day.input_tokens + excluded.input_tokens,
            output_tokens = usage_day.output_tokens + excluded.output_tokens,
            cost_nanos = usage_day.cost_nanos + excluded.cost_nanos,
            is_estimated = usage_day.is_estimated OR excluded.is_estimated
    )
    UPDATE shard SET
        -- Rows behind the first one say nothing of what keeps stopping the workers: it may be the first.
        claims = CASE WHEN %(head)s = ANY(%(rows)b::int[]) THEN 1 ELSE shard.claims END,
        succeeded = shard.succeeded + counted.succeeded,
        failed = shard.failed + counted.failed,
        skipped = shard.skipped + counted.skipped,
        input_tokens = shard.input_tokens + counted.input_tokens,
        output_tokens = shard.output_tokens + counted.output_tokens,
        cost_nanos = shard.cost_nanos + counted.cost_nanos
    FROM held, counted
    WHERE shard.job = held.job AND shard.number = held.number
    RETURNING shard.number
"""
FINISH = """
    UPDATE shard SET state = 'DONE'
    WHERE job = %(job)s AND number = %(number)s AND fence = %(fence)s AND state = 'RUNNING'
    RETURNING succeeded, failed, skipped, input_tokens, output_tokens, cost_nanos, calls
"""
FOLD = """
    UPDATE job SET
        succeeded = succeeded + %(succeeded)s, failed = failed + %(failed)s,
        skipped = skipped + %(skipped)s,
        input_tokens = input_tokens + %(input)s, output_tokens = output_tokens + %(output)s,
        cost_nanos = cost_nanos + %(cost)s,
        shards_done = shards_done + 1,
        -- A job whose rows are all done has nothing left to pause for.
        state = CASE WHEN state = 'PAUSED' AND shards_done + 1 = shard_count THEN 'RUNNING' ELSE state END
    WHERE id = %(job)s
    RETURNING state, shards_done = shard_count
"""
TOP_UP = """
    UPDATE shard SET state = 'QUEUED', calls = %(calls)s
    WHERE job = %(job)s AND number = (
        SELECT number FROM shard WHERE job = %(job)s AND state IN ('WAITING', 'HALTED')
        ORDER BY number LIMIT 1
    )
    RETURNING number
"""
HALT = """
    UPDATE shard SET state = %(state)s
    WHERE job = %(job)s AND number = %(number)s AND fence = %(fence)s AND state = 'RUNNING'
    RETURNING number
"""
# A shard that was given back on purpose does not count as a failed claim.
GIVE_BACK = """
    UPDATE shard SET claims = greatest(claims - 1, 0)
    WHERE job = %(job)s AND number = %(number)s AND fence = %(fence)s AND state = 'RUNNING'
"""
# Each account's shards in work, and whether any of its shards is due now.
WAITING = """
    SELECT job.account, count(*) FILTER (WHERE task.status = 'doing'),
           bool_or(task.status = 'todo' AND (task.scheduled_at IS NULL OR task.scheduled_at <= now()))
    FROM procrastinate_jobs AS task JOIN job ON job.id = task.args ->> 'job'
    WHERE task.status IN ('todo', 'doing') AND task.task_name = %(task)s
    GROUP BY job.account
"""
# A refusal of an earlier grant or API key says nothing about a job that was resumed since.
# A provider that a job waits for is tried again (`jobs/store/probes.py`). A job that went on within
# the last hour and waits once more continues its count of tries; after that, a new outage begins.
PAUSE = """
    UPDATE job SET state = 'PAUSED', pause_reason = %(pause)s, error_reason = %(reason)s,
                   error_message = %(message)s, error_said = %(said)s,
                   down_time = CASE WHEN %(pause)s::text NOT IN ('PROVIDER_DOWN', 'SERVICE_DOWN') THEN NULL
                                    WHEN probe_time > now() - interval '1 hour'
                                    THEN coalesce(down_time, now()) ELSE now() END,
                   probe_count = CASE WHEN probe_time > now() - interval '1 hour' THEN probe_count ELSE 0 END,
                   probe_time = greatest(probe_time, now())
    WHERE id = %(job)s AND grant_id = %(grant)s AND state IN ('PENDING', 'RUNNING')
"""
# The clock starts again when rows were done since the job last waited, or when that is a while ago.
NOTE_WAIT = """
    WITH now_done AS (
        SELECT job.id, job.succeeded + job.failed + job.skipped + coalesce((
            SELECT sum(shard.succeeded + shard.failed + shard.skipped) FROM shard
            WHERE shard.job = job.id AND shard.state IN ('QUEUED', 'RUNNING', 'HALTED')
        ), 0) AS count
        FROM job WHERE job.id = %(job)s
    )
    UPDATE job SET
        waits_since = CASE WHEN waits_done = now_done.count AND waits_seen > now() - interval '2 minutes'
                           THEN waits_since ELSE now() END,
        waits_seen = now(), waits_done = now_done.count
    FROM now_done WHERE job.id = now_done.id
    RETURNING extract(epoch FROM now() - job.waits_since)::float8
"""
FAIL = """
    UPDATE job SET state = 'FAILED', error_reason = %(reason)s, error_message = %(message)s, error_said = '',
                   end_time = now()
    WHERE id = %(job)s AND state IN ('PENDING', 'RUNNING', 'PAUSED')
"""
STATES = "SELECT id, state FROM job WHERE id = ANY(%s)"
# The average of the old and the new rate: steady enough to show, and quick enough to follow changes.
MARK = """
    WITH seen AS (
        SELECT job.id, job.mark_time, job.mark_done, job.mark_rate, job.start_time,
               job.succeeded + job.failed + job.skipped + coalesce((
                   SELECT sum(shard.succeeded + shard.failed + shard.skipped) FROM shard
                   WHERE shard.job = job.id AND shard.state IN ('QUEUED', 'RUNNING', 'HALTED')
               ), 0) AS done
        FROM job
        WHERE job.id = ANY(%(jobs)s) AND job.state = 'RUNNING' AND job.start_time IS NOT NULL
          AND coalesce(job.mark_time, job.start_time) < now() - interval '1 second'
    ), moved AS (
        SELECT id, done, mark_rate AS old, mark_time IS NULL AS first,
               (done - mark_done) / extract(epoch FROM now() - coalesce(mark_time, start_time)) AS rate
        FROM seen
    )
    UPDATE job SET mark_time = now(), mark_done = moved.done,
                   mark_rate = CASE WHEN moved.first THEN moved.rate ELSE (moved.old + moved.rate) / 2 END
    FROM moved WHERE job.id = moved.id
"""
