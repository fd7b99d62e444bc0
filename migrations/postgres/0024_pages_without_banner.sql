-- Requests whose answer was a page that a browser showed without our banner.
CREATE TABLE pages_without_banner (
    -- The support session's number, and the request's number in it: that of its row in request_log.
    session BIGINT NOT NULL,
    seq     BIGINT NOT NULL,
    PRIMARY KEY (session, seq)
);
