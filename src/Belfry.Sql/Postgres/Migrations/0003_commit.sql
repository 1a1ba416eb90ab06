-- What a commit consists of. Each function is one statement of a pipeline that goes to the server in one piece, BEGIN in front and COMMIT behind.

-- The chain's new position. An error of state BF002 when its data are of another network.
CREATE FUNCTION position_move(p_chain bigint, p_network text, p_genesis bytea, p_height bigint, p_hash bytea, p_previous bytea, p_time bigint, p_work bytea, p_best boolean,
    p_best_work bytea, p_disconnects bigint, p_gap text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE chains SET network = p_network, genesis = p_genesis, cursor_height = p_height, cursor_hash = p_hash, cursor_previous = p_previous, cursor_time = p_time,
        cursor_work = p_work, cursor_best = p_best, best_work = p_best_work, disconnects = p_disconnects, gap = p_gap
    WHERE chain_id = p_chain AND (network IS NULL OR (network = p_network AND genesis = p_genesis));
    IF NOT FOUND THEN RAISE EXCEPTION USING ERRCODE = 'BF002', MESSAGE = 'another network'; END IF;
END $$;

-- Scripts that are to be told of; their address when it was not known. The caller names each once.
CREATE FUNCTION scripts_put(p_chain bigint, p_script bytea[], p_address text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO scripts (chain_id, script, address)
    SELECT p_chain, n.script, n.address FROM unnest(p_script, p_address) AS n (script, address) LEFT JOIN scripts s ON s.chain_id = p_chain AND s.script = n.script
    WHERE s.script_id IS NULL ORDER BY n.script ON CONFLICT DO NOTHING;
    UPDATE scripts s SET address = n.address FROM unnest(p_script, p_address) AS n (script, address)
    WHERE s.chain_id = p_chain AND s.script = n.script AND s.address = '' AND n.address <> '';
END $$;

-- Transactions to insert or replace; inputs, coins and movements name theirs by its place in p_hash. The caller names each transaction once.
CREATE FUNCTION transactions_put(p_chain bigint, p_hash bytea[], p_state integer[], p_height bigint[], p_block bytea[], p_position integer[], p_coinbase boolean[],
    p_attempt integer[], p_told integer[], p_fee numeric[], p_first_seen bigint[], p_cause bytea[], p_cause_height bigint[], p_cause_block bytea[], p_parts bytea[],
    i_tx integer[], i_ord integer[], i_outpoint bytea[],
    c_tx integer[], c_ord integer[], c_vout bigint[], c_script bytea[], c_value numeric[],
    m_tx integer[], m_ord integer[], m_script bytea[], m_address text[], m_received numeric[], m_sent numeric[], m_sender text[], m_receiver text[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed bigint[];
    held    bigint[];
    keys    bigint[];
BEGIN
    SELECT array_agg(n.i), array_agg(t.tx_id) FILTER (WHERE t.tx_id IS NOT NULL) INTO changed, held
    FROM unnest(p_hash, p_parts) WITH ORDINALITY AS n (hash, parts, i) LEFT JOIN transactions t ON t.chain_id = p_chain AND t.hash = n.hash
    WHERE t.parts IS DISTINCT FROM n.parts;
    IF held IS NOT NULL THEN
        DELETE FROM inputs WHERE tx_id = ANY (held);
        DELETE FROM coins WHERE tx_id = ANY (held);
        DELETE FROM movements WHERE tx_id = ANY (held);
    END IF;

    INSERT INTO transactions (chain_id, hash, state, height, block, position, coinbase, attempt, told, fee, first_seen, cause, cause_height, cause_block, parts)
    SELECT p_chain, n.hash, n.state, n.height, n.block, n.position, n.coinbase, n.attempt, n.told, n.fee, n.first_seen, n.cause, n.cause_height, n.cause_block, n.parts
    FROM unnest(p_hash, p_state, p_height, p_block, p_position, p_coinbase, p_attempt, p_told, p_fee, p_first_seen, p_cause, p_cause_height, p_cause_block, p_parts)
        WITH ORDINALITY AS n (hash, state, height, block, position, coinbase, attempt, told, fee, first_seen, cause, cause_height, cause_block, parts, i)
    ORDER BY n.i
    ON CONFLICT (chain_id, hash) DO UPDATE SET state = excluded.state, height = excluded.height, block = excluded.block, position = excluded.position,
        coinbase = excluded.coinbase, attempt = excluded.attempt, told = excluded.told, fee = excluded.fee, first_seen = excluded.first_seen,
        cause = excluded.cause, cause_height = excluded.cause_height, cause_block = excluded.cause_block, parts = excluded.parts;
    IF changed IS NULL THEN RETURN; END IF;

    SELECT array_agg(t.tx_id ORDER BY n.i) INTO keys
    FROM unnest(p_hash) WITH ORDINALITY AS n (hash, i) JOIN transactions t ON t.chain_id = p_chain AND t.hash = n.hash;
    INSERT INTO inputs (tx_id, ord, outpoint)
    SELECT keys[n.tx], n.ord, n.outpoint FROM unnest(i_tx, i_ord, i_outpoint) AS n (tx, ord, outpoint) JOIN unnest(changed) AS d (i) ON d.i = n.tx;
    INSERT INTO coins (tx_id, vout, ord, script_id, value)
    SELECT keys[n.tx], n.vout, n.ord, s.script_id, n.value
    FROM unnest(c_tx, c_ord, c_vout, c_script, c_value) AS n (tx, ord, vout, script, value) JOIN unnest(changed) AS d (i) ON d.i = n.tx
        JOIN scripts s ON s.chain_id = p_chain AND s.script = n.script;
    INSERT INTO movements (script_id, tx_id, ord, address, received, sent, sender, receiver)
    SELECT s.script_id, keys[n.tx], n.ord, nullif(n.address, s.address), n.received, n.sent, n.sender, n.receiver
    FROM unnest(m_tx, m_ord, m_script, m_address, m_received, m_sent, m_sender, m_receiver) AS n (tx, ord, script, address, received, sent, sender, receiver)
        JOIN unnest(changed) AS d (i) ON d.i = n.tx JOIN scripts s ON s.chain_id = p_chain AND s.script = n.script;
END $$;

-- Eight bytes, the lowest first: what the hash chain is made of.
CREATE FUNCTION journal_number(p bigint) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT int8send(((p & 255) << 56) | (((p >> 8) & 255) << 48) | (((p >> 16) & 255) << 40) | (((p >> 24) & 255) << 32)
        | (((p >> 32) & 255) << 24) | (((p >> 40) & 255) << 16) | (((p >> 48) & 255) << 8) | ((p >> 56) & 255))
$$;

-- The end of a commit: leases, journal, mark. Members of one transaction are commits of several chains; events name theirs by its place. An error of state BF001 names the first
-- member whose lease is lost. The head is locked here and nowhere else, and COMMIT is the next that the server reads: no client, however slow or frozen, holds it.
CREATE FUNCTION commit_seal(p_writer text, p_number bigint, p_chain text[], p_key bigint[], p_epoch bigint[],
    e_member integer[], e_kind integer[], e_script bytea[], e_address text[], e_tx bytea[], e_height bigint[], e_block bytea[], e_id text[], e_at bigint[],
    e_canon bytea[], e_data bytea[],
    OUT heads bigint[], OUT duplicates integer[], OUT told integer[]) LANGUAGE plpgsql AS $$
DECLARE
    members integer := cardinality(p_chain);
    scripts bigint[];
    known   text[];
    e       record;
    head    bigint;
    digest  bytea;
    seqs    bigint[] := '{}';
    hashes  bytea[] := '{}';
BEGIN
    heads := array_fill(-1::bigint, ARRAY[members]);
    duplicates := array_fill(0, ARRAY[members]);
    told := '{}';
    SELECT array_agg(s.script_id ORDER BY n.i), array_agg(s.address ORDER BY n.i) INTO scripts, known
    FROM unnest(e_member, e_script) WITH ORDINALITY AS n (member, script, i) LEFT JOIN scripts s ON s.chain_id = p_key[n.member] AND s.script = n.script;

    FOR i IN 1..members LOOP
        CONTINUE WHEN p_epoch[i] IS NULL;
        PERFORM 1 FROM chain_leases l WHERE l.chain = p_chain[i] AND l.epoch = p_epoch[i] AND l.server IS NOT NULL FOR SHARE;
        IF NOT FOUND THEN RAISE EXCEPTION USING ERRCODE = 'BF001', MESSAGE = i::text; END IF;
    END LOOP;

    IF cardinality(e_id) = 0 THEN
        SELECT h.seq INTO STRICT head FROM journal_head h;
    ELSE
        SELECT h.seq, h.hash INTO STRICT head, digest FROM journal_head h FOR UPDATE;
        heads[1] := head;
        FOR e IN
            SELECT n.i, n.member, n.canon, n.data, j.seq IS NOT NULL OR row_number() OVER (PARTITION BY n.id ORDER BY n.i) > 1 AS known
            FROM unnest(e_member, e_id, e_canon, e_data) WITH ORDINALITY AS n (member, id, canon, data, i)
                LEFT JOIN LATERAL (SELECT o.seq FROM journal o WHERE o.id = n.id LIMIT 1) j ON true
            ORDER BY n.i
        LOOP
            IF e.known THEN
                duplicates[e.member] := duplicates[e.member] + 1;
            ELSE
                head := head + 1;
                digest := sha256(digest || journal_number(head) || e.canon || e.data);
                seqs := array_append(seqs, head);
                hashes := array_append(hashes, digest);
                told := array_append(told, e.i::integer);
            END IF;
            heads[e.member] := head;
        END LOOP;

        INSERT INTO journal (seq, chain_id, kind, script_id, address, nameless, tx, height, block, id, at, data, hash)
        SELECT u.seq, p_key[n.member], n.kind, scripts[n.i], CASE WHEN scripts[n.i] IS NULL OR n.address <> known[n.i] THEN n.address END,
            scripts[n.i] IS NOT NULL AND n.address IS NULL, n.tx, n.height, n.block, n.id, n.at, n.data, u.hash
        FROM unnest(seqs, hashes, told) AS u (seq, hash, i)
            JOIN unnest(e_member, e_kind, e_address, e_tx, e_height, e_block, e_id, e_at, e_data) WITH ORDINALITY AS n (member, kind, address, tx, height, block, id, at, data, i) ON n.i = u.i;
        IF cardinality(seqs) > 0 THEN
            UPDATE journal_head SET seq = head, hash = digest;
            PERFORM pg_notify('belfry_journal', head::text);
        END IF;
    END IF;

    FOR i IN 1..members LOOP
        IF heads[i] < 0 THEN heads[i] := CASE WHEN i > 1 THEN heads[i - 1] ELSE head END; END IF;
    END LOOP;
    INSERT INTO writer_marks AS m (writer, number, heads, duplicates, at) VALUES (p_writer, p_number, commit_seal.heads, commit_seal.duplicates, clock_timestamp())
    ON CONFLICT (writer) DO UPDATE SET number = excluded.number, heads = excluded.heads, duplicates = excluded.duplicates, at = excluded.at;
END $$;

-- Takes the lead of a chain when nobody has it; null otherwise. Whoever had it may be frozen in the middle of a commit, and hold what the next leader needs: its session is ended first.
CREATE FUNCTION lease_acquire(p_chain text, p_server text, p_duration interval, p_writer text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    held    chain_leases;
    granted bigint;
BEGIN
    SELECT * INTO held FROM chain_leases l WHERE l.chain = p_chain;
    IF held.server IS NOT NULL AND held.server <> p_server AND held.until > clock_timestamp() THEN RETURN NULL; END IF;
    IF held.server IS NOT NULL AND held.writer <> p_writer THEN
        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = held.writer AND datname = current_database() AND pid <> pg_backend_pid();
    END IF;
    INSERT INTO chain_leases AS l (chain, epoch, server, writer, until) VALUES (p_chain, 1, p_server, p_writer, clock_timestamp() + p_duration)
    ON CONFLICT (chain) DO UPDATE SET epoch = l.epoch + 1, server = excluded.server, writer = excluded.writer, until = excluded.until
    WHERE l.server IS NULL OR l.server = excluded.server OR l.until <= clock_timestamp()
    RETURNING epoch INTO granted;
    RETURN granted;
END $$;

-- Makes partitions of p_size numbers, so that the p_ahead numbers behind the head have a place. Attaching a table waits for no reader. Answers where the last one ends.
CREATE FUNCTION journal_extend(p_size bigint, p_ahead bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    upto bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('belfry.journal_extend', 0));
    LOOP
        SELECT coalesce(max(to_seq), 1) INTO upto FROM journal_ranges;
        EXIT WHEN upto > coalesce((SELECT seq FROM journal_head), 0) + p_ahead;
        EXECUTE format('CREATE TABLE journal_%s (LIKE journal INCLUDING DEFAULTS, CHECK (seq >= %s AND seq < %s))', upto, upto, upto + p_size);
        EXECUTE format('ALTER TABLE journal ATTACH PARTITION journal_%s FOR VALUES FROM (%s) TO (%s)', upto, upto, upto + p_size);
        INSERT INTO journal_ranges (from_seq, to_seq) VALUES (upto, upto + p_size);
    END LOOP;
    RETURN upto;
END $$;
