ALTER TABLE accounts DROP COLUMN tokens_per_minute;
ALTER TABLE accounts DROP COLUMN requests_per_minute;
ALTER TABLE accounts DROP COLUMN concurrent_calls;
ALTER TABLE access_keys DROP COLUMN tokens_per_minute;
ALTER TABLE access_keys DROP COLUMN requests_per_minute;
