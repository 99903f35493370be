-- Views for reports. They stay as they are when tables change. Amounts are exact decimal credits,
-- instants have their time zone. Units are multiplied by 10^-10 and not divided: a division of
-- numerics rounds to about sixteen digits.

CREATE VIEW report_accounts AS
SELECT id AS account_id, name, did,
       (posted * 0.0000000001)::numeric(20, 10) AS posted,
       (held * 0.0000000001)::numeric(20, 10) AS held,
       ((posted::numeric - held) * 0.0000000001)::numeric(20, 10) AS available,
       to_timestamp(created_ms / 1000.0) AS created_at
  FROM accounts WHERE kind = 'user';

CREATE VIEW report_calls AS
SELECT c.id AS call_id, c.account_id, a.name AS account_name, c.app_did,
       c.provider, c.model, c.call_type, c.stream,
       coalesce(c.outcome, 'processing') AS status, c.reason,
       (c.hold * 0.0000000001)::numeric(20, 10) AS hold,
       (c.charge * 0.0000000001)::numeric(20, 10) AS credits,
       (c.overrun * 0.0000000001)::numeric(20, 10) AS overrun,
       c.lines, c.duration_ms, c.ttfb_ms, c.request_id, c.trace_id,
       to_timestamp(c.accepted_ms / 1000.0) AS accepted_at,
       to_timestamp(c.closed_ms / 1000.0) AS closed_at
  FROM model_calls c JOIN accounts a ON a.id = c.account_id;

CREATE VIEW report_usage_daily AS
SELECT (to_timestamp(accepted_ms / 1000.0) AT TIME ZONE 'UTC')::date AS day, account_id,
       provider, model, call_type, count(*) AS calls,
       count(*) FILTER (WHERE outcome = 'success') AS succeeded,
       count(*) FILTER (WHERE outcome = 'failed') AS failed,
       (sum(charge) * 0.0000000001)::numeric(28, 10) AS credits,
       (sum(overrun) * 0.0000000001)::numeric(28, 10) AS overrun
  FROM model_calls GROUP BY 1, 2, 3, 4, 5;

CREATE VIEW report_transfers AS
SELECT t.id AS transfer_id, t.kind, d.name AS debit, c.name AS credit,
       (t.amount * 0.0000000001)::numeric(20, 10) AS amount, t.call_id,
       to_timestamp(t.created_ms / 1000.0) AS created_at
  FROM transfers t JOIN accounts d ON d.id = t.debit JOIN accounts c ON c.id = t.credit;
