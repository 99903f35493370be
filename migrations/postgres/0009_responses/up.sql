-- Whether a provider has OpenAI's Responses; NULL where its address tells.
ALTER TABLE providers ADD COLUMN responses boolean;
