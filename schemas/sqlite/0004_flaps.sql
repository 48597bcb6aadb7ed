-- Alerts that come and go, and what a summary has spoken of. Times are Unix milliseconds.
-- ASCII only, one statement after the other, run inside one transaction. Never edited after a release: add 0005.

PRAGMA user_version = 4;

CREATE TABLE flaps (                                                -- alerts that fired again soon after their end
    alert_id  INTEGER PRIMARY KEY CHECK (alert_id > 0),
    since_ms  INTEGER NOT NULL,                                     -- the first change counted
    damped_ms INTEGER NOT NULL,                                     -- who was told since then hears of it once it is calm; 0: everybody is told
    calm_ms   INTEGER NOT NULL,                                     -- the last change, once it is calm; else 0
    changes   INTEGER NOT NULL CHECK (changes > 0),                 -- since since_ms
    times     TEXT NOT NULL                                         -- of the last changes, oldest first, separated by spaces
) STRICT;

-- 6: it comes and goes, and is told once it is calm; 7: worse than the message on its way says. The CHECK of 0003 ends at 5, and SQLite alters none: the column is made anew.
ALTER TABLE told ADD COLUMN hushed_new INTEGER NOT NULL DEFAULT 0 CHECK (hushed_new BETWEEN 0 AND 7);
UPDATE told SET hushed_new = hushed;
ALTER TABLE told DROP COLUMN hushed;
ALTER TABLE told RENAME COLUMN hushed_new TO hushed;

-- Of the messages that went over a fallback, those of which the last summary speaks.
ALTER TABLE targets ADD COLUMN away_summed INTEGER NOT NULL DEFAULT 0 CHECK (away_summed >= 0);
