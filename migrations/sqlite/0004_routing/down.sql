DROP TABLE upstream_reports;
DROP TABLE virtual_models;
ALTER TABLE credentials DROP COLUMN weight;
