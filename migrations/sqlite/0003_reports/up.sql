-- Views for reports. They stay as they are when tables change. Amounts are exact decimal credits as
-- text, instants are UTC.

CREATE VIEW report_accounts AS
SELECT lower(hex(id)) AS account_id, name, did,
       iif(posted < 0, '-', '') || printf('%d.%010d', abs(posted) / 10000000000, abs(posted) % 10000000000) AS posted,
       printf('%d.%010d', held / 10000000000, held % 10000000000) AS held,
       iif(posted < held, '-', '')
         || printf('%d.%010d', abs(posted - held) / 10000000000, abs(posted - held) % 10000000000) AS available,
       strftime('%Y-%m-%dT%H:%M:%fZ', created_ms / 1000.0, 'unixepoch') AS created_at
  FROM accounts WHERE kind = 'user';

CREATE VIEW report_calls AS
SELECT lower(hex(c.id)) AS call_id, lower(hex(c.account_id)) AS account_id, a.name AS account_name, c.app_did,
       c.provider, c.model, c.call_type, c.stream,
       coalesce(c.outcome, 'processing') AS status, c.reason,
       printf('%d.%010d', c.hold / 10000000000, c.hold % 10000000000) AS hold,
       printf('%d.%010d', c.charge / 10000000000, c.charge % 10000000000) AS credits,
       printf('%d.%010d', c.overrun / 10000000000, c.overrun % 10000000000) AS overrun,
       c.lines, c.duration_ms, c.ttfb_ms, c.request_id, c.trace_id,
       strftime('%Y-%m-%dT%H:%M:%fZ', c.accepted_ms / 1000.0, 'unixepoch') AS accepted_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', c.closed_ms / 1000.0, 'unixepoch') AS closed_at
  FROM model_calls c JOIN accounts a ON a.id = c.account_id;

CREATE VIEW report_usage_daily AS
SELECT strftime('%Y-%m-%d', accepted_ms / 1000.0, 'unixepoch') AS day, lower(hex(account_id)) AS account_id,
       provider, model, call_type, count(*) AS calls,
       sum(outcome = 'success') AS succeeded, sum(outcome = 'failed') AS failed,
       printf('%d.%010d', sum(charge) / 10000000000, sum(charge) % 10000000000) AS credits,
       printf('%d.%010d', sum(overrun) / 10000000000, sum(overrun) % 10000000000) AS overrun
  FROM model_calls GROUP BY 1, 2, 3, 4, 5;

CREATE VIEW report_transfers AS
SELECT lower(hex(t.id)) AS transfer_id, t.kind, d.name AS debit, c.name AS credit,
       printf('%d.%010d', t.amount / 10000000000, t.amount % 10000000000) AS amount,
       lower(hex(t.call_id)) AS call_id,
       strftime('%Y-%m-%dT%H:%M:%fZ', t.created_ms / 1000.0, 'unixepoch') AS created_at
  FROM transfers t JOIN accounts d ON d.id = t.debit JOIN accounts c ON c.id = t.credit;
