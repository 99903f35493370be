DROP VIEW report_transfers;
DROP VIEW report_usage_daily;
DROP VIEW report_calls;
DROP VIEW report_accounts;
