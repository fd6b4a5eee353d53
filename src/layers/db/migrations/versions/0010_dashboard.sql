-- Sessions of the dashboard speak for an API key. Of links and sessions alike only hashes of their tokens are kept.
CREATE TABLE dashboard_links (
    token_hash  bytea PRIMARY KEY,
    api_key_id  text NOT NULL REFERENCES api_keys,
    expires_at  timestamptz NOT NULL
);
CREATE INDEX dashboard_links_key ON dashboard_links (api_key_id);
COMMENT ON TABLE dashboard_links IS 'good for one sign-in each, which deletes the row';

CREATE TABLE dashboard_sessions (
    token_hash   bytea PRIMARY KEY,
    api_key_id   text NOT NULL REFERENCES api_keys,
    secret_hash  bytea NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    seen_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dashboard_sessions_key ON dashboard_sessions (api_key_id);
COMMENT ON COLUMN dashboard_sessions.secret_hash IS 'of the key as it was at sign-in: a rotated key ends its sessions';

ALTER TABLE api_keys ADD COLUMN for_dashboard boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN api_keys.for_dashboard IS 'made for a sign-in link, without a usable secret: retired once nobody is signed in by it';
CREATE INDEX api_keys_dashboard ON api_keys (id) WHERE for_dashboard AND retired_at IS NULL;
