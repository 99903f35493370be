-- Keys, providers and prices. Every change raises `settings.version` in the same transaction.

CREATE TABLE settings (
  name  text   NOT NULL PRIMARY KEY,
  value bigint NOT NULL
);
INSERT INTO settings (name, value) VALUES ('version', 0);

-- The text of a key is never stored; `hash` is SHA-256 of it.
CREATE TABLE access_keys (
  id               uuid    NOT NULL PRIMARY KEY,
  hash             bytea   NOT NULL UNIQUE CHECK (length(hash) = 32),
  tail             text    NOT NULL,
  account_id       uuid    NOT NULL REFERENCES accounts (id),
  name             text,
  role             text    NOT NULL,
  concurrent_calls integer CHECK (concurrent_calls > 0),
  created_ms       bigint  NOT NULL,
  expires_ms       bigint,
  revoked_ms       bigint,
  last_used_ms     bigint
);
CREATE INDEX access_keys_of_account ON access_keys (account_id, id);

CREATE TABLE providers (
  id            uuid    NOT NULL PRIMARY KEY,
  name          text    NOT NULL,
  kind          text    NOT NULL,
  base_url      text,
  enabled       boolean NOT NULL,
  on_disconnect text    NOT NULL CHECK (on_disconnect IN ('cancel', 'drain')),
  timeouts      jsonb,
  created_ms    bigint  NOT NULL
);
CREATE UNIQUE INDEX providers_by_name ON providers (lower(name COLLATE "C"));

CREATE TABLE credentials (
  id          uuid  NOT NULL PRIMARY KEY,
  provider_id uuid  NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
  tail        text  NOT NULL,
  sealed      bytea NOT NULL
);
CREATE INDEX credentials_of_provider ON credentials (provider_id, id);

-- Versions of price lists; the highest one of a provider, model and call type is in force.
CREATE TABLE rates (
  id         uuid    NOT NULL PRIMARY KEY,
  provider   text    NOT NULL,
  model      text    NOT NULL,
  call_type  text    NOT NULL,
  version    integer NOT NULL CHECK (version > 0),
  -- `{"prices": {meter: credits for one}, "tiers": […]}`
  prices     jsonb   NOT NULL,
  created_ms bigint  NOT NULL,
  UNIQUE (provider, model, call_type, version)
);
