-- Statements of the journal that every relational store runs as they are.

-- :journal_head
SELECT h.epoch, h.seq, h.hash, j.hash, (SELECT max(seq) FROM journal) FROM journal_head h LEFT JOIN journal j ON j.seq = h.seq

-- :journal_timeline
SELECT timeline FROM journal_head

-- :journal_create
INSERT INTO journal_head (only, epoch, seq, hash) VALUES (1, $1, 0, $2)

-- :journal_head_set
UPDATE journal_head SET seq = $1, hash = $2

-- :journal_has
SELECT 1 FROM journal WHERE id = $1

-- :journal_add
INSERT INTO journal (seq, chain_id, kind, script_id, address, tx, height, id, at, data, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- :journal_hash
SELECT hash FROM journal WHERE seq = $1

-- :journal_page
SELECT j.seq, c.name, j.kind, s.script, s.address, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id
WHERE j.seq > $1 AND j.seq <= $2 ORDER BY j.seq LIMIT $3

-- :journal_page_filtered
SELECT j.seq, c.name, j.kind, s.script, s.address, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash, p.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id LEFT JOIN journal p ON p.seq = j.seq - 1
WHERE j.seq > $1 AND j.seq <= $2 AND ($4 IS NULL OR j.chain_id = $4) AND ((1 << j.kind) & $5) <> 0 ORDER BY j.seq LIMIT $3

-- :journal_page_of_script
SELECT j.seq, c.name, j.kind, s.script, s.address, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash, p.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id LEFT JOIN journal p ON p.seq = j.seq - 1
WHERE j.script_id = $6 AND j.seq > $1 AND j.seq <= $2 AND ($4 IS NULL OR j.chain_id = $4) AND ((1 << j.kind) & $5) <> 0 ORDER BY j.seq LIMIT $3

-- :journal_page_of_tx
SELECT j.seq, c.name, j.kind, s.script, s.address, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash, p.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id LEFT JOIN journal p ON p.seq = j.seq - 1
WHERE substr(j.tx, 1, 8) = substr($6, 1, 8) AND j.tx = $6 AND j.seq > $1 AND j.seq <= $2 AND ($4 IS NULL OR j.chain_id = $4) AND ((1 << j.kind) & $5) <> 0 ORDER BY j.seq LIMIT $3

-- :journal_page_of_height
SELECT j.seq, c.name, j.kind, s.script, s.address, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash, p.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id LEFT JOIN journal p ON p.seq = j.seq - 1
WHERE j.height = $6 AND j.seq > $1 AND j.seq <= $2 AND ($4 IS NULL OR j.chain_id = $4) AND ((1 << j.kind) & $5) <> 0 ORDER BY j.seq LIMIT $3

-- :journal_by_id
SELECT j.seq, c.name, j.kind, s.script, s.address, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash, p.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id LEFT JOIN journal p ON p.seq = j.seq - 1
WHERE j.id = $1

-- :scripts_of
SELECT s.script_id FROM chains c JOIN scripts s ON s.chain_id = c.chain_id AND s.script = $1
