-- Subject profiles: what a tenant keeps of a product, a character or a style, in versions that jobs pin.

CREATE TABLE profiles (
    id         uuid PRIMARY KEY,
    tenant_id  uuid NOT NULL REFERENCES tenants,
    name       text NOT NULL CHECK (name ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(name) <= 60),
    kind       text NOT NULL CHECK (kind IN ('product', 'character', 'style')),
    created_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz,
    -- A removed name that comes back goes on counting its versions, so that `name@version` is one thing for ever.
    UNIQUE (tenant_id, name)
);

CREATE TABLE profile_versions (
    id          uuid PRIMARY KEY,
    profile_id  uuid NOT NULL REFERENCES profiles ON DELETE CASCADE,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    version     integer NOT NULL CHECK (version > 0),
    kind        text NOT NULL CHECK (kind IN ('product', 'character', 'style')),
    state       text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'profiled', 'rejected', 'failed')),
    -- Embeddings compare only where this is equal.
    encoder     text,
    palette     jsonb,
    attributes  jsonb,
    report      jsonb,
    error       text,
    traceparent text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz,
    -- A removed version serves the jobs that pinned it, and no new ones.
    removed_at  timestamptz,
    UNIQUE (profile_id, version)
);

CREATE TABLE profile_references (
    version_id uuid NOT NULL REFERENCES profile_versions ON DELETE CASCADE,
    index      integer NOT NULL,
    source_key text NOT NULL,
    cutout_key text,
    width      integer,
    height     integer,
    confidence real,
    verdict    text CHECK (verdict IN ('good', 'flagged', 'rejected')),
    reasons    jsonb NOT NULL DEFAULT '[]',
    measures   jsonb,
    embedding  real[],
    PRIMARY KEY (version_id, index)
);

-- Pictures that are compared with a version.
CREATE TABLE profile_tests (
    id          uuid PRIMARY KEY,
    version_id  uuid NOT NULL REFERENCES profile_versions ON DELETE CASCADE,
    tenant_id   uuid NOT NULL REFERENCES tenants,
    picture_key text NOT NULL,
    state       text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'tested', 'failed')),
    result      jsonb,
    error       text,
    created_at  timestamptz NOT NULL DEFAULT now(),
    settled_at  timestamptz
);

-- A subject of a job is made from the references in its brief, or is a profile's version.
ALTER TABLE subjects ADD COLUMN profile_version_id uuid REFERENCES profile_versions;
CREATE INDEX subjects_by_profile_version ON subjects (profile_version_id) WHERE profile_version_id IS NOT NULL;

-- A claim at `profile` is about a version or a test, and belongs to no job.
ALTER TABLE claims ALTER COLUMN job_id DROP NOT NULL;
ALTER TABLE claims DROP CONSTRAINT claims_stage_check;
ALTER TABLE claims ADD CONSTRAINT claims_stage_check CHECK (stage IN ('ingest', 'profile', 'render', 'postprocess'));
ALTER TABLE claims ADD CONSTRAINT claims_job_check CHECK ((stage = 'profile') = (job_id IS NULL));
