-- Silences, and what hushes an alert that fires. Times are Unix milliseconds.
-- ASCII only, one statement after the other, run inside one transaction. Never edited after a release: add 0004.

PRAGMA user_version = 3;

CREATE TABLE silences (
    number      INTEGER PRIMARY KEY CHECK (number > 0),
    gone        INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1)),  -- 1: forgotten by the daemon, kept as history
    state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 2),      -- 0 pending, 1 active, 2 expired
    starts_ms   INTEGER NOT NULL,
    ends_ms     INTEGER NOT NULL CHECK (ends_ms >= starts_ms),
    updated_ms  INTEGER NOT NULL,
    id          TEXT NOT NULL UNIQUE CHECK (length(id) = 36),       -- UUID: what people and tools call it
    author      TEXT NOT NULL,
    comment     TEXT NOT NULL,
    matchers    TEXT NOT NULL                                       -- JSON: [{"name","value","isRegex","isEqual"}]
) STRICT;
CREATE INDEX silences_live ON silences (number) WHERE gone = 0;

CREATE TABLE hushes (                                               -- alerts that fire and are silenced or inhibited now
    alert_id       INTEGER PRIMARY KEY CHECK (alert_id > 0),
    silence_number INTEGER NOT NULL CHECK (silence_number >= 0),    -- of many the first; 0: none
    inhibited_by   INTEGER NOT NULL CHECK (inhibited_by >= 0)       -- an alert; 0: none
) STRICT;

-- Settled unsaid for this, and looked at again when it ends: 0 nothing, 1 silenced, 2 inhibited, 3 muted; 4: told a little later; 5: a fallback told it.
ALTER TABLE told ADD COLUMN hushed INTEGER NOT NULL DEFAULT 0 CHECK (hushed BETWEEN 0 AND 5);

-- What went over a fallback while a channel was ill: it hears of it at once when it is back.
ALTER TABLE targets ADD COLUMN away_count INTEGER NOT NULL DEFAULT 0 CHECK (away_count >= 0);
ALTER TABLE targets ADD COLUMN away_since_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE targets ADD COLUMN away_until_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE targets ADD COLUMN away_to TEXT;
