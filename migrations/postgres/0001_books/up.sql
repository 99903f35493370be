-- Accounts, transfers between them, calls, and what is reported of them.
-- Amounts are bigint units of 10^-10 credit; instants are milliseconds since the Unix epoch;
-- ids are UUIDv7.

CREATE TABLE accounts (
  id         uuid   NOT NULL PRIMARY KEY,
  name       text   NOT NULL UNIQUE,
  did        text   UNIQUE,
  kind       text   NOT NULL CHECK (kind IN ('user', 'system')),
  posted     bigint NOT NULL DEFAULT 0,
  held       bigint NOT NULL DEFAULT 0 CHECK (held >= 0),
  overdraft  bigint NOT NULL DEFAULT 0 CHECK (overdraft >= 0),
  created_ms bigint NOT NULL
);

INSERT INTO accounts (id, name, kind, created_ms) VALUES
  ('00000000-0000-0000-0000-000000000001', 'sys:grants',  'system', 0),
  ('00000000-0000-0000-0000-000000000002', 'sys:revenue', 'system', 0),
  ('00000000-0000-0000-0000-000000000003', 'sys:overrun', 'system', 0),
  ('00000000-0000-0000-0000-000000000004', 'sys:adjust',  'system', 0);

-- One row takes from one account what it gives to another: books that don't balance can't be written.
CREATE TABLE transfers (
  id         uuid   NOT NULL PRIMARY KEY,
  kind       text   NOT NULL CHECK (kind IN ('grant', 'charge', 'overrun', 'refund', 'expire', 'adjust')),
  debit      uuid   NOT NULL,
  credit     uuid   NOT NULL,
  amount     bigint NOT NULL CHECK (amount > 0),
  call_id    uuid,
  idem_key   text   UNIQUE,
  created_ms bigint NOT NULL,
  CHECK (debit <> credit),
  -- What a call posts is named by the call, everything else by a key of its own.
  CHECK ((kind IN ('charge', 'overrun')) = (call_id IS NOT NULL)),
  CHECK ((kind IN ('charge', 'overrun')) = (idem_key IS NULL))
);
CREATE UNIQUE INDEX transfers_one_charge  ON transfers (call_id) WHERE kind = 'charge';
CREATE UNIQUE INDEX transfers_one_overrun ON transfers (call_id) WHERE kind = 'overrun';
CREATE INDEX transfers_grants ON transfers (credit) WHERE kind = 'grant';

CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION '% are append only', TG_TABLE_NAME; END $$;
CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- No foreign key points to calls: old ones can be moved away.
CREATE TABLE model_calls (
  id               uuid    NOT NULL PRIMARY KEY,
  account_id       uuid    NOT NULL,
  key_id           uuid,
  app_did          text,
  provider         text    NOT NULL,
  model            text    NOT NULL,
  credential_id    uuid,
  call_type        text    NOT NULL,
  stream           boolean NOT NULL,
  billing          text    NOT NULL CHECK (billing IN ('credit', 'subscription', 'none')),
  rate_id          uuid,
  state            text    NOT NULL CHECK (state IN ('held', 'settled', 'voided')),
  outcome          text    CHECK (outcome IN ('success', 'failed')),
  reason           text,
  error            text,
  finish_reason    text,
  hold             bigint  NOT NULL CHECK (hold >= 0),
  charge           bigint  NOT NULL DEFAULT 0 CHECK (charge >= 0),
  overrun          bigint  NOT NULL DEFAULT 0 CHECK (overrun >= 0),
  -- Usage and price lines, written once.
  lines            jsonb,
  duration_ms      bigint,
  ttfb_ms          bigint,
  provider_ttfb_ms bigint,
  request_id       text,
  trace_id         text,
  upstream_id      text,
  owner            text    NOT NULL,
  owner_epoch      bigint  NOT NULL,
  accepted_ms      bigint  NOT NULL,
  -- When the call has been open for as long as it may.
  deadline_ms      bigint  NOT NULL,
  closed_ms        bigint,
  CHECK ((state = 'held') = (closed_ms IS NULL)),
  CHECK ((state = 'held') = (outcome IS NULL)),
  CHECK (state <> 'voided' OR (charge = 0 AND overrun = 0)),
  CHECK (billing <> 'none' OR (hold = 0 AND charge = 0 AND overrun = 0)),
  CHECK (billing <> 'credit' OR charge <= hold)
);
CREATE INDEX model_calls_of_account ON model_calls (account_id, id);
CREATE INDEX model_calls_open ON model_calls (owner, owner_epoch) WHERE state = 'held';

