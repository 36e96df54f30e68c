-- The line: a job is a row that moves down three stages. Postgres is the truth; the broker only carries hints of it.

CREATE TABLE tenants (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO tenants (id, slug, name) VALUES ('00000000-0000-7000-8000-000000000001', 'default', 'Default');

-- Only a hash of a key is kept; the prefix tells people which key it is.
CREATE TABLE api_keys (
    id         uuid PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants,
    name       text NOT NULL,
    prefix     text NOT NULL,
    key_hash   bytea NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);

CREATE TABLE jobs (
    id              uuid PRIMARY KEY,
    tenant_id       uuid NOT NULL REFERENCES tenants,
    state           text NOT NULL DEFAULT 'queued',
    lane            text NOT NULL CHECK (lane IN ('interactive', 'standard', 'bulk')),
    brief           jsonb NOT NULL,
    error           text,
    idempotency_key text,
    traceparent     text,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    settled_at      timestamptz,
    CONSTRAINT jobs_idempotency_key UNIQUE (tenant_id, idempotency_key)
-- Room in every page for a row's next versions: no index names the state, so a transition touches none.
) WITH (fillfactor = 60);
CREATE INDEX jobs_by_tenant ON jobs (tenant_id, created_at DESC);

CREATE TABLE shots (
    id         uuid PRIMARY KEY,
    job_id     uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    tenant_id  uuid NOT NULL REFERENCES tenants,
    index      integer NOT NULL,
    state      text NOT NULL DEFAULT 'queued',
    request    jsonb NOT NULL,
    error      text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (job_id, index)
) WITH (fillfactor = 60);

-- The raw image of the attempt that won; attempts that failed are told in job_events.
CREATE TABLE renders (
    shot_id    uuid PRIMARY KEY REFERENCES shots ON DELETE CASCADE,
    attempt    integer NOT NULL,
    blob_key   text NOT NULL,
    model      text NOT NULL,
    seed       bigint NOT NULL,
    steps      integer NOT NULL,
    width      integer NOT NULL,
    height     integer NOT NULL,
    report     jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE assets (
    id          uuid PRIMARY KEY,
    job_id      uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    shot_id     uuid NOT NULL REFERENCES shots ON DELETE CASCADE,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    deliverable integer NOT NULL,
    spec        text NOT NULL,
    variant     integer NOT NULL,
    blob_key    text NOT NULL,
    width       integer NOT NULL,
    height      integer NOT NULL,
    bytes       bigint NOT NULL,
    mime        text NOT NULL,
    compliant   boolean NOT NULL,
    report      jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    -- No asset is committed twice.
    UNIQUE (shot_id, deliverable)
);
CREATE INDEX assets_by_job ON assets (job_id);

CREATE TABLE subjects (
    id         uuid PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants,
    job_id     uuid REFERENCES jobs ON DELETE CASCADE,
    index      integer NOT NULL DEFAULT 0,
    version    integer NOT NULL DEFAULT 1,
    name       text,
    kind       text NOT NULL DEFAULT 'product' CHECK (kind IN ('product', 'character', 'style')),
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (job_id, index, version)
);

CREATE TABLE subject_references (
    subject_id  uuid NOT NULL REFERENCES subjects ON DELETE CASCADE,
    index       integer NOT NULL,
    source_key  text NOT NULL,
    cutout_key  text,
    width       integer NOT NULL,
    height      integer NOT NULL,
    confidence  real NOT NULL,
    uncertain   text,
    PRIMARY KEY (subject_id, index)
);

-- Who works on what. `attempt` grows with every claim and fences: an attempt that lost its lease cannot commit.
-- `failures` counts only attempts that went wrong, so a drained worker burns none.
CREATE TABLE claims (
    stage            text NOT NULL CHECK (stage IN ('ingest', 'render', 'postprocess')),
    subject_id       uuid NOT NULL,
    job_id           uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    tenant_id        uuid NOT NULL,
    lane             text NOT NULL,
    state            text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'held', 'done', 'dead', 'cancelled')),
    attempt          integer NOT NULL DEFAULT 0,
    failures         integer NOT NULL DEFAULT 0,
    owner            uuid,
    lease_expires_at timestamptz,
    enqueued_at      timestamptz NOT NULL DEFAULT now(),
    -- When the broker was last told of it, or will be; a purged queue is noticed by it.
    announced_at     timestamptz NOT NULL DEFAULT now(),
    started_at       timestamptz,
    ended_at         timestamptz,
    PRIMARY KEY (stage, subject_id),
    CHECK ((state = 'held') = (lease_expires_at IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX claims_by_job ON claims (job_id);
CREATE INDEX claims_leases ON claims (lease_expires_at) WHERE state = 'held';
CREATE INDEX claims_waiting ON claims (stage, announced_at) WHERE state = 'waiting';

-- Events that are committed but not yet confirmed by the broker. A row is deleted when it is.
CREATE TABLE outbox (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    exchange     text NOT NULL,
    routing_key  text NOT NULL,
    event_id     text NOT NULL,
    traceparent  text,
    body         text NOT NULL,
    available_at timestamptz NOT NULL DEFAULT now(),
    created_at   timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE INDEX outbox_due ON outbox (available_at, id);

-- Events of producers that were taken in, once each.
CREATE TABLE inbox (
    source      text NOT NULL,
    event_id    text NOT NULL,
    job_id      uuid,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, event_id)
);

CREATE TABLE dead_letters (
    id          uuid PRIMARY KEY,
    stage       text NOT NULL,
    subject_id  uuid,
    job_id      uuid,
    tenant_id   uuid,
    lane        text,
    reason      text NOT NULL,
    detail      text NOT NULL,
    failures    integer NOT NULL DEFAULT 0,
    body        bytea,
    state       text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed', 'discarded')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz
);
CREATE INDEX dead_letters_open ON dead_letters (created_at) WHERE state = 'open';

-- A job's whole history, readable afterwards.
CREATE TABLE job_events (
    seq    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    job_id uuid NOT NULL REFERENCES jobs ON DELETE CASCADE,
    at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    type   text NOT NULL,
    data   jsonb NOT NULL
);
CREATE INDEX job_events_by_job ON job_events (job_id, seq);

-- The state machines, as in libs/domain/src/state.rs; a test compares the two.
CREATE TABLE transitions (
    machine    text NOT NULL,
    from_state text NOT NULL,
    to_state   text NOT NULL,
    PRIMARY KEY (machine, from_state, to_state)
);
INSERT INTO transitions (machine, from_state, to_state) VALUES
    ('jobs', 'queued', 'planning'), ('jobs', 'queued', 'failed'), ('jobs', 'queued', 'cancelled'),
    ('jobs', 'planning', 'queued'), ('jobs', 'planning', 'rendering'), ('jobs', 'planning', 'failed'),
    ('jobs', 'planning', 'cancelled'),
    ('jobs', 'rendering', 'finishing'), ('jobs', 'rendering', 'completed'), ('jobs', 'rendering', 'failed'),
    ('jobs', 'rendering', 'cancelled'),
    ('jobs', 'finishing', 'completed'), ('jobs', 'finishing', 'failed'), ('jobs', 'finishing', 'cancelled'),
    ('jobs', 'failed', 'queued'), ('jobs', 'failed', 'rendering'), ('jobs', 'failed', 'finishing'),
    ('shots', 'queued', 'rendering'), ('shots', 'queued', 'failed'), ('shots', 'queued', 'cancelled'),
    ('shots', 'rendering', 'queued'), ('shots', 'rendering', 'rendered'), ('shots', 'rendering', 'failed'),
    ('shots', 'rendering', 'cancelled'),
    ('shots', 'rendered', 'finishing'), ('shots', 'rendered', 'failed'), ('shots', 'rendered', 'cancelled'),
    ('shots', 'finishing', 'rendered'), ('shots', 'finishing', 'finished'), ('shots', 'finishing', 'failed'),
    ('shots', 'finishing', 'cancelled'),
    ('shots', 'failed', 'queued'), ('shots', 'failed', 'rendered');

CREATE FUNCTION check_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.state IS DISTINCT FROM OLD.state AND NOT EXISTS (
        SELECT FROM transitions
        WHERE machine = TG_TABLE_NAME AND from_state = OLD.state AND to_state = NEW.state
    ) THEN
        RAISE EXCEPTION '%: % may not become %', TG_TABLE_NAME, OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transition';
    END IF;
    NEW.updated_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER jobs_transition BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION check_transition();
CREATE TRIGGER shots_transition BEFORE UPDATE ON shots FOR EACH ROW EXECUTE FUNCTION check_transition();
