"""A producer as a customer would write it: publishes `job.requested`, waits for `job.completed`. Needs only pika."""

import json
import os
import time
import uuid

import pika


def connect():
    # The services declare the exchanges; a producer may be started first.
    for _ in range(600):
        try:
            connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
            channel = connection.channel()
            channel.exchange_declare("cavendish.line", passive=True)
            channel.exchange_declare("cavendish.events", passive=True)
            return channel
        except (pika.exceptions.ChannelClosedByBroker, pika.exceptions.AMQPConnectionError):
            time.sleep(0.1)
    raise SystemExit("the line was never declared")


def request(channel, brief):
    event = {
        "specversion": "1.0",
        "id": str(uuid.uuid4()),
        "source": "/shop/catalogue",
        "type": "cavendish.job.requested.v1",
        "data": {"tenant": "default", "brief": brief},
    }
    properties = pika.BasicProperties(content_type="application/cloudevents+json", delivery_mode=2)
    # Confirmed and mandatory: an exception here means that nobody took it. A queue that is just being declared refuses.
    for attempt in range(100):
        try:
            channel.basic_publish("cavendish.line", "job.requested", json.dumps(event), properties, mandatory=True)
            return
        except (pika.exceptions.NackError, pika.exceptions.UnroutableError):
            if attempt == 99:
                raise
            time.sleep(0.1)


def main():
    channel = connect()
    channel.confirm_delivery()
    queue = channel.queue_declare("", exclusive=True).method.queue
    for key in ("default.job.completed", "default.job.rejected"):
        channel.queue_bind(queue, "cavendish.events", key)
    subject = {"references": [{"data": os.environ["PHOTO"]}], "preserve": "pixels"}
    request(channel, {"subjects": [subject], "deliverables": ["tiktok-square"], "seed": 1})
    request(channel, {"prompt": "cup", "deliverables": ["tiktok-sqare"]})
    heard = {}
    for _, _, body in channel.consume(queue, auto_ack=True, inactivity_timeout=60):
        if body is None:
            raise SystemExit(f"heard nothing more after {list(heard)}")
        event = json.loads(body)
        heard[event["type"].split(".")[2]] = event
        if len(heard) == 2:
            break
    print(json.dumps(heard))


main()
