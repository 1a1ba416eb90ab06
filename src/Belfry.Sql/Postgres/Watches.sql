-- Statements of the watches; what changes them are functions of the schema.

-- :watches_add
SELECT place, id, chain, script, address, spelling, label, from_height, active::int, created_at FROM watches_add($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- :watches_remove
SELECT id, chain, script, address, spelling, label, from_height, active::int, created_at, still::int FROM watches_remove($1, $2)

-- :watches_activate_scripts
SELECT watches_activate($1, $2)

-- :watches_answer
SELECT w.id, c.name, s.script, coalesce(w.address, s.address), w.spelling, w.label, w.from_height, w.active::int, w.created_at, a.name
FROM unnest($1, $2, $3) AS n (account, chain, script) JOIN accounts a ON a.name = n.account JOIN chains c ON c.name = n.chain
    JOIN scripts s ON s.chain_id = c.chain_id AND s.script = n.script JOIN watches w ON w.script_id = s.script_id AND w.account_id = a.account_id

-- :watch_of_account
SELECT w.id, c.name, s.script, coalesce(w.address, s.address), w.spelling, w.label, w.from_height, w.active::int, w.created_at
FROM accounts a CROSS JOIN chains c JOIN scripts s ON s.chain_id = c.chain_id AND s.script = $3 JOIN watches w ON w.script_id = s.script_id AND w.account_id = a.account_id
WHERE a.name = $1 AND c.name = $2

-- :watches_page
SELECT w.id, c.name, s.script, coalesce(w.address, s.address), w.spelling, w.label, w.from_height, w.active::int, w.created_at
FROM accounts a JOIN watches w ON w.account_id = a.account_id JOIN scripts s ON s.script_id = w.script_id JOIN chains c ON c.chain_id = s.chain_id
WHERE a.name = $1 AND ($2::text IS NULL OR c.name = $2)
    AND w.ordinal > CASE WHEN $3::text IS NULL THEN 0 ELSE (SELECT f.ordinal FROM (SELECT ordinal FROM watches WHERE id = $3 UNION ALL SELECT ordinal FROM removed_watches WHERE id = $3) f) END
ORDER BY w.ordinal LIMIT $4

-- :scripts_with_live
SELECT s.script_id, s.script, s.address, s.live_from FROM scripts s WHERE s.script_id > $2 AND s.live > 0 AND s.chain_id = (SELECT chain_id FROM chains WHERE name = $1)
ORDER BY s.script_id LIMIT $3

-- :scripts_with_pending
SELECT s.script_id, s.script, s.address, s.pending_from FROM scripts s WHERE s.script_id > $2 AND s.watchers > s.live AND s.chain_id = (SELECT chain_id FROM chains WHERE name = $1)
ORDER BY s.script_id LIMIT $3

-- :scripts_counted
SELECT n.scripts FROM chains c JOIN watch_counts n ON n.chain_id = c.chain_id WHERE c.name = $1

-- :watches_version
SELECT coalesce(max(s.changed), 0) FROM scripts s WHERE s.changed > 0 AND s.chain_id = (SELECT chain_id FROM chains WHERE name = $1)

-- :watches_changed
SELECT s.changed, s.script, s.address, s.watchers, s.live, s.pending_from
FROM scripts s WHERE s.changed > $2 AND s.changed > 0 AND s.chain_id = (SELECT chain_id FROM chains WHERE name = $1) ORDER BY s.changed LIMIT $3
