-- One authorization in progress: made by oauth-url or reauth-url, used once by the callback.
CREATE TABLE oauth_states (
    id                  text PRIMARY KEY,
    organization_id     text NOT NULL REFERENCES organizations,
    project_id          text NOT NULL REFERENCES projects,
    api_key_id          text NOT NULL,
    platform            text NOT NULL,
    sandbox             boolean NOT NULL,
    service             text,
    account_id          text REFERENCES social_accounts,
    return_url          text NOT NULL,
    sealed_session      bytea NOT NULL,
    status              text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'completed', 'failed')),
    social_account_ids  text[] NOT NULL DEFAULT '{}',
    error               jsonb,
    expires_at          timestamptz NOT NULL,
    used_at             timestamptz,
    created_at          timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN oauth_states.account_id IS 'set by reauth-url: the account that must come back';
CREATE INDEX oauth_states_age ON oauth_states (created_at);

ALTER TABLE social_accounts ADD COLUMN token_refreshed_at timestamptz;
CREATE INDEX social_accounts_expiring ON social_accounts (token_expires_at)
    WHERE status = 'connected' AND token_expires_at IS NOT NULL;
