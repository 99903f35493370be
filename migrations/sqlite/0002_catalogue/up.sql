-- Keys, providers and prices. Every change raises `settings.version` in the same transaction.

CREATE TABLE settings (
  name  TEXT    NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO settings (name, value) VALUES ('version', 0);

-- The text of a key is never stored; `hash` is SHA-256 of it.
CREATE TABLE access_keys (
  id               BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  hash             BLOB    NOT NULL UNIQUE CHECK (length(hash) = 32),
  tail             TEXT    NOT NULL,
  account_id       BLOB    NOT NULL REFERENCES accounts (id),
  name             TEXT,
  role             TEXT    NOT NULL,
  concurrent_calls INTEGER CHECK (concurrent_calls > 0),
  created_ms       INTEGER NOT NULL,
  expires_ms       INTEGER,
  revoked_ms       INTEGER,
  last_used_ms     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX access_keys_of_account ON access_keys (account_id, id);

CREATE TABLE providers (
  id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  name          TEXT    NOT NULL,
  kind          TEXT    NOT NULL,
  base_url      TEXT,
  enabled       INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  on_disconnect TEXT    NOT NULL CHECK (on_disconnect IN ('cancel', 'drain')),
  timeouts      TEXT,
  created_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX providers_by_name ON providers (lower(name));

CREATE TABLE credentials (
  id          BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  provider_id BLOB    NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
  tail        TEXT    NOT NULL,
  sealed      BLOB    NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX credentials_of_provider ON credentials (provider_id, id);

-- Versions of price lists; the highest one of a provider, model and call type is in force.
CREATE TABLE rates (
  id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  provider   TEXT    NOT NULL,
  model      TEXT    NOT NULL,
  call_type  TEXT    NOT NULL,
  version    INTEGER NOT NULL CHECK (version > 0),
  -- `{"prices": {meter: credits for one}, "tiers": […]}`
  prices     TEXT    NOT NULL,
  created_ms INTEGER NOT NULL,
  UNIQUE (provider, model, call_type, version)
) STRICT, WITHOUT ROWID;