-- Tries upstream that failed, and those from the second on.
CREATE TABLE call_attempts (
  call_id        uuid    NOT NULL,
  number         integer NOT NULL CHECK (number > 0),
  provider       text    NOT NULL,
  model          text    NOT NULL,
  credential_id  uuid,
  started_ms     bigint  NOT NULL,
  duration_ms    bigint  NOT NULL,
  error          text,
  status         integer,
  maybe_executed boolean NOT NULL,
  PRIMARY KEY (call_id, number)
);

-- One event for each charged call; `dedupe_key` is the call's id.
CREATE TABLE outbox (
  dedupe_key uuid   NOT NULL PRIMARY KEY,
  kind       text   NOT NULL CHECK (kind = 'meter'),
  mode       text   NOT NULL CHECK (mode IN ('ledger', 'payment-kit')),
  account_id uuid   NOT NULL,
  app_did    text,
  amount     bigint NOT NULL CHECK (amount > 0),
  created_ms bigint NOT NULL,
  acked_ms   bigint,
  CHECK (acked_ms IS NULL OR mode = 'ledger')
);
CREATE INDEX outbox_waiting ON outbox (mode, created_ms, dedupe_key) WHERE acked_ms IS NULL;

CREATE TABLE meter_reports (
  id             uuid   NOT NULL PRIMARY KEY,
  identifier     text   NOT NULL UNIQUE,
  account_id     uuid   NOT NULL REFERENCES accounts (id),
  app_did        text,
  amount         bigint NOT NULL CHECK (amount > 0),
  carry_in       bigint NOT NULL DEFAULT 0 CHECK (carry_in >= 0),
  carry_out      bigint NOT NULL DEFAULT 0 CHECK (carry_out >= 0),
  event_ms       bigint NOT NULL,
  state          text   NOT NULL CHECK (state IN ('pending', 'sending', 'acked', 'parked')),
  claim_until_ms bigint NOT NULL DEFAULT 0,
  created_ms     bigint NOT NULL,
  acked_ms       bigint,
  CHECK ((state = 'acked') = (acked_ms IS NOT NULL))
);
CREATE TABLE meter_report_items (
  call_id   uuid   NOT NULL PRIMARY KEY,
  report_id uuid   NOT NULL REFERENCES meter_reports (id),
  amount    bigint NOT NULL CHECK (amount > 0)
);
CREATE INDEX meter_report_items_of_report ON meter_report_items (report_id);

-- Claims of `Idempotency-Key`s, made with the hold, and the answers that were kept, sealed.
CREATE TABLE idempotency_keys (
  scope       bytea  NOT NULL PRIMARY KEY CHECK (length(scope) = 32),
  fingerprint bytea  NOT NULL CHECK (length(fingerprint) = 32),
  account_id  uuid   NOT NULL,
  call_id     uuid   NOT NULL UNIQUE,
  state       text   NOT NULL CHECK (state IN ('running', 'kept', 'not_kept')),
  answer      bytea,
  created_ms  bigint NOT NULL,
  CHECK ((state = 'kept') = (answer IS NOT NULL))
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_ms);

-- Lives of processes.
CREATE TABLE instances (
  id             text    NOT NULL,
  epoch          bigint  NOT NULL,
  lease_until_ms bigint  NOT NULL,
  ended          boolean NOT NULL DEFAULT false,
  PRIMARY KEY (id, epoch)
);

CREATE TABLE jobs (
  name             text   NOT NULL PRIMARY KEY,
  owner            text,
  fence            bigint NOT NULL DEFAULT 0,
  claimed_until_ms bigint NOT NULL DEFAULT 0,
  done_ms          bigint
);
