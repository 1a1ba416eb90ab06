-- Statements that every relational store runs as they are. Parameters are $1, $2 … in the order of the call.

-- :chain_id
SELECT chain_id FROM chains WHERE name = $1

-- :chain_add
INSERT INTO chains (name) VALUES ($1) RETURNING chain_id

-- :position
SELECT network, genesis, cursor_height, cursor_hash, cursor_previous, cursor_time, cursor_work, cursor_best, best_work, disconnects, gap
FROM chains WHERE chain_id = $1 AND network IS NOT NULL

-- :position_set
UPDATE chains SET network = $2, genesis = $3, cursor_height = $4, cursor_hash = $5, cursor_previous = $6, cursor_time = $7, cursor_work = $8,
    cursor_best = $9, best_work = $10, disconnects = $11, gap = $12
WHERE chain_id = $1

-- :block
SELECT height, hash, previous, time, work, in_best FROM blocks WHERE chain_id = $1 AND height = $2

-- :block_put
INSERT INTO blocks (chain_id, height, hash, previous, time, work, in_best) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (chain_id, height) DO UPDATE SET hash = excluded.hash, previous = excluded.previous, time = excluded.time, work = excluded.work, in_best = excluded.in_best

-- :block_drop
DELETE FROM blocks WHERE chain_id = $1 AND height = $2 AND hash = $3

-- :script
SELECT script_id, address, watchers FROM scripts WHERE chain_id = $1 AND script = $2

-- :script_live
SELECT address FROM scripts WHERE chain_id = $1 AND script = $2 AND live > 0

-- :script_add
INSERT INTO scripts (chain_id, script, address, watchers, live, live_from, pending_from) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING script_id

-- :script_recount
UPDATE scripts SET
    watchers = (SELECT count(*) FROM watches w WHERE w.script_id = $1),
    live = (SELECT count(*) FROM watches w WHERE w.script_id = $1 AND w.active = 1),
    live_from = (SELECT min(from_height) FROM watches w WHERE w.script_id = $1 AND w.active = 1),
    pending_from = (SELECT min(from_height) FROM watches w WHERE w.script_id = $1 AND w.active = 0)
WHERE script_id = $1

-- :script_address
UPDATE scripts SET address = $2 WHERE script_id = $1

-- :scripts_counted
UPDATE chains SET scripts_watched = scripts_watched + $2 WHERE chain_id = $1

-- :scripts_watched
SELECT scripts_watched FROM chains WHERE chain_id = $1

-- :scripts_live
SELECT script_id, script, address, live_from FROM scripts WHERE script_id > $2 AND +chain_id = $1 AND live > 0 ORDER BY script_id LIMIT $3

-- :scripts_pending
SELECT script_id, script, address, pending_from FROM scripts WHERE script_id > $2 AND +chain_id = $1 AND watchers > live ORDER BY script_id LIMIT $3

-- :account_id
SELECT account_id FROM accounts WHERE name = $1

-- :account_add
INSERT INTO accounts (name) VALUES ($1) RETURNING account_id

-- :watch_ordinal
SELECT value FROM counters WHERE name = 'watch_ordinal'

-- :watch_ordinal_set
UPDATE counters SET value = $1 WHERE name = 'watch_ordinal'

-- :watch_id_removed
SELECT ordinal FROM removed_watches WHERE id = $1

-- :watch_id_removed_add
INSERT INTO removed_watches (id, ordinal) VALUES ($1, $2)

-- :watch_ordinal_of
SELECT ordinal FROM watches WHERE id = $1

