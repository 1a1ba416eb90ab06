-- Statements of the journal that PostgreSQL is told in other words.

-- :journal_start
INSERT INTO journal_head (single, epoch, seq, hash) VALUES (1, $1, 0, $2) ON CONFLICT DO NOTHING

-- :journal_begun
SELECT (SELECT count(*) FROM journal_head), (EXISTS (SELECT 1 FROM journal) OR EXISTS (SELECT 1 FROM transactions) OR EXISTS (SELECT 1 FROM chains WHERE network IS NOT NULL))::int

-- :journal_extend
SELECT journal_extend($1, $2)

-- :journal_head
SELECT h.epoch, h.seq, h.hash, j.hash, (SELECT max(seq) FROM journal), h.timeline FROM journal_head h LEFT JOIN journal j ON j.seq = h.seq

-- :journal_page
SELECT j.seq, c.name, j.kind, s.script, CASE WHEN j.nameless THEN NULL ELSE s.address END, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id
WHERE j.seq > $1 AND j.seq <= coalesce($2::bigint, (SELECT seq FROM journal_head)) ORDER BY j.seq LIMIT $3

-- :journal_page_filtered
SELECT j.seq, c.name, j.kind, s.script, CASE WHEN j.nameless THEN NULL ELSE s.address END, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash, p.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id LEFT JOIN journal p ON p.seq = j.seq - 1
WHERE j.seq > $1 AND j.seq <= $2 AND ($4::text IS NULL OR c.name = $4) AND ((1 << j.kind) & $5) <> 0 ORDER BY j.seq LIMIT $3

-- :journal_page_of_script
SELECT j.seq, c.name, j.kind, s.script, CASE WHEN j.nameless THEN NULL ELSE s.address END, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash, p.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id JOIN scripts s ON s.script_id = j.script_id LEFT JOIN journal p ON p.seq = j.seq - 1
WHERE j.script_id = ANY (ARRAY(SELECT k.script_id FROM chains g JOIN scripts k ON k.chain_id = g.chain_id AND k.script = $6))
    AND j.seq > $1 AND j.seq <= $2 AND ($4::text IS NULL OR c.name = $4) AND ((1 << j.kind) & $5) <> 0 ORDER BY j.seq LIMIT $3

-- :journal_page_of_tx
SELECT j.seq, c.name, j.kind, s.script, CASE WHEN j.nameless THEN NULL ELSE s.address END, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash, p.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id LEFT JOIN journal p ON p.seq = j.seq - 1
WHERE substr(j.tx, 1, 8) = substr($6, 1, 8) AND j.tx = $6
    AND j.seq > $1 AND j.seq <= $2 AND ($4::text IS NULL OR c.name = $4) AND ((1 << j.kind) & $5) <> 0 ORDER BY j.seq LIMIT $3

-- :journal_page_of_height
SELECT j.seq, c.name, j.kind, s.script, CASE WHEN j.nameless THEN NULL ELSE s.address END, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash, p.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id LEFT JOIN journal p ON p.seq = j.seq - 1
WHERE j.height = $6 AND j.seq > $1 AND j.seq <= $2 AND ($4::text IS NULL OR c.name = $4) AND ((1 << j.kind) & $5) <> 0 ORDER BY j.seq LIMIT $3

-- :journal_page_of_block
SELECT j.seq, c.name, j.kind, s.script, CASE WHEN j.nameless THEN NULL ELSE s.address END, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash, p.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id LEFT JOIN journal p ON p.seq = j.seq - 1
WHERE j.block = $6 AND j.seq > $1 AND j.seq <= $2 AND ($4::text IS NULL OR c.name = $4) AND ((1 << j.kind) & $5) <> 0 ORDER BY j.seq LIMIT $3

-- :journal_by_id
SELECT j.seq, c.name, j.kind, s.script, CASE WHEN j.nameless THEN NULL ELSE s.address END, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash, p.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id LEFT JOIN journal p ON p.seq = j.seq - 1
WHERE j.id = $1 LIMIT 1
