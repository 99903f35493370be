-- Virtual models, shares of credentials, and what instances find wrong with upstreams.

ALTER TABLE credentials ADD COLUMN weight integer NOT NULL DEFAULT 100 CHECK (weight >= 0);

CREATE TABLE virtual_models (
  name       text NOT NULL PRIMARY KEY,
  strategy   text NOT NULL,
  -- `[{"model": "provider/model", "weight": 1, "timeouts": {…}}]`, in their order
  targets    jsonb NOT NULL,
  -- `{"errors": true, "timeouts": true, "context_length": true}`
  fallback   jsonb NOT NULL,
  created_ms bigint NOT NULL
);

-- One row for each instance; it counts while that life of the instance has its lease.
CREATE TABLE upstream_reports (
  owner       text NOT NULL PRIMARY KEY,
  owner_epoch bigint NOT NULL,
  troubles    jsonb NOT NULL,
  told_ms     bigint NOT NULL
);
