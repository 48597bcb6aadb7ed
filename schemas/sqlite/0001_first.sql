-- All nouns of the notifier, from the first version on. Times are Unix milliseconds, 0 is "none"; ids come from one
-- sequence. There are no foreign keys: the writer is one program, and the conservation query asks the same questions
-- of the whole. Comments stand inside the statements, so that `.schema` shows them to whoever is called at night.
-- ASCII only, one statement after the other, run inside one transaction. Never edited after a release: add 0002.

PRAGMA application_id = 1314145881; -- "NTFY"
PRAGMA user_version = 1;

CREATE TABLE sequence (
    only    INTEGER PRIMARY KEY CHECK (only = 1),
    next_id INTEGER NOT NULL CHECK (next_id > 0)
) STRICT;

CREATE TABLE alerts (
    id           INTEGER PRIMARY KEY CHECK (id > 0),
    gone         INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1)), -- 1: forgotten by the daemon, kept as history
    status       INTEGER NOT NULL CHECK (status IN (0, 1)),         -- 0 firing, 1 resolved
    seq          INTEGER NOT NULL CHECK (seq > 0),                  -- of its newest transition
    org          INTEGER NOT NULL,
    starts_ms    INTEGER NOT NULL,
    ends_ms      INTEGER NOT NULL,
    expires_ms   INTEGER NOT NULL,
    changed_ms   INTEGER NOT NULL,
    refreshed_ms INTEGER NOT NULL,
    test         INTEGER NOT NULL CHECK (test IN (0, 1)),
    content_hash INTEGER NOT NULL,
    domain       TEXT NOT NULL,
    source       TEXT NOT NULL,
    fingerprint  TEXT NOT NULL,
    state_reason TEXT,
    name         TEXT,                                              -- its label alertname
    rule_name    TEXT,                                              -- its label rulename: DatasourceError and NoData have one
    rule_uid     TEXT,
    labels       TEXT NOT NULL,                                     -- JSON object, as are annotations, links and readings
    annotations  TEXT NOT NULL,
    links        TEXT NOT NULL,
    readings     TEXT,                                              -- {"A":93.4}
    value_string TEXT
) STRICT;
CREATE INDEX alerts_by_fingerprint ON alerts (fingerprint);
CREATE INDEX alerts_live ON alerts (id) WHERE gone = 0;
CREATE INDEX alerts_by_rule ON alerts (rule_uid) WHERE gone = 0 AND rule_uid IS NOT NULL;
CREATE INDEX alerts_about_rule ON alerts (rule_name) WHERE gone = 0 AND rule_name IS NOT NULL;

