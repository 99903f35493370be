DROP TABLE rates;
DROP TABLE credentials;
DROP TABLE providers;
DROP TABLE access_keys;
DROP TABLE settings;
