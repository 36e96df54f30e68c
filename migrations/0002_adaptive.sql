-- Deadlines, what drawing costs, and who draws.

-- When everything is to be there, from the brief's deadline_ms at acceptance; NULL: no matter when.
ALTER TABLE jobs ADD COLUMN deadline_at timestamptz;

-- Seconds per image by kind, as in libs/domain/src/cost.rs: exponentially weighted mean and variance.
CREATE TABLE render_costs (
    model      text NOT NULL,
    size       integer NOT NULL,
    steps      integer NOT NULL,
    refs       integer NOT NULL,
    batch      integer NOT NULL,
    mean       double precision NOT NULL DEFAULT 0,
    variance   double precision NOT NULL DEFAULT 0,
    samples    bigint NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (model, size, steps, refs, batch)
) WITH (fillfactor = 50);

-- Processes that draw: what their model can do, and when they last said so.
CREATE TABLE renderers (
    id         uuid PRIMARY KEY,
    info       jsonb NOT NULL,
    devices    integer NOT NULL CHECK (devices > 0),
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