-- :watch_add
INSERT INTO watches (account_id, ordinal, id, script_id, address, spelling, label, from_height, active, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- :watch_of_script
SELECT w.id, c.name, s.script, coalesce(w.address, s.address), w.spelling, w.label, w.from_height, w.active, w.created_at, w.ordinal, w.script_id, s.chain_id
FROM watches w JOIN scripts s ON s.script_id = w.script_id JOIN chains c ON c.chain_id = s.chain_id
WHERE w.script_id = $2 AND w.account_id = $1

-- :watch_by_id
SELECT w.id, c.name, s.script, coalesce(w.address, s.address), w.spelling, w.label, w.from_height, w.active, w.created_at, w.ordinal, w.script_id, s.chain_id
FROM watches w JOIN scripts s ON s.script_id = w.script_id JOIN chains c ON c.chain_id = s.chain_id
WHERE w.id = $2 AND w.account_id = $1

-- :watches_after
SELECT w.id, c.name, s.script, coalesce(w.address, s.address), w.spelling, w.label, w.from_height, w.active, w.created_at, w.ordinal, w.script_id, s.chain_id
FROM watches w JOIN scripts s ON s.script_id = w.script_id JOIN chains c ON c.chain_id = s.chain_id
WHERE w.account_id = $1 AND w.ordinal > $2 AND ($3 IS NULL OR s.chain_id = $3)
ORDER BY w.ordinal LIMIT $4

-- :watch_drop
DELETE FROM watches WHERE account_id = $1 AND ordinal = $2

-- :watches_activate
UPDATE watches SET active = 1 WHERE script_id = $1 AND active = 0

-- :tx_id
SELECT tx_id FROM transactions WHERE chain_id = $1 AND hash = $2

-- :tx
SELECT tx_id, hash, state, height, block, position, coinbase, attempt, told, fee, first_seen, cause, cause_height, cause_block
FROM transactions WHERE tx_id = $1

-- :tx_add
INSERT INTO transactions (chain_id, hash, state, height, block, position, coinbase, attempt, told, fee, first_seen, cause, cause_height, cause_block)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING tx_id

-- :tx_set
UPDATE transactions SET state = $3, height = $4, block = $5, position = $6, coinbase = $7, attempt = $8, told = $9, fee = $10, first_seen = $11,
    cause = $12, cause_height = $13, cause_block = $14
WHERE chain_id = $1 AND hash = $2

-- :tx_movements
SELECT s.script, coalesce(m.address, s.address), m.received, m.sent, m.sender, m.receiver
FROM movements m JOIN scripts s ON s.script_id = m.script_id WHERE m.tx_id = $1 ORDER BY m.ord

-- :tx_inputs
SELECT outpoint FROM inputs WHERE tx_id = $1 ORDER BY ord

-- :tx_coins
SELECT c.vout, s.script, c.value FROM coins c JOIN scripts s ON s.script_id = c.script_id WHERE c.tx_id = $1 ORDER BY c.ord

-- :movements_drop
DELETE FROM movements WHERE tx_id = $1

-- :movement_add
INSERT INTO movements (script_id, tx_id, ord, address, received, sent, sender, receiver) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- :inputs_drop
DELETE FROM inputs WHERE tx_id = $1

-- :input_add
INSERT INTO inputs (tx_id, ord, outpoint) VALUES ($1, $2, $3)

-- :coins_drop
DELETE FROM coins WHERE tx_id = $1

-- :coin_add
INSERT INTO coins (tx_id, vout, ord, script_id, value) VALUES ($1, $2, $3, $4, $5)

-- :coin
SELECT s.script, c.value
FROM transactions t JOIN coins c ON c.tx_id = t.tx_id AND c.vout = $3 JOIN scripts s ON s.script_id = c.script_id
WHERE t.chain_id = $1 AND t.hash = $2

-- :spenders
SELECT t.tx_id FROM inputs i JOIN transactions t ON t.tx_id = i.tx_id WHERE i.outpoint = $2 AND t.chain_id = $1 ORDER BY t.tx_id

-- :tx_from_height
SELECT tx_id FROM transactions WHERE chain_id = $1 AND state IN (2, 3) AND height >= $2 ORDER BY height, position, tx_id

-- :tx_open
SELECT t.tx_id
FROM transactions t LEFT JOIN transactions r ON r.chain_id = t.chain_id AND r.hash = t.cause JOIN chains c ON c.chain_id = t.chain_id
WHERE t.chain_id = $1 AND t.state <> 3 AND t.tx_id > $2
  AND NOT (t.state IN (4, 5) AND r.tx_id IS NOT NULL AND r.state = 3)
  AND NOT (t.state = 5 AND r.tx_id IS NULL AND t.cause_height IS NOT NULL AND c.cursor_height IS NOT NULL AND c.cursor_height - t.cause_height >= $4)
ORDER BY t.tx_id LIMIT $3

-- :coins_after
SELECT t.tx_id, t.hash, c.vout,
    t.state IN (4, 5) AND r.tx_id IS NOT NULL AND r.state = 3
    OR t.state = 5 AND r.tx_id IS NULL AND t.cause_height IS NOT NULL AND h.cursor_height IS NOT NULL AND h.cursor_height - t.cause_height >= $5
FROM coins c JOIN transactions t ON t.tx_id = c.tx_id
    LEFT JOIN transactions r ON r.chain_id = t.chain_id AND r.hash = t.cause
    JOIN chains h ON h.chain_id = t.chain_id
WHERE (c.tx_id, c.vout) > ($2, $3) AND +t.chain_id = $1
ORDER BY c.tx_id, c.vout LIMIT $4

-- :spent_for_good
SELECT 1 FROM inputs i JOIN transactions t ON t.tx_id = i.tx_id WHERE i.outpoint = $2 AND t.chain_id = $1 AND t.state = 3 LIMIT 1

-- :balance
SELECT confirmed, unconfirmed, immature, received, sent, transactions FROM balances WHERE script_id = $1

-- :balance_put
INSERT INTO balances (script_id, confirmed, unconfirmed, immature, received, sent, transactions) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (script_id) DO UPDATE SET confirmed = excluded.confirmed, unconfirmed = excluded.unconfirmed, immature = excluded.immature,
    received = excluded.received, sent = excluded.sent, transactions = excluded.transactions

-- :history
SELECT tx_id FROM movements WHERE script_id = $1 AND tx_id < $2 ORDER BY tx_id DESC LIMIT $3
