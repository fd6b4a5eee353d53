-- Every claim asks which organisations are killed; the answer is nearly always an empty index.
CREATE INDEX organizations_killed ON organizations (id) WHERE killed_at IS NOT NULL;

-- The audit log is append-only: what would change it must say first, in its transaction, SET LOCAL layers.events TO 'open'.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', ERRCODE = 'insufficient_privilege'; END$$;
CREATE TRIGGER events_are_kept BEFORE DELETE OR TRUNCATE ON events FOR EACH STATEMENT
    WHEN (current_setting('layers.events', true) IS DISTINCT FROM 'open') EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_are_final
    BEFORE UPDATE OF position, id, type, occurred_at, organization_id, project_id, api_key_id, request_id, actor, subject_id, data
    ON events FOR EACH STATEMENT
    WHEN (current_setting('layers.events', true) IS DISTINCT FROM 'open') EXECUTE FUNCTION refuse_change();

ALTER TABLE projects
    ADD COLUMN erase_requested_at timestamptz,
    ADD COLUMN erased_at          timestamptz,
    ADD COLUMN events_erased_to   bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN projects.erase_requested_at IS 'set on an archived project: workers take away all that belongs to it';
COMMENT ON COLUMN projects.events_erased_to IS 'the last event of the organisation that was looked through for what to erase';
CREATE INDEX projects_erasing ON projects (erase_requested_at) WHERE erase_requested_at IS NOT NULL AND erased_at IS NULL;

ALTER TABLE stray_objects ADD COLUMN project_id text;
COMMENT ON COLUMN stray_objects.project_id IS 'the project whose erasure waits for it';
CREATE INDEX stray_objects_project ON stray_objects (project_id) WHERE project_id IS NOT NULL;
