-- Amounts have no declared type: a 64-bit integer when it fits, otherwise decimal text. Times are UTC ticks of 100 ns since 0001-01-01. Hashes are in display order.

CREATE TABLE chains (
    chain_id        INTEGER PRIMARY KEY,
    name            TEXT NOT NULL UNIQUE,
    network         TEXT,
    genesis         BLOB,
    cursor_height   INTEGER,
    cursor_hash     BLOB,
    cursor_previous BLOB,
    cursor_time     INTEGER,
    cursor_work     BLOB,
    cursor_best     INTEGER,
    best_work       BLOB,
    disconnects     INTEGER NOT NULL DEFAULT 0,
    gap             TEXT,
    scripts_watched INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE blocks (
    chain_id INTEGER NOT NULL,
    height   INTEGER NOT NULL,
    hash     BLOB NOT NULL,
    previous BLOB NOT NULL,
    time     INTEGER NOT NULL,
    work     BLOB NOT NULL,
    in_best  INTEGER NOT NULL,
    PRIMARY KEY (chain_id, height)
) WITHOUT ROWID;

-- Every script that was ever watched or told of. Counts and heights repeat what the watches say, so that matching and starting read one row per script.
CREATE TABLE scripts (
    script_id    INTEGER PRIMARY KEY,
    chain_id     INTEGER NOT NULL,
    script       BLOB NOT NULL,
    address      TEXT NOT NULL,
    watchers     INTEGER NOT NULL DEFAULT 0,
    live         INTEGER NOT NULL DEFAULT 0,
    live_from    INTEGER,
    pending_from INTEGER
);
CREATE UNIQUE INDEX scripts_by_script ON scripts (chain_id, script);

CREATE TABLE accounts (
    account_id INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE
);

CREATE TABLE watches (
    account_id  INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    id          TEXT NOT NULL,
    script_id   INTEGER NOT NULL,
    address     TEXT, -- null: the script's
    spelling    TEXT, -- null: the address
    label       TEXT,
    from_height INTEGER,
    active      INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (account_id, ordinal)
) WITHOUT ROWID;
CREATE UNIQUE INDEX watches_by_id ON watches (id);
CREATE UNIQUE INDEX watches_by_script ON watches (script_id, account_id);

-- An id is never used twice, and a page goes on after a watch that has been removed meanwhile.
CREATE TABLE removed_watches (
    id      TEXT PRIMARY KEY,
    ordinal INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('watch_ordinal', 0);

CREATE TABLE transactions (
    tx_id        INTEGER PRIMARY KEY, -- order in which they were first stored
    chain_id     INTEGER NOT NULL,
    hash         BLOB NOT NULL,
    state        INTEGER NOT NULL,
    height       INTEGER,
    block        BLOB,
    position     INTEGER NOT NULL,
    coinbase     INTEGER NOT NULL,
    attempt      INTEGER NOT NULL,
    told         INTEGER NOT NULL,
    fee,
    first_seen   INTEGER NOT NULL,
    cause        BLOB,
    cause_height INTEGER,
    cause_block  BLOB
);
CREATE UNIQUE INDEX transactions_by_hash ON transactions (chain_id, hash);
CREATE INDEX transactions_in_blocks ON transactions (chain_id, height, position) WHERE state IN (2, 3);
CREATE INDEX transactions_not_final ON transactions (chain_id) WHERE state <> 3;

CREATE TABLE movements (
    script_id INTEGER NOT NULL,
    tx_id     INTEGER NOT NULL,
    ord       INTEGER NOT NULL,
    address   TEXT, -- null: the script's
    received  NOT NULL,
    sent      NOT NULL,
    sender    TEXT,
    receiver  TEXT,
    PRIMARY KEY (script_id, tx_id)
) WITHOUT ROWID;
CREATE INDEX movements_by_tx ON movements (tx_id, ord);

-- What each tracked transaction spends: 32 bytes of hash in wire order, 4 bytes of index, little endian.
CREATE TABLE inputs (
    tx_id    INTEGER NOT NULL,
    ord      INTEGER NOT NULL,
    outpoint BLOB NOT NULL,
    PRIMARY KEY (tx_id, ord)
) WITHOUT ROWID;
CREATE INDEX inputs_by_outpoint ON inputs (outpoint);

CREATE TABLE coins (
    tx_id     INTEGER NOT NULL,
    vout      INTEGER NOT NULL,
    ord       INTEGER NOT NULL,
    script_id INTEGER NOT NULL,
    value     NOT NULL,
    PRIMARY KEY (tx_id, vout)
) WITHOUT ROWID;

CREATE TABLE balances (
    script_id    INTEGER PRIMARY KEY,
    confirmed    NOT NULL,
    unconfirmed  NOT NULL,
    immature     NOT NULL,
    received     NOT NULL,
    sent         NOT NULL,
    transactions INTEGER NOT NULL
);

CREATE TABLE journal (
    seq       INTEGER PRIMARY KEY,
    chain_id  INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    script_id INTEGER,
    address,  -- null: the script's, or none without a script; 0: none in spite of a script
    tx        BLOB,
    height    INTEGER,
    id        TEXT NOT NULL,
    at        INTEGER NOT NULL,
    data      BLOB NOT NULL,
    hash      BLOB NOT NULL
);
CREATE UNIQUE INDEX journal_by_id ON journal (id);
CREATE INDEX journal_by_script ON journal (script_id) WHERE script_id IS NOT NULL;

-- Where the journal ends. Without it a page that lost its last rows would look like a shorter journal.
CREATE TABLE journal_head (
    only  INTEGER PRIMARY KEY CHECK (only = 1),
    epoch TEXT NOT NULL,
    seq   INTEGER NOT NULL,
    hash  BLOB NOT NULL
);
