-- Endpoints that want to hear of events, and what each of them is to hear: a delivery is one row, and the row is the work.
CREATE TABLE webhook_endpoints (
    id               text PRIMARY KEY,
    organization_id  text NOT NULL REFERENCES organizations,
    environment      text NOT NULL CHECK (environment IN ('live', 'test')),
    project_id       text REFERENCES projects,
    url              text NOT NULL,
    events           text[] NOT NULL,
    description      text,
    sealed_secrets   bytea NOT NULL,
    from_position    bigint NOT NULL,
    status           text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused')),
    paused_at        timestamptz,
    failures         integer NOT NULL DEFAULT 0,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN webhook_endpoints.project_id IS 'only events of this project; null: of all';
COMMENT ON COLUMN webhook_endpoints.from_position IS 'the last event before its time';
COMMENT ON COLUMN webhook_endpoints.failures IS 'tries in a row that failed';
CREATE INDEX webhook_endpoints_list ON webhook_endpoints (organization_id, environment, created_at DESC, id DESC);
CREATE INDEX webhook_endpoints_from ON webhook_endpoints (from_position);

CREATE TABLE webhook_deliveries (
    id              text PRIMARY KEY,
    endpoint_id     text NOT NULL REFERENCES webhook_endpoints ON DELETE CASCADE,
    event_position  bigint NOT NULL REFERENCES events,
    status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    due_at          timestamptz DEFAULT now(),
    in_hand         boolean NOT NULL DEFAULT false,
    fence           bigint NOT NULL DEFAULT 0,
    attempts        integer NOT NULL DEFAULT 0,
    request         jsonb,
    tries           jsonb NOT NULL DEFAULT '[]',
    delivered_at    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    UNIQUE (event_position, endpoint_id)
);
COMMENT ON COLUMN webhook_deliveries.due_at IS 'when it should be tried next; the end of the lease while in hand; null once settled';
COMMENT ON COLUMN webhook_deliveries.fence IS 'counts claims and replays; a worker writes only while it holds the newest';
-- The only index by endpoint and position, so that no plan made while the table was small can mistake another for it.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, event_position, due_at) WHERE due_at IS NOT NULL;
-- An endpoint hears one event at a time: what no race can break.
CREATE UNIQUE INDEX webhook_deliveries_in_hand ON webhook_deliveries (endpoint_id) WHERE in_hand;
CREATE INDEX webhook_deliveries_list ON webhook_deliveries (endpoint_id, id);
CREATE INDEX webhook_deliveries_age ON webhook_deliveries (created_at);

ALTER TABLE events ADD COLUMN fanned_out boolean NOT NULL DEFAULT true;
ALTER TABLE events ALTER COLUMN fanned_out SET DEFAULT false;
COMMENT ON COLUMN events.fanned_out IS 'whether the deliveries that follow from it have been written; never set before the first endpoint''s time';
CREATE INDEX events_fresh ON events (position) WHERE NOT fanned_out;

ALTER TABLE scheduled_posts ADD COLUMN late_at timestamptz;
COMMENT ON COLUMN scheduled_posts.late_at IS 'when it was told that the post is late';
