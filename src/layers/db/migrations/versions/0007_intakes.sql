-- Media on its way into a container: fetched by a worker, or sent by the caller. The row is the work; it goes when the container is settled.
CREATE TABLE intakes (
    container_id     text PRIMARY KEY REFERENCES containers ON DELETE CASCADE,
    organization_id  text NOT NULL,
    actor            text NOT NULL,
    api_key_id       text,
    request_id       text,
    due_at           timestamptz,
    in_hand          boolean NOT NULL DEFAULT false,
    fence            bigint NOT NULL DEFAULT 0,
    attempts         integer NOT NULL DEFAULT 0,
    expires_at       timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    CHECK ((due_at IS NULL) <> (expires_at IS NULL))
);
COMMENT ON COLUMN intakes.due_at IS 'to be fetched: when a worker should next try it; the end of the lease while in hand';
COMMENT ON COLUMN intakes.fence IS 'counts claims; a worker writes only while it holds the newest';
COMMENT ON COLUMN intakes.expires_at IS 'to be sent: how long its links are good';
CREATE INDEX intakes_due ON intakes (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX intakes_in_hand ON intakes (organization_id) WHERE in_hand;
CREATE INDEX intakes_expiring ON intakes (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE intake_items (
    asset_id        text PRIMARY KEY,
    container_id    text NOT NULL REFERENCES intakes ON DELETE CASCADE,
    position        integer NOT NULL,
    filename        text NOT NULL,
    url             text,
    size_bytes      bigint,
    received_bytes  bigint NOT NULL DEFAULT 0,
    turn            bigint NOT NULL DEFAULT 0,
    UNIQUE (container_id, position)
);
COMMENT ON COLUMN intake_items.size_bytes IS 'as announced';
COMMENT ON COLUMN intake_items.received_bytes IS 'of what is sent to our own address';
COMMENT ON COLUMN intake_items.turn IS 'counts requests that bring bytes; only the newest may add any';

-- What was sent to our own address, in the order of `start`, without gaps.
CREATE TABLE intake_pieces (
    asset_id    text NOT NULL REFERENCES intake_items ON DELETE CASCADE,
    start       bigint NOT NULL,
    length      bigint NOT NULL,
    object_key  text NOT NULL,
    PRIMARY KEY (asset_id, start)
);

-- Objects nothing refers to, not yet or not any more. A row is here before its object is in the store, so none can be forgotten.
CREATE TABLE stray_objects (
    object_key    text PRIMARY KEY,
    delete_after  timestamptz NOT NULL
);
CREATE INDEX stray_objects_due ON stray_objects (delete_after);
