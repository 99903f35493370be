-- Accounts, transfers between them, calls, and what is reported of them.
-- Amounts are INTEGER units of 10^-10 credit; instants are milliseconds since the Unix epoch;
-- ids are UUIDv7 as 16 bytes. Checks on the hot path say OR: for IN with more than two values SQLite fills a table
-- in memory each time.

CREATE TABLE accounts (
  id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  name       TEXT    NOT NULL UNIQUE,
  did        TEXT    UNIQUE,
  kind       TEXT    NOT NULL CHECK (kind IN ('user', 'system')),
  posted     INTEGER NOT NULL DEFAULT 0,
  held       INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0),
  overdraft  INTEGER NOT NULL DEFAULT 0 CHECK (overdraft >= 0),
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO accounts (id, name, kind, created_ms) VALUES
  (x'00000000000000000000000000000001', 'sys:grants',  'system', 0),
  (x'00000000000000000000000000000002', 'sys:revenue', 'system', 0),
  (x'00000000000000000000000000000003', 'sys:overrun', 'system', 0),
  (x'00000000000000000000000000000004', 'sys:adjust',  'system', 0);

-- One row takes from one account what it gives to another: books that don't balance can't be written.
CREATE TABLE transfers (
  id         BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  kind       TEXT    NOT NULL CHECK (kind = 'charge' OR kind = 'overrun' OR kind = 'grant' OR kind = 'refund'
                        OR kind = 'expire' OR kind = 'adjust'),
  debit      BLOB    NOT NULL,
  credit     BLOB    NOT NULL,
  amount     INTEGER NOT NULL CHECK (amount > 0),
  call_id    BLOB,
  idem_key   TEXT,
  created_ms INTEGER NOT NULL,
  CHECK (debit <> credit),
  -- What a call posts is named by the call, everything else by a key of its own.
  CHECK ((kind IN ('charge', 'overrun')) = (call_id IS NOT NULL)),
  CHECK ((kind IN ('charge', 'overrun')) = (idem_key IS NULL))
) STRICT, WITHOUT ROWID;
-- Partial, because most transfers have no key.
CREATE UNIQUE INDEX transfers_idem_key ON transfers (idem_key) WHERE idem_key IS NOT NULL;
CREATE UNIQUE INDEX transfers_one_charge  ON transfers (call_id) WHERE kind = 'charge';
CREATE UNIQUE INDEX transfers_one_overrun ON transfers (call_id) WHERE kind = 'overrun';
CREATE INDEX transfers_grants ON transfers (credit) WHERE kind = 'grant';

CREATE TRIGGER transfers_no_update BEFORE UPDATE ON transfers
  BEGIN SELECT RAISE(ABORT, 'transfers are append only'); END;
CREATE TRIGGER transfers_no_delete BEFORE DELETE ON transfers
  BEGIN SELECT RAISE(ABORT, 'transfers are append only'); END;

-- No foreign key points to calls: old ones can be moved away.
CREATE TABLE model_calls (
  id               BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  account_id       BLOB    NOT NULL,
  key_id           BLOB,
  app_did          TEXT,
  provider         TEXT    NOT NULL,
  model            TEXT    NOT NULL,
  credential_id    BLOB,
  call_type        TEXT    NOT NULL,
  stream           INTEGER NOT NULL CHECK (stream IN (0, 1)),
  billing          TEXT    NOT NULL CHECK (billing = 'credit' OR billing = 'subscription' OR billing = 'none'),
  rate_id          BLOB,
  state            TEXT    NOT NULL CHECK (state = 'settled' OR state = 'held' OR state = 'voided'),
  outcome          TEXT    CHECK (outcome IN ('success', 'failed')),
  reason           TEXT,
  error            TEXT,
  finish_reason    TEXT,
  hold             INTEGER NOT NULL CHECK (hold >= 0),
  charge           INTEGER NOT NULL DEFAULT 0 CHECK (charge >= 0),
  overrun          INTEGER NOT NULL DEFAULT 0 CHECK (overrun >= 0),
  -- Usage and price lines, written once.
  lines            TEXT,
  duration_ms      INTEGER,
  ttfb_ms          INTEGER,
  provider_ttfb_ms INTEGER,
  request_id       TEXT,
  trace_id         TEXT,
  upstream_id      TEXT,
  owner            TEXT    NOT NULL,
  owner_epoch      INTEGER NOT NULL,
  accepted_ms      INTEGER NOT NULL,
  -- When the call has been open for as long as it may.
  deadline_ms      INTEGER NOT NULL,
  closed_ms        INTEGER,
  CHECK ((state = 'held') = (closed_ms IS NULL)),
  CHECK ((state = 'held') = (outcome IS NULL)),
  CHECK (state <> 'voided' OR (charge = 0 AND overrun = 0)),
  CHECK (billing <> 'none' OR (hold = 0 AND charge = 0 AND overrun = 0)),
  CHECK (billing <> 'credit' OR charge <= hold)
) STRICT;
CREATE INDEX model_calls_of_account ON model_calls (account_id, id);
CREATE INDEX model_calls_open ON model_calls (owner, owner_epoch) WHERE state = 'held';

