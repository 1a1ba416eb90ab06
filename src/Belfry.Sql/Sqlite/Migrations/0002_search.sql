-- What people look for in the journal: a transaction, a height, a block.

-- Eight bytes tell transactions apart; a whole hash would double what each event costs.
CREATE INDEX journal_by_tx ON journal (substr(tx, 1, 8)) WHERE tx IS NOT NULL;
CREATE INDEX journal_by_height ON journal (height) WHERE height IS NOT NULL;
-- Blocks that joined or left the best chain (kinds 2 and 9), also those that the ledger has forgotten.
CREATE INDEX journal_by_block ON journal (CASE WHEN json_valid(CAST(data AS TEXT)) THEN json_extract(CAST(data AS TEXT), '$.block_hash') END) WHERE kind IN (2, 9);
