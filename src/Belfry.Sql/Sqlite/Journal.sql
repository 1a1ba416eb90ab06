-- Statements of the journal that are SQLite's own: JSON is read by other functions elsewhere.

-- :journal_page_of_block
SELECT j.seq, c.name, j.kind, s.script, s.address, j.address, j.tx, j.height, j.id, j.at, j.data, j.hash, p.hash
FROM journal j LEFT JOIN chains c ON c.chain_id = j.chain_id LEFT JOIN scripts s ON s.script_id = j.script_id LEFT JOIN journal p ON p.seq = j.seq - 1
WHERE j.kind IN (2, 9) AND CASE WHEN json_valid(CAST(j.data AS TEXT)) THEN json_extract(CAST(j.data AS TEXT), '$.block_hash') END = $6
    AND j.seq > $1 AND j.seq <= $2 AND ($4 IS NULL OR j.chain_id = $4) AND ((1 << j.kind) & $5) <> 0 ORDER BY j.seq LIMIT $3
