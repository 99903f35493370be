-- Whether a provider has OpenAI's Responses; NULL where its address tells.
ALTER TABLE providers ADD COLUMN responses INTEGER CHECK (responses IN (0, 1));
