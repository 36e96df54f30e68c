-- How like themselves the kept subjects came out, and how the image came about in the end.

-- `made` is what the files depend on: drawn, or the subjects placed, and in which scene. NULL: as the shot asked for.
-- `consistency` is that of the subject that came out least like itself, 0..1; NULL where none is kept.
ALTER TABLE renders ADD COLUMN made jsonb, ADD COLUMN consistency real CHECK (consistency BETWEEN 0 AND 1);

-- A file whose subjects are less consistent than the brief asks for says so.
ALTER TABLE assets ADD COLUMN consistency real, ADD COLUMN below_consistency boolean NOT NULL DEFAULT false;
