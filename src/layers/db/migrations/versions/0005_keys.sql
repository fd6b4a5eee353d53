ALTER TABLE api_keys ADD COLUMN last_used_at timestamptz;
CREATE INDEX api_keys_list ON api_keys (organization_id, environment, created_at DESC, id DESC);

-- Requests of limited keys, counted a minute at a time. Losing a count in a crash costs nothing.
CREATE UNLOGGED TABLE request_counts (
    api_key_id  text NOT NULL,
    class       text NOT NULL,
    minute      timestamptz NOT NULL,
    requests    integer NOT NULL,
    PRIMARY KEY (api_key_id, class)
);
