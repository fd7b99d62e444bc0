-- Support requests that the platform's telemetry has reported. Each counts as support traffic once.
CREATE TABLE reported_requests (
    request_id  TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    -- The batch that reported it first.
    batch       TEXT COLLATE "C" NOT NULL,
    -- When the request was recorded.
    at          BIGINT NOT NULL
);
CREATE INDEX reported_requests_by_time ON reported_requests (at);
