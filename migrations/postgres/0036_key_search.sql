-- What the list of API keys searches. The program makes the forms of those there are at its next start.
ALTER TABLE api_keys ADD COLUMN search TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE folding SET version = 0;
