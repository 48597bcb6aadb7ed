-- People: who is signed in, and what people changed. Times are Unix milliseconds.
-- ASCII only, one statement after the other, run inside one transaction. Never edited after a release: add 0003.

PRAGMA user_version = 2;

CREATE TABLE sessions (                                             -- a browser that showed a right password
    digest      TEXT PRIMARY KEY CHECK (length(digest) = 64),       -- SHA-256 of its cookie; the cookie itself is nowhere
    who         TEXT NOT NULL CHECK (who <> ''),
    credential  TEXT NOT NULL,                                      -- a mark of that password: with another one the session is over
    address     TEXT NOT NULL,                                      -- where it was opened from
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL CHECK (expires_ms > created_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_end ON sessions (expires_ms);

CREATE TABLE audit (                                                -- append-only: what people and their tools changed
    id          INTEGER PRIMARY KEY CHECK (id > 0),                 -- grows
    at_ms       INTEGER NOT NULL,
    status      INTEGER NOT NULL CHECK (status BETWEEN 0 AND 599),  -- HTTP's; 0: the daemon ended before it answered
    who         TEXT NOT NULL,
    via         TEXT NOT NULL,                                      -- session, token, password, proxy, local
    address     TEXT NOT NULL,
    method      TEXT NOT NULL,
    target      TEXT NOT NULL,                                      -- path and query
    detail      TEXT
) STRICT;
