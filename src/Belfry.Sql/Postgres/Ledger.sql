-- Statements of the ledger that PostgreSQL is told in other words, or in sets. Amounts are read as text: a numeric may be longer than any number of .NET's.

-- :begin_snapshot
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY

-- :begin
BEGIN

-- :commit
COMMIT

-- :rollback
ROLLBACK

-- :chain_make
INSERT INTO chains (name) VALUES ($1) ON CONFLICT DO NOTHING

-- :position
SELECT network, genesis, cursor_height, cursor_hash, cursor_previous, cursor_time, cursor_work, cursor_best::int, best_work, disconnects, gap
FROM chains WHERE name = $1 AND network IS NOT NULL

-- :block
SELECT b.height, b.hash, b.previous, b.time, b.work, b.in_best::int FROM chains c JOIN blocks b ON b.chain_id = c.chain_id AND b.height = $2 WHERE c.name = $1

-- :position_move
SELECT position_move($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)

-- :blocks_drop
DELETE FROM blocks b USING unnest($2, $3) AS n (height, hash) WHERE b.chain_id = $1 AND b.height = n.height AND b.hash = n.hash

-- :blocks_put
INSERT INTO blocks (chain_id, height, hash, previous, time, work, in_best)
SELECT $1, n.height, n.hash, n.previous, n.time, n.work, n.in_best FROM unnest($2, $3, $4, $5, $6, $7) AS n (height, hash, previous, time, work, in_best)
ON CONFLICT (chain_id, height) DO UPDATE SET hash = excluded.hash, previous = excluded.previous, time = excluded.time, work = excluded.work, in_best = excluded.in_best

-- :scripts_put
SELECT scripts_put($1, $2, $3)

-- :transactions_put
SELECT transactions_put($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)

-- :balances_put
INSERT INTO balances (script_id, confirmed, unconfirmed, immature, received, sent, transactions)
SELECT s.script_id, n.confirmed, n.unconfirmed, n.immature, n.received, n.sent, n.transactions
FROM unnest($2, $3, $4, $5, $6, $7, $8) AS n (script, confirmed, unconfirmed, immature, received, sent, transactions) JOIN scripts s ON s.chain_id = $1 AND s.script = n.script
ON CONFLICT (script_id) DO UPDATE SET confirmed = excluded.confirmed, unconfirmed = excluded.unconfirmed, immature = excluded.immature,
    received = excluded.received, sent = excluded.sent, transactions = excluded.transactions

-- :commit_seal
SELECT heads, duplicates, told FROM commit_seal($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)

-- :mark_drop
DELETE FROM writer_marks WHERE writer = $1

-- :marks_sweep
DELETE FROM writer_marks WHERE at < clock_timestamp() - interval '7 days'

-- :mark_set
INSERT INTO writer_marks (writer, number, heads, duplicates, at) VALUES ($1, $2, '{}', '{}', clock_timestamp())
ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at

-- :mark
SELECT number, heads, duplicates FROM writer_marks WHERE writer = $1 FOR UPDATE

-- :end_former_self
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()

-- :scripts_found
SELECT s.script, s.address FROM chains c JOIN scripts s ON s.chain_id = c.chain_id AND s.live > 0 WHERE c.name = $1 AND s.script = ANY ($2)

-- :coins_found
SELECT t.hash, k.vout, s.script, k.value::text
FROM chains c CROSS JOIN unnest($2, $3) AS n (hash, vout) JOIN transactions t ON t.chain_id = c.chain_id AND t.hash = n.hash JOIN coins k ON k.tx_id = t.tx_id AND k.vout = n.vout
    JOIN scripts s ON s.script_id = k.script_id
WHERE c.name = $1

-- :balances_found
SELECT s.script, b.confirmed::text, b.unconfirmed::text, b.immature::text, b.received::text, b.sent::text, b.transactions
FROM chains c JOIN scripts s ON s.chain_id = c.chain_id JOIN balances b ON b.script_id = s.script_id WHERE c.name = $1 AND s.script = ANY ($2)

-- :keys_found
SELECT t.tx_id FROM chains c JOIN transactions t ON t.chain_id = c.chain_id AND t.hash = ANY ($2) WHERE c.name = $1
UNION
SELECT t.tx_id FROM chains c JOIN transactions t ON t.chain_id = c.chain_id JOIN inputs i ON i.tx_id = t.tx_id WHERE c.name = $1 AND i.outpoint = ANY ($3)

