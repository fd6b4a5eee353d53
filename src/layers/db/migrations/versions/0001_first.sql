-- Statuses are text with a CHECK: the words are the wire's, and a new one is a one-line migration.

CREATE TABLE organizations (
    id          text PRIMARY KEY,
    name        text NOT NULL UNIQUE,
    killed_at   timestamptz,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE api_keys (
    id               text PRIMARY KEY,
    organization_id  text NOT NULL REFERENCES organizations,
    environment      text NOT NULL CHECK (environment IN ('live', 'test')),
    key_id           text NOT NULL UNIQUE,
    secret_hash      bytea NOT NULL,
    name             text NOT NULL,
    scopes           text[] NOT NULL,
    rate_limit_tier  text NOT NULL DEFAULT 'unlimited',
    return_hosts     text[] NOT NULL DEFAULT '{}',
    expires_at       timestamptz,
    killed_at        timestamptz,
    retired_at       timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE projects (
    id                    text PRIMARY KEY,
    organization_id       text NOT NULL REFERENCES organizations,
    environment           text NOT NULL CHECK (environment IN ('live', 'test')),
    name                  text NOT NULL,
    timezone              text NOT NULL,
    customer_external_id  text,
    metadata              jsonb NOT NULL DEFAULT '{}',
    publish_lead_seconds  integer NOT NULL DEFAULT 0 CHECK (publish_lead_seconds BETWEEN 0 AND 300),
    requires_approval     boolean NOT NULL DEFAULT false,
    first_n_posts_blocked integer CHECK (first_n_posts_blocked BETWEEN 0 AND 50),
    auto_approve_after    interval,
    approved_count        integer NOT NULL DEFAULT 0,
    policy_updated_at     timestamptz NOT NULL DEFAULT now(),
    status                text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived')),
    archived_at           timestamptz,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX projects_list ON projects (organization_id, environment, created_at DESC, id DESC);

CREATE TABLE containers (
    id               text PRIMARY KEY,
    organization_id  text NOT NULL REFERENCES organizations,
    project_id       text NOT NULL REFERENCES projects,
    kind             text NOT NULL CHECK (kind IN ('video', 'image', 'carousel', 'text')),
    status           text NOT NULL CHECK (status IN ('queued', 'generating', 'completed', 'failed', 'canceled')),
    caption          text NOT NULL DEFAULT '',
    first_comment    text,
    approval_status  text NOT NULL CHECK (approval_status IN ('not_required', 'pending', 'approved', 'rejected')),
    approved_at      timestamptz,
    approved_by      text,
    rejected_at      timestamptz,
    rejected_by      text,
    review_note      text,
    auto_approve_at  timestamptz,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    completed_at     timestamptz,
    failed_at        timestamptz,
    last_error       jsonb,
    deleted_at       timestamptz
);
CREATE INDEX containers_list ON containers (project_id, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX containers_auto_approve ON containers (auto_approve_at)
    WHERE approval_status = 'pending' AND auto_approve_at IS NOT NULL;

CREATE TABLE assets (
    id            text PRIMARY KEY,
    container_id  text NOT NULL REFERENCES containers ON DELETE CASCADE,
    position      integer NOT NULL,
    kind          text NOT NULL CHECK (kind IN ('image', 'video')),
    object_key    text NOT NULL,
    filename      text NOT NULL,
    mime_type     text NOT NULL,
    size_bytes    bigint NOT NULL,
    sha256        text NOT NULL,
    width         integer,
    height        integer,
    duration_ms   bigint,
    frame_rate    double precision,
    codec         text,
    UNIQUE (container_id, position)
);

CREATE TABLE social_accounts (
    id                   text PRIMARY KEY,
    organization_id      text NOT NULL REFERENCES organizations,
    project_id           text NOT NULL REFERENCES projects,
    platform             text NOT NULL,
    sandbox              boolean NOT NULL,
    external_id          text NOT NULL,
    handle               text NOT NULL,
    display_name         text NOT NULL,
    avatar_url           text,
    service              text,
    status               text NOT NULL CHECK (status IN ('connected', 'reauth_required', 'disconnected')),
    sealed_secrets       bytea,
    token_expires_at     timestamptz,
    post_defaults        jsonb NOT NULL DEFAULT '{}',
    hold_until           timestamptz,
    connected_at         timestamptz NOT NULL DEFAULT now(),
    disconnected_at      timestamptz,
    disconnected_reason  text,
    updated_at           timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN social_accounts.service IS 'origin of the platform for this account, where each account has its own';
COMMENT ON COLUMN social_accounts.hold_until IS 'the platform asked the whole account to keep still until then';
CREATE UNIQUE INDEX social_accounts_identity ON social_accounts (project_id, platform, external_id);

-- The row is the work: the only truth about what will happen to a post.
CREATE TABLE scheduled_posts (
    number             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id                 text NOT NULL,
    organization_id    text NOT NULL,
    project_id         text NOT NULL,
    container_id       text NOT NULL REFERENCES containers,
    social_account_id  text NOT NULL REFERENCES social_accounts,
    platform           text NOT NULL,
    mode               text NOT NULL,
    kind               text NOT NULL,
    status             text NOT NULL CHECK
        (status IN ('queued', 'publishing', 'published', 'draft_in_inbox', 'failed', 'canceled')),
    caption            text NOT NULL,
    first_comment      text,
    options            jsonb NOT NULL DEFAULT '{}',
    media              jsonb NOT NULL DEFAULT '[]',
    scheduled_for      timestamptz NOT NULL,
    due_at             timestamptz,
    fence              bigint NOT NULL DEFAULT 0,
    holds_lane         boolean NOT NULL DEFAULT false,
    attempts           integer NOT NULL DEFAULT 0,
    frozen_at          timestamptz,
    attempted_at       timestamptz,
    commit_sent_at     timestamptz,
    outcome_unknown    boolean NOT NULL DEFAULT false,
    next_attempt_at    timestamptz,
    published_at       timestamptz,
    canceled_at        timestamptz,
    external_id        text,
    external_url       text,
    last_error         jsonb,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    UNIQUE (organization_id, id)
);
COMMENT ON COLUMN scheduled_posts.due_at IS 'when a worker should next look at it; the end of the lease while one does; null once terminal';
COMMENT ON COLUMN scheduled_posts.fence IS 'counts claims and cancels; a worker writes only while it holds the newest';
COMMENT ON COLUMN scheduled_posts.holds_lane IS 'being worked on, or in doubt: no other post of the account goes out meanwhile';
COMMENT ON COLUMN scheduled_posts.commit_sent_at IS 'first COMMIT intent: from here on the post may be public';
CREATE INDEX scheduled_posts_due ON scheduled_posts (due_at, social_account_id) WHERE due_at IS NOT NULL;
CREATE INDEX scheduled_posts_lane ON scheduled_posts (social_account_id, due_at) WHERE due_at IS NOT NULL;
-- One post of an account in hand or in doubt at a time: what no race can break.
CREATE UNIQUE INDEX scheduled_posts_in_hand ON scheduled_posts (social_account_id) WHERE holds_lane;
CREATE INDEX scheduled_posts_list ON scheduled_posts (project_id, scheduled_for DESC, number DESC);
CREATE INDEX scheduled_posts_container ON scheduled_posts (container_id, social_account_id, mode);

-- What recovery needs: PREPARE replies, COMMITs from before they leave, and the READ replies that led to them.
-- A commit whose `reply` is null is in doubt.
CREATE TABLE post_calls (
    post_number  bigint NOT NULL REFERENCES scheduled_posts ON DELETE CASCADE,
    name         text NOT NULL,
    effect       text NOT NULL CHECK (effect IN ('read', 'prepare', 'commit')),
    digest       bytea NOT NULL,
    sent_at      timestamptz NOT NULL,
    reply        jsonb,
    absent_at    timestamptz,
    repeatable_until timestamptz,
    PRIMARY KEY (post_number, name)
);
COMMENT ON COLUMN post_calls.repeatable_until IS 'until then the platform itself refuses to carry out the commit twice';
COMMENT ON COLUMN post_calls.absent_at IS 'first time the platform showed that this commit had not happened';

-- The story of a post, for people.
CREATE TABLE post_events (
    post_number  bigint NOT NULL REFERENCES scheduled_posts ON DELETE CASCADE,
    position     bigint GENERATED ALWAYS AS IDENTITY,
    at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    type         text NOT NULL,
    message      text NOT NULL,
    data         jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (post_number, position)
);

CREATE TABLE pending_schedules (
    id             text PRIMARY KEY,
    container_id   text NOT NULL UNIQUE REFERENCES containers ON DELETE CASCADE,
    scheduled_for  timestamptz,
    targets        jsonb NOT NULL,
    api_key_id     text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN pending_schedules.scheduled_for IS 'null: publish now, whenever now comes';

-- What happened in an organisation: the audit log, and the source of webhooks. Append-only.
CREATE TABLE events (
    position         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id               text NOT NULL,
    type             text NOT NULL,
    occurred_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    organization_id  text NOT NULL,
    project_id       text,
    api_key_id       text,
    request_id       text,
    actor            text NOT NULL,
    subject_id       text,
    data             jsonb NOT NULL
);
CREATE INDEX events_audit ON events (organization_id, position DESC);

CREATE TABLE idempotency_records (
    api_key_id       text NOT NULL,
    method           text NOT NULL,
    path             text NOT NULL,
    idempotency_key  text NOT NULL,
    fingerprint      bytea NOT NULL,
    status           integer,
    body             bytea,
    intent_id        text,
    created_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (api_key_id, method, path, idempotency_key)
);
CREATE INDEX idempotency_age ON idempotency_records (created_at);
CREATE INDEX idempotency_intent ON idempotency_records (intent_id) WHERE intent_id IS NOT NULL;

-- Workers alive, for health: a dead worker is never green.
CREATE TABLE workers (
    id                text PRIMARY KEY,
    host              text NOT NULL,
    pid               integer NOT NULL,
    started_at        timestamptz NOT NULL DEFAULT now(),
    seen_at           timestamptz NOT NULL DEFAULT now(),
    last_dispatch_at  timestamptz
);

-- The built-in fakes of the platforms keep what they hold here, so that it survives and is shared by processes.
CREATE TABLE sandbox_records (
    platform    text NOT NULL,
    kind        text NOT NULL,
    id          text NOT NULL,
    owner       text NOT NULL DEFAULT '',
    data        jsonb NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (platform, kind, id)
);
CREATE INDEX sandbox_owner ON sandbox_records (platform, kind, owner, created_at);
CREATE TABLE sandbox_blobs (
    id     text PRIMARY KEY,
    bytes  bytea NOT NULL
);
