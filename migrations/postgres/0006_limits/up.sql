-- Limits of keys and accounts: NULL for the hub's own, 0 for none.
ALTER TABLE access_keys ADD COLUMN requests_per_minute bigint CHECK (requests_per_minute >= 0);
ALTER TABLE access_keys ADD COLUMN tokens_per_minute bigint CHECK (tokens_per_minute >= 0);
ALTER TABLE accounts ADD COLUMN concurrent_calls integer CHECK (concurrent_calls > 0);
ALTER TABLE accounts ADD COLUMN requests_per_minute bigint CHECK (requests_per_minute >= 0);
ALTER TABLE accounts ADD COLUMN tokens_per_minute bigint CHECK (tokens_per_minute >= 0);
