-- A restored journal goes on otherwise than the one it was copied from: the same numbers mean other events from there on. Null until it was ever restored.
ALTER TABLE journal_head ADD COLUMN timeline TEXT;
