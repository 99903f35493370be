-- Views for reports. They stay as they are when tables change. Amounts are exact decimal credits as
-- text with ten decimals, instants are UTC, ids are written as the API shows them.

CREATE VIEW report_accounts AS
SELECT lower(printf('%s-%s-%s-%s-%s', substr(hex(id), 1, 8), substr(hex(id), 9, 4), substr(hex(id), 13, 4),
                    substr(hex(id), 17, 4), substr(hex(id), 21))) AS account_id,
       name, did,
       iif(posted < 0, '-', '') || printf('%d.%010d', abs(posted / 10000000000), abs(posted % 10000000000)) AS posted,
       printf('%d.%010d', held / 10000000000, held % 10000000000) AS held,
       iif(posted < held, '-', '')
         || printf('%d.%010d', abs((posted - held) / 10000000000), abs((posted - held) % 10000000000)) AS available,
       strftime('%Y-%m-%dT%H:%M:%fZ', created_ms / 1000.0, 'unixepoch') AS created_at
  FROM accounts WHERE kind = 'user';

CREATE VIEW report_calls AS
SELECT lower(printf('%s-%s-%s-%s-%s', substr(hex(c.id), 1, 8), substr(hex(c.id), 9, 4), substr(hex(c.id), 13, 4),
                    substr(hex(c.id), 17, 4), substr(hex(c.id), 21))) AS call_id,
       lower(printf('%s-%s-%s-%s-%s', substr(hex(a.id), 1, 8), substr(hex(a.id), 9, 4), substr(hex(a.id), 13, 4),
                    substr(hex(a.id), 17, 4), substr(hex(a.id), 21))) AS account_id,
       a.name AS account_name, c.app_did, c.provider, c.model, c.call_type, c.stream,
       coalesce(c.outcome, 'processing') AS status, c.reason,
       printf('%d.%010d', c.hold / 10000000000, c.hold % 10000000000) AS hold,
       printf('%d.%010d', c.charge / 10000000000, c.charge % 10000000000) AS credits,
       printf('%d.%010d', c.overrun / 10000000000, c.overrun % 10000000000) AS overrun,
       c.lines, c.duration_ms, c.ttfb_ms, c.request_id, c.trace_id,
       strftime('%Y-%m-%dT%H:%M:%fZ', c.accepted_ms / 1000.0, 'unixepoch') AS accepted_at,
       strftime('%Y-%m-%dT%H:%M:%fZ', c.closed_ms / 1000.0, 'unixepoch') AS closed_at
  FROM model_calls c JOIN accounts a ON a.id = c.account_id;

-- Whole credits and the rest are summed apart: a sum beyond 64 bits would fail.
CREATE VIEW report_usage_daily AS
SELECT day,
       lower(printf('%s-%s-%s-%s-%s', substr(hex(account_id), 1, 8), substr(hex(account_id), 9, 4),
                    substr(hex(account_id), 13, 4), substr(hex(account_id), 17, 4),
                    substr(hex(account_id), 21))) AS account_id,
       provider, model, call_type, calls, succeeded, failed,
       printf('%d.%010d', charge_whole + charge_rest / 10000000000, charge_rest % 10000000000) AS credits,
       printf('%d.%010d', overrun_whole + overrun_rest / 10000000000, overrun_rest % 10000000000) AS overrun
  FROM (SELECT strftime('%Y-%m-%d', accepted_ms / 1000.0, 'unixepoch') AS day, account_id,
               provider, model, call_type, count(*) AS calls,
               count(*) FILTER (WHERE outcome = 'success') AS succeeded,
               count(*) FILTER (WHERE outcome = 'failed') AS failed,
               sum(charge / 10000000000) AS charge_whole, sum(charge % 10000000000) AS charge_rest,
               sum(overrun / 10000000000) AS overrun_whole, sum(overrun % 10000000000) AS overrun_rest
          FROM model_calls GROUP BY 1, 2, 3, 4, 5);

CREATE VIEW report_transfers AS
SELECT lower(printf('%s-%s-%s-%s-%s', substr(hex(t.id), 1, 8), substr(hex(t.id), 9, 4), substr(hex(t.id), 13, 4),
                    substr(hex(t.id), 17, 4), substr(hex(t.id), 21))) AS transfer_id,
       t.kind, d.name AS debit, c.name AS credit,
       printf('%d.%010d', t.amount / 10000000000, t.amount % 10000000000) AS amount,
       iif(t.call_id IS NULL, NULL,
           lower(printf('%s-%s-%s-%s-%s', substr(hex(t.call_id), 1, 8), substr(hex(t.call_id), 9, 4),
                        substr(hex(t.call_id), 13, 4), substr(hex(t.call_id), 17, 4),
                        substr(hex(t.call_id), 21)))) AS call_id,
       strftime('%Y-%m-%dT%H:%M:%fZ', t.created_ms / 1000.0, 'unixepoch') AS created_at
  FROM transfers t JOIN accounts d ON d.id = t.debit JOIN accounts c ON c.id = t.credit;