CREATE TABLE transitions (                                          -- append-only
    alert_id     INTEGER NOT NULL CHECK (alert_id > 0),
    seq          INTEGER NOT NULL CHECK (seq > 0),
    status       INTEGER NOT NULL CHECK (status IN (0, 1)),
    at_ms        INTEGER NOT NULL,                                  -- acceptance
    starts_ms    INTEGER NOT NULL,
    ends_ms      INTEGER NOT NULL,
    source       TEXT NOT NULL,
    state_reason TEXT,
    rule         TEXT,                                              -- suppressed everywhere by it; NULL: owed to its channels
    PRIMARY KEY (alert_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX transitions_by_time ON transitions (at_ms);

CREATE TABLE groups (
    id           INTEGER PRIMARY KEY CHECK (id > 0),
    gone         INTEGER NOT NULL DEFAULT 0 CHECK (gone IN (0, 1)),
    incident_id  INTEGER NOT NULL,
    created_ms   INTEGER NOT NULL,
    flush_due_ms INTEGER NOT NULL CHECK (flush_due_ms >= 0),
    flushed_ms   INTEGER NOT NULL CHECK (flushed_ms >= 0),
    node_id      TEXT NOT NULL,
    key          TEXT NOT NULL,
    labels       TEXT NOT NULL
) STRICT;
CREATE INDEX groups_live ON groups (id) WHERE gone = 0;

CREATE TABLE incidents (
    id              INTEGER PRIMARY KEY CHECK (id > 0),
    group_id        INTEGER NOT NULL CHECK (group_id > 0),
    opened_ms       INTEGER NOT NULL,
    closed_ms       INTEGER NOT NULL CHECK (closed_ms >= 0),        -- 0: open
    severity        INTEGER NOT NULL CHECK (severity >= 0),         -- worst seen; 0 is the worst there is
    acked_ms        INTEGER NOT NULL DEFAULT 0 CHECK (acked_ms >= 0),
    escalation_step INTEGER NOT NULL DEFAULT 0 CHECK (escalation_step >= 0),
    escalation_due_ms INTEGER NOT NULL DEFAULT 0 CHECK (escalation_due_ms >= 0 AND (escalation_due_ms = 0 OR closed_ms = 0)),
    reference       TEXT NOT NULL CHECK (length(reference) BETWEEN 1 AND 32),
    severity_name   TEXT,
    title           TEXT
) STRICT;
CREATE UNIQUE INDEX incidents_open ON incidents (reference) WHERE closed_ms = 0;
CREATE INDEX incidents_by_reference ON incidents (reference) WHERE closed_ms <> 0;

CREATE TABLE actions (                                              -- append-only: what people did
    id          INTEGER PRIMARY KEY CHECK (id > 0),
    incident_id INTEGER NOT NULL CHECK (incident_id > 0),
    at_ms       INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL DEFAULT 0,
    delivery_id INTEGER NOT NULL DEFAULT 0,                         -- pressed on this one; 0: elsewhere
    verb        TEXT NOT NULL CHECK (verb IN ('ack', 'unack', 'snooze', 'resolve', 'note', 'escalate')),
    actor_kind  TEXT NOT NULL,
    actor       TEXT NOT NULL,
    channel     TEXT,
    provider_event_id TEXT,
    note        TEXT,
    UNIQUE (channel, provider_event_id)
) STRICT;
CREATE INDEX actions_by_incident ON actions (incident_id);

CREATE TABLE callbacks (                                            -- opaque id in a button -> what it does
    id          INTEGER PRIMARY KEY,
    incident_id INTEGER NOT NULL CHECK (incident_id > 0),
    delivery_id INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL,
    verb        TEXT NOT NULL CHECK (verb IN ('ack', 'unack', 'snooze', 'resolve', 'note', 'escalate'))
) STRICT;
CREATE INDEX callbacks_by_incident ON callbacks (incident_id);

CREATE TABLE told (                                                 -- what one channel knows, and is owed, of one alert
    alert_id    INTEGER NOT NULL CHECK (alert_id > 0),
    channel     TEXT NOT NULL CHECK (channel <> ''),
    slot        INTEGER NOT NULL CHECK (slot >= 0),
    group_id    INTEGER NOT NULL CHECK (group_id > 0),
    owed_seq    INTEGER NOT NULL CHECK (owed_seq >= settled_seq),
    settled_seq INTEGER NOT NULL CHECK (settled_seq >= 0),
    owed_ms     INTEGER NOT NULL,
    status      INTEGER NOT NULL CHECK (status BETWEEN 0 AND 2),     -- 0 nothing, 1 firing, 2 resolved
    told_ms     INTEGER NOT NULL,
    PRIMARY KEY (alert_id, channel, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE settlements (                                          -- append-only: how transitions up to seq ended on a channel
    alert_id    INTEGER NOT NULL CHECK (alert_id > 0),
    seq         INTEGER NOT NULL CHECK (seq > 0),
    channel     TEXT NOT NULL CHECK (channel <> ''),
    slot        INTEGER NOT NULL CHECK (slot >= 0),
    at_ms       INTEGER NOT NULL,
    settled     INTEGER NOT NULL CHECK (settled BETWEEN 1 AND 4),    -- 1 delivered, 2 carried, 3 suppressed, 4 dead
    delivery_id INTEGER NOT NULL CHECK (delivery_id > 0 OR settled IN (3, 4)),
    rule        TEXT CHECK (rule IS NOT NULL OR settled IN (1, 2)),
    PRIMARY KEY (alert_id, seq, channel, slot, at_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX settlements_dead ON settlements (delivery_id) WHERE settled = 4;

CREATE TABLE lanes (                                                -- one group on one channel
    group_id    INTEGER NOT NULL CHECK (group_id > 0),
    channel     TEXT NOT NULL CHECK (channel <> ''),
    notified_ms INTEGER NOT NULL,
    root_remote TEXT,
    PRIMARY KEY (group_id, channel)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (                                           -- one revision of one group to one channel
    id          INTEGER PRIMARY KEY CHECK (id > 0),
    group_id    INTEGER NOT NULL CHECK (group_id > 0),
    incident_id INTEGER NOT NULL,
    reason      INTEGER NOT NULL CHECK (reason BETWEEN 0 AND 31),
    state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4),     -- 0 open, 1 delivered, 2 carried, 3 suppressed, 4 dead
    form        INTEGER NOT NULL CHECK (form BETWEEN 0 AND 2),       -- 0 rich, 1 plain, 2 minimal
    severity    INTEGER NOT NULL CHECK (severity >= 0),
    maybe_sent  INTEGER NOT NULL CHECK (maybe_sent IN (0, 1)),
    tries       INTEGER NOT NULL CHECK (tries >= 0),
    opened_ms   INTEGER NOT NULL,
    accepted_ms INTEGER NOT NULL,
    due_ms      INTEGER NOT NULL,
    settled_ms  INTEGER NOT NULL CHECK (settled_ms >= 0),
    message_id  INTEGER NOT NULL CHECK (message_id >= 0),
    carried_by  INTEGER NOT NULL CHECK (carried_by >= 0),
    channel     TEXT NOT NULL CHECK (channel <> ''),
    address     TEXT NOT NULL DEFAULT '',                           -- a person's override
    words       TEXT,                                               -- why it is dead or suppressed, or the last error
    only_test   TEXT,
    CHECK ((state = 0) = (settled_ms = 0)),
    CHECK ((state = 2) = (carried_by > 0)),
    CHECK (state NOT IN (3, 4) OR words IS NOT NULL),
    CHECK (carried_by <> id)
) STRICT;
-- Firing and resolved cannot cross: one open delivery per group, channel and address.
CREATE UNIQUE INDEX deliveries_open ON deliveries (group_id, channel, address) WHERE state = 0;
CREATE INDEX deliveries_dead ON deliveries (channel, id) WHERE state = 4;
CREATE INDEX deliveries_by_incident ON deliveries (incident_id);

CREATE TABLE delivery_items (                                       -- the transitions its message tells
    delivery_id INTEGER NOT NULL CHECK (delivery_id > 0),
    alert_id    INTEGER NOT NULL CHECK (alert_id > 0),
    slot        INTEGER NOT NULL CHECK (slot >= 0),
    seq         INTEGER NOT NULL CHECK (seq > 0),
    status      INTEGER NOT NULL CHECK (status IN (0, 1)),
    PRIMARY KEY (delivery_id, alert_id, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (                                             -- what was actually said
    id          INTEGER PRIMARY KEY CHECK (id > 0),
    delivery_id INTEGER NOT NULL CHECK (delivery_id > 0),
    reason      INTEGER NOT NULL CHECK (reason BETWEEN 0 AND 31),
    at_ms       INTEGER NOT NULL,
    channel     TEXT NOT NULL CHECK (channel <> ''),
    text        TEXT
) STRICT;

-- With rowids: without them a row above 1 kB, as most contents are, gets a page of its own beside the tree.
CREATE TABLE parts (                                                -- a split text, a mail recipient
    message_id  INTEGER NOT NULL CHECK (message_id > 0),
    part        INTEGER NOT NULL CHECK (part >= 0),
    kind        INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 2),       -- 0 post, 1 edit, 2 recipient
    state       INTEGER NOT NULL CHECK (state BETWEEN 0 AND 3),      -- 0 waiting, 1 sending, 2 delivered, 3 failed
    optional    INTEGER NOT NULL CHECK (optional IN (0, 1)),
    tries       INTEGER NOT NULL CHECK (tries >= 0),
    address     TEXT,
    remote_id   TEXT,
    content     TEXT,
    PRIMARY KEY (message_id, part)
) STRICT;

CREATE TABLE attempts (
    delivery_id INTEGER NOT NULL CHECK (delivery_id > 0),
    id          INTEGER NOT NULL CHECK (id > 0),
    message_id  INTEGER NOT NULL,
    part_first  INTEGER NOT NULL CHECK (part_first >= 0),
    part_count  INTEGER NOT NULL CHECK (part_count >= 0),
    started_ms  INTEGER NOT NULL,
    ended_ms    INTEGER NOT NULL,
    outcome     INTEGER NOT NULL CHECK (outcome BETWEEN 0 AND 7),   -- 0 pending, 1 taken, 2 busy, 3 failed,
                                                                    -- 4 refused content, 5 refused channel, 6 moved, 7 unclear
    status      INTEGER NOT NULL,
    latency_ms  INTEGER NOT NULL,
    channel     TEXT NOT NULL CHECK (channel <> ''),
    words       TEXT,
    PRIMARY KEY (delivery_id, id),
    CHECK ((outcome = 0) = (ended_ms = 0))
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_time ON attempts (started_ms);

CREATE TABLE targets (                                              -- a channel's health
    channel       TEXT PRIMARY KEY CHECK (channel <> ''),
    not_before_ms INTEGER NOT NULL,
    failures      INTEGER NOT NULL CHECK (failures >= 0),
    last_ok_ms    INTEGER NOT NULL,
    last_error_ms INTEGER NOT NULL,
    last_error    TEXT,
    moved_to      TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (                                           -- bodies nobody understood
    id          INTEGER PRIMARY KEY CHECK (id > 0),
    received_ms INTEGER NOT NULL,
    source      TEXT NOT NULL,
    why         TEXT NOT NULL,
    body        BLOB NOT NULL
) STRICT;
