-- Every start of a server that serves on this store. Instants are this machine's.
CREATE TABLE nodes (
    boot            TEXT NOT NULL PRIMARY KEY,
    -- What people call the node.
    node            TEXT NOT NULL,
    started_at      INTEGER NOT NULL,
    -- -1 while it serves.
    ended_at        INTEGER NOT NULL DEFAULT -1,
    -- Until when it may serve without another heartbeat.
    lease_until     INTEGER NOT NULL,
    -- The last number of `changes` that it has applied.
    applied         INTEGER NOT NULL DEFAULT 0,
    -- The latest instant that has certainly come, by its own clock.
    confirmed_at    INTEGER NOT NULL DEFAULT -1,
    rule_hash       TEXT NOT NULL DEFAULT ''
) STRICT;

-- One row: how often this store has been found to be restored from a backup.
CREATE TABLE store_epoch (
    id      INTEGER NOT NULL PRIMARY KEY,
    epoch   INTEGER NOT NULL
) STRICT;

-- What each node that served at a revocation has confirmed of it.
CREATE TABLE revocation_receipts (
    support_session_id  TEXT NOT NULL REFERENCES support_sessions (id),
    boot                TEXT NOT NULL,
    node                TEXT NOT NULL,
    -- Just before the revocation was committed.
    asked_at            INTEGER NOT NULL,
    -- When the lease that the node may have held then is over, whether it confirms or not.
    lease_until         INTEGER NOT NULL,
    -- Microseconds after asked_at; -1 until it has confirmed.
    confirmed_us        INTEGER NOT NULL DEFAULT -1,
    requests_cut        INTEGER NOT NULL DEFAULT 0,
    -- When the first byte of its last request went upstream, in microseconds after asked_at: below
    -- zero before it. NULL if it sent none since it was started.
    last_sent_us        INTEGER,
    PRIMARY KEY (support_session_id, boot)
) STRICT;
CREATE INDEX revocation_receipts_pending ON revocation_receipts (boot) WHERE confirmed_us = -1;