-- Tries upstream that failed, and those from the second on.
CREATE TABLE call_attempts (
  call_id        BLOB    NOT NULL,
  number         INTEGER NOT NULL CHECK (number > 0),
  provider       TEXT    NOT NULL,
  model          TEXT    NOT NULL,
  credential_id  BLOB,
  started_ms     INTEGER NOT NULL,
  duration_ms    INTEGER NOT NULL,
  error          TEXT,
  status         INTEGER,
  maybe_executed INTEGER NOT NULL CHECK (maybe_executed IN (0, 1)),
  PRIMARY KEY (call_id, number)
) STRICT, WITHOUT ROWID;

-- One event for each charged call; `dedupe_key` is the call's id.
CREATE TABLE outbox (
  dedupe_key BLOB    NOT NULL PRIMARY KEY,
  kind       TEXT    NOT NULL CHECK (kind = 'meter'),
  mode       TEXT    NOT NULL CHECK (mode IN ('ledger', 'payment-kit')),
  account_id BLOB    NOT NULL,
  app_did    TEXT,
  amount     INTEGER NOT NULL CHECK (amount > 0),
  created_ms INTEGER NOT NULL,
  acked_ms   INTEGER,
  CHECK (acked_ms IS NULL OR mode = 'ledger')
) STRICT, WITHOUT ROWID;
CREATE INDEX outbox_waiting ON outbox (mode, created_ms, dedupe_key) WHERE acked_ms IS NULL;

CREATE TABLE meter_reports (
  id             BLOB    NOT NULL PRIMARY KEY,
  identifier     TEXT    NOT NULL UNIQUE,
  account_id     BLOB    NOT NULL REFERENCES accounts (id),
  app_did        TEXT,
  amount         INTEGER NOT NULL CHECK (amount > 0),
  carry_in       INTEGER NOT NULL DEFAULT 0 CHECK (carry_in >= 0),
  carry_out      INTEGER NOT NULL DEFAULT 0 CHECK (carry_out >= 0),
  event_ms       INTEGER NOT NULL,
  state          TEXT    NOT NULL CHECK (state IN ('pending', 'sending', 'acked', 'parked')),
  claim_until_ms INTEGER NOT NULL DEFAULT 0,
  created_ms     INTEGER NOT NULL,
  acked_ms       INTEGER,
  CHECK ((state = 'acked') = (acked_ms IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE TABLE meter_report_items (
  call_id   BLOB    NOT NULL PRIMARY KEY,
  report_id BLOB    NOT NULL REFERENCES meter_reports (id),
  amount    INTEGER NOT NULL CHECK (amount > 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX meter_report_items_of_report ON meter_report_items (report_id);

-- Claims of `Idempotency-Key`s, made with the hold, and the answers that were kept, sealed.
CREATE TABLE idempotency_keys (
  scope       BLOB    NOT NULL PRIMARY KEY CHECK (length(scope) = 32),
  fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
  account_id  BLOB    NOT NULL,
  call_id     BLOB    NOT NULL UNIQUE,
  state       TEXT    NOT NULL CHECK (state IN ('running', 'kept', 'not_kept')),
  answer      BLOB,
  created_ms  INTEGER NOT NULL,
  CHECK ((state = 'kept') = (answer IS NOT NULL))
) STRICT;
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_ms);

-- Lives of processes.
CREATE TABLE instances (
  id             TEXT    NOT NULL,
  epoch          INTEGER NOT NULL,
  lease_until_ms INTEGER NOT NULL,
  ended          INTEGER NOT NULL DEFAULT 0 CHECK (ended IN (0, 1)),
  PRIMARY KEY (id, epoch)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
  name             TEXT    NOT NULL PRIMARY KEY,
  owner            TEXT,
  fence            INTEGER NOT NULL DEFAULT 0,
  claimed_until_ms INTEGER NOT NULL DEFAULT 0,
  done_ms          INTEGER
) STRICT, WITHOUT ROWID;
