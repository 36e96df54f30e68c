-- Files that are kept no longer. Rows say so first; the blobs listed here are deleted after that, and listed until they are.
ALTER TABLE assets ADD COLUMN deleted_at timestamptz;
ALTER TABLE renders ADD COLUMN deleted_at timestamptz;
CREATE INDEX assets_kept ON assets (created_at) WHERE deleted_at IS NULL;
CREATE INDEX renders_kept ON renders (created_at) WHERE deleted_at IS NULL;
-- Several jobs share a render where one was finished anew.
CREATE INDEX renders_by_blob ON renders (blob_key) WHERE deleted_at IS NULL;

CREATE TABLE doomed_blobs (
    blob_key text PRIMARY KEY,
    since    timestamptz NOT NULL DEFAULT now()
);
