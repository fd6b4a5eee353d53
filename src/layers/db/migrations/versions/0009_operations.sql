ALTER TABLE scheduled_posts ADD COLUMN request_id text, ADD COLUMN trace_parent text;
COMMENT ON COLUMN scheduled_posts.request_id IS 'the request that made it, for the logs of workers';
COMMENT ON COLUMN scheduled_posts.trace_parent IS 'where its trace begins, if traces are made';
CREATE INDEX scheduled_posts_unknown ON scheduled_posts (number) WHERE outcome_unknown;
CREATE INDEX social_accounts_reauth ON social_accounts (platform) WHERE status = 'reauth_required';
