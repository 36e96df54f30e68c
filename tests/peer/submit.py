"""Reads job ids from standard input, a line each; stores every job and starts its chain."""

import os
import sys
import threading
import queue

import psycopg
from celery import chain

from chain import BRIEF, TENANT, app, ingest, postprocess, record, render

THREADS = 4


def submit(connection, producer, job):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO jobs (id, tenant_id, lane, brief) VALUES (%s, %s, 'standard', %s)",
                       (job, TENANT, BRIEF))
        cursor.execute("INSERT INTO claims (stage, subject_id, job_id, tenant_id, lane)"
                       " VALUES ('ingest', %s, %s, %s, 'standard')", (job, job, TENANT))
        record(cursor, job, "job.requested", {"lane": "standard"})
    connection.commit()
    chain(ingest.s(job), render.s(), postprocess.s()).apply_async(producer=producer)


def work(orders, ready):
    with psycopg.connect(os.environ["PEER_DATABASE_URL"]) as connection, app.producer_pool.acquire(block=True) as producer:
        producer.connection.ensure_connection()
        ready.wait()
        while (job := orders.get()) is not None:
            submit(connection, producer, job)


def main():
    orders, ready = queue.SimpleQueue(), threading.Barrier(THREADS + 1)
    threads = [threading.Thread(target=work, args=(orders, ready)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    ready.wait()
    print("ready", flush=True)
    for line in sys.stdin:
        orders.put(line.strip())
    for _ in threads:
        orders.put(None)


main()