-- :keys_from_height
SELECT t.tx_id FROM chains c JOIN transactions t ON t.chain_id = c.chain_id WHERE c.name = $1 AND t.state IN (2, 3) AND t.height >= $2

-- :keys_open
SELECT t.tx_id
FROM chains c JOIN transactions t ON t.chain_id = c.chain_id LEFT JOIN transactions r ON r.chain_id = t.chain_id AND r.hash = t.cause
WHERE c.name = $1 AND t.state <> 3 AND t.tx_id > $2
  AND NOT (t.state IN (4, 5) AND r.tx_id IS NOT NULL AND r.state = 3)
  AND NOT (t.state = 5 AND r.tx_id IS NULL AND t.cause_height IS NOT NULL AND c.cursor_height IS NOT NULL AND c.cursor_height - t.cause_height >= $4)
ORDER BY t.tx_id LIMIT $3

-- :keys_of_script
SELECT m.tx_id FROM chains c JOIN scripts s ON s.chain_id = c.chain_id AND s.script = $2 JOIN movements m ON m.script_id = s.script_id
WHERE c.name = $1 AND ($3::bytea IS NULL OR m.tx_id < (SELECT coalesce(max(b.tx_id), 0) FROM transactions b WHERE b.chain_id = c.chain_id AND b.hash = $3))
ORDER BY m.tx_id DESC LIMIT $4

-- :tx
SELECT tx_id, hash, state, height, block, position, coinbase::int, attempt, told, fee::text, first_seen, cause, cause_height, cause_block FROM transactions WHERE tx_id IN ({keys})

-- :tx_inputs
SELECT tx_id, outpoint FROM inputs WHERE tx_id IN ({keys}) ORDER BY tx_id, ord

-- :tx_movements
SELECT m.tx_id, s.script, coalesce(m.address, s.address), m.received::text, m.sent::text, m.sender, m.receiver
FROM movements m JOIN scripts s ON s.script_id = m.script_id WHERE m.tx_id IN ({keys}) ORDER BY m.tx_id, m.ord

-- :tx_coins
SELECT k.tx_id, k.vout, s.script, k.value::text FROM coins k JOIN scripts s ON s.script_id = k.script_id WHERE k.tx_id IN ({keys}) ORDER BY k.tx_id, k.ord

-- :coins_after
SELECT k.tx_id, t.hash, k.vout,
    t.state IN (4, 5) AND r.tx_id IS NOT NULL AND r.state = 3
    OR t.state = 5 AND r.tx_id IS NULL AND t.cause_height IS NOT NULL AND c.cursor_height IS NOT NULL AND c.cursor_height - t.cause_height >= $5
FROM chains c JOIN transactions t ON t.chain_id = c.chain_id JOIN coins k ON k.tx_id = t.tx_id LEFT JOIN transactions r ON r.chain_id = t.chain_id AND r.hash = t.cause
WHERE c.name = $1 AND (k.tx_id, k.vout) > ($2, $3)
ORDER BY k.tx_id, k.vout LIMIT $4

-- :spent_for_good
SELECT DISTINCT i.outpoint FROM chains c JOIN transactions t ON t.chain_id = c.chain_id AND t.state = 3 JOIN inputs i ON i.tx_id = t.tx_id WHERE c.name = $1 AND i.outpoint = ANY ($2)

-- :lease_acquire
SELECT lease_acquire($1, $2, $3, $4)

-- :lease_renew
UPDATE chain_leases SET until = clock_timestamp() + $3 WHERE chain = $1 AND epoch = $2 AND server IS NOT NULL

-- :lease_release
UPDATE chain_leases SET server = NULL, writer = NULL, until = clock_timestamp() WHERE chain = $1 AND epoch = $2 AND server IS NOT NULL

-- :watches_acknowledge
WITH done AS (
    UPDATE chain_leases SET acknowledged = greatest(acknowledged, $3) WHERE chain = $1 AND epoch = $2 AND server IS NOT NULL RETURNING chain)
SELECT count(pg_notify('belfry_acknowledged', ''))::int8 FROM done

-- :watches_acknowledged
SELECT acknowledged FROM chain_leases WHERE chain = $1

-- :lease
SELECT server, epoch, until - clock_timestamp() FROM chain_leases WHERE chain = $1 AND server IS NOT NULL AND until > clock_timestamp()
