"""The peer of the line's bench: a Celery chain of three tasks that make the line's state changes.

Configured for the same promises as the line: a task is acknowledged after its commit (acks_late), messages are
persistent and confirmed, queues are quorum queues, every change is guarded by state and attempt. By default a task is
one transaction. With PEER_CLAIMING the claim is committed before the work, as the line does it, so that no
transaction is open during the work and a lost worker is found by its lease.
"""

import os
import uuid

import psycopg
from celery import Celery
from celery.signals import worker_process_init
from psycopg.types.json import Jsonb

CLAIMING = bool(os.environ.get("PEER_CLAIMING"))
TENANT = "00000000-0000-7000-8000-000000000001"
BRIEF = Jsonb({"prompt": "a pear", "deliverables": [{"spec": "tiktok-square"}], "seed": 7, "variants": 1,
               "backdrop": "white", "quality": "auto", "lane": "standard"})
REQUEST = {"variant": 0, "prompt": "a pear", "seed": 7, "width": 8, "height": 8, "method": {"kind": "draw"},
           "deliverables": [0]}

app = Celery("chain", broker=os.environ["PEER_AMQP_URL"])
app.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_default_queue="line",
    task_default_queue_type="quorum",
    broker_native_delayed_delivery_queue_type="classic",
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
    worker_prefetch_multiplier=int(os.environ.get("PEER_PREFETCH", "4")),
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    task_send_sent_event=False,
)

connection = None


@worker_process_init.connect
def connect(**_):
    """One connection per worker process, kept; statements are prepared by psycopg after a few uses."""
    global connection
    connection = psycopg.connect(os.environ["PEER_DATABASE_URL"])


def claim(cursor, stage, subject):
    """Takes the claim and says its attempt; the attempt is what every later change is guarded by."""
    cursor.execute(
        "UPDATE claims SET state = 'held', attempt = attempt + 1, started_at = now(),"
        " lease_expires_at = now() + interval '15 s'"
        " WHERE stage = %s AND subject_id = %s AND state = 'waiting' RETURNING attempt", (stage, subject))
    return cursor.fetchone()[0]


def finish(cursor, stage, subject, attempt):
    """Ends a claim that still stands."""
    cursor.execute(
        "UPDATE claims SET state = 'done', lease_expires_at = NULL, ended_at = now()"
        " WHERE stage = %s AND subject_id = %s AND attempt = %s AND state = 'held'", (stage, subject, attempt))
    assert cursor.rowcount == 1


def begin(cursor, stage, subject, advance):
    """Claim and first state change."""
    attempt = claim(cursor, stage, subject)
    cursor.execute(advance, (subject,))
    assert cursor.rowcount == 1
    if CLAIMING:
        connection.commit()
    return attempt


def hand_on(cursor, stage, subject, job):
    cursor.execute("INSERT INTO claims (stage, subject_id, job_id, tenant_id, lane) VALUES (%s, %s, %s, %s, 'standard')",
                   (stage, subject, job, TENANT))


def record(cursor, job, event, data):
    cursor.execute("INSERT INTO job_events (job_id, type, data) VALUES (%s, %s, %s)", (job, event, Jsonb(data)))


@app.task
def ingest(job):
    with connection.cursor() as cursor:
        attempt = begin(cursor, "ingest", job,
                        "UPDATE jobs SET state = 'planning' WHERE id = %s AND state = 'queued' RETURNING brief")
        brief = cursor.fetchone()[0]
        shot = str(uuid.uuid5(uuid.UUID(job), "0"))
        request = {**REQUEST, "prompt": brief["prompt"]}
        finish(cursor, "ingest", job, attempt)
        cursor.execute("UPDATE jobs SET state = 'rendering' WHERE id = %s AND state = 'planning'", (job,))
        assert cursor.rowcount == 1
        cursor.execute("INSERT INTO shots (id, job_id, tenant_id, index, request) VALUES (%s, %s, %s, 0, %s)",
                       (shot, job, TENANT, Jsonb(request)))
        hand_on(cursor, "render", shot, job)
        record(cursor, job, "job.planned", {"shots": 1})
    connection.commit()
    return job, shot


@app.task
def render(names):
    job, shot = names
    with connection.cursor() as cursor:
        attempt = begin(cursor, "render", shot,
                        "UPDATE shots SET state = 'rendering' WHERE id = %s AND state = 'queued' RETURNING request")
        request = cursor.fetchone()[0]
        key = f"{TENANT}/jobs/{job}/shots/{shot}/render-{attempt}.png"
        finish(cursor, "render", shot, attempt)
        cursor.execute("UPDATE shots SET state = 'rendered' WHERE id = %s AND state = 'rendering'", (shot,))
        assert cursor.rowcount == 1
        cursor.execute(
            "INSERT INTO renders (shot_id, attempt, blob_key, model, seed, steps, width, height, report)"
            " VALUES (%s, %s, %s, 'fake', %s, 4, %s, %s, %s)",
            (shot, attempt, key, request["seed"], request["width"], request["height"], Jsonb({"batch": 1})))
        hand_on(cursor, "postprocess", shot, job)
        record(cursor, job, "shot.rendered", {"shot_id": shot, "attempt": attempt, "blob_key": key})
        cursor.execute(
            "UPDATE jobs SET state = 'finishing' WHERE id = %s AND state = 'rendering' AND NOT EXISTS"
            " (SELECT FROM shots WHERE job_id = jobs.id AND state IN ('queued', 'rendering'))", (job,))
    connection.commit()
    return job, shot


@app.task
def postprocess(names):
    job, shot = names
    with connection.cursor() as cursor:
        attempt = begin(cursor, "postprocess", shot,
                        "UPDATE shots SET state = 'finishing' WHERE id = %s AND state = 'rendered'")
        key = f"{TENANT}/jobs/{job}/shots/{shot}/assets-{attempt}/00-tiktok-square.png"
        finish(cursor, "postprocess", shot, attempt)
        cursor.execute(
            "INSERT INTO assets (id, job_id, shot_id, tenant_id, deliverable, spec, variant, blob_key, width, height,"
            " bytes, mime, compliant, report)"
            " VALUES (%s, %s, %s, %s, 0, 'tiktok-square', 0, %s, 8, 8, 0, 'image/png', true, %s)",
            (uuid.uuid4(), job, shot, TENANT, key, Jsonb({"checks": []})))
        cursor.execute("UPDATE shots SET state = 'finished' WHERE id = %s AND state = 'finishing'", (shot,))
        assert cursor.rowcount == 1
        record(cursor, job, "shot.finished", {"shot_id": shot, "assets": 1})
        cursor.execute(
            "UPDATE jobs SET state = 'completed', settled_at = now() WHERE id = %s AND state = 'finishing' AND NOT EXISTS"
            " (SELECT FROM shots WHERE job_id = jobs.id AND state NOT IN ('finished', 'failed', 'cancelled'))", (job,))
        record(cursor, job, "job.completed", {"job_id": job, "state": "completed", "assets": [{"key": key}]})
    connection.commit()
