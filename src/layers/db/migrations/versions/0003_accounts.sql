ALTER TABLE social_accounts
    ADD COLUMN server             jsonb,
    ADD COLUMN grant_expires_at   timestamptz,
    ADD COLUMN grant_life         interval,
    ADD COLUMN refresh_refused_at timestamptz,
    ADD COLUMN unreadable_at      timestamptz;
COMMENT ON COLUMN social_accounts.server IS 'what the account''s server says of itself, where each has limits of its own';
COMMENT ON COLUMN social_accounts.grant_expires_at IS 'after this only a person can renew the tokens';
COMMENT ON COLUMN social_accounts.grant_life IS 'how long the grant was good for when it was given or last extended';
COMMENT ON COLUMN social_accounts.refresh_refused_at IS 'the platform will not renew the token; it is good until it ends';
COMMENT ON COLUMN social_accounts.unreadable_at IS 'when the sealed secrets were last found to be unreadable';
