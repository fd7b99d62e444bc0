-- How many of the errors were answered with a status of 500 or more. Errors counted before are not told apart, and read as others.
ALTER TABLE call_buckets ADD COLUMN server_errors BIGINT NOT NULL DEFAULT 0;
