-- Virtual models, shares of credentials, and what instances find wrong with upstreams.

ALTER TABLE credentials ADD COLUMN weight INTEGER NOT NULL DEFAULT 100 CHECK (weight >= 0);

CREATE TABLE virtual_models (
  name       TEXT NOT NULL PRIMARY KEY,
  strategy   TEXT NOT NULL,
  -- `[{"model": "provider/model", "weight": 1, "timeouts": {…}}]`, in their order
  targets    TEXT NOT NULL,
  -- `{"errors": true, "timeouts": true, "context_length": true}`
  fallback   TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for each instance; it counts while that life of the instance has its lease.
CREATE TABLE upstream_reports (
  owner       TEXT NOT NULL PRIMARY KEY,
  owner_epoch INTEGER NOT NULL,
  troubles    TEXT NOT NULL,
  told_ms     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
