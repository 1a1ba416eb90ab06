namespace Belfry.Sql.Postgres.Copying;

/// <summary>What a column holds, whichever engine has it.</summary>
enum ColumnKind
{
    /// <summary>64 bits.</summary>
    Long,

    /// <summary>32 bits.</summary>
    Int,

    /// <summary>Yes or no; 0 and 1 in SQLite.</summary>
    Flag,

    /// <summary>Text.</summary>
    Text,

    /// <summary>Bytes.</summary>
    Bytes,

    /// <summary>An integer of any size; a number or decimal text in SQLite.</summary>
    Amount,
}

/// <summary>A column of a copied table.</summary>
/// <param name="Name">Its name in PostgreSQL.</param>
/// <param name="Kind">What it holds.</param>
/// <param name="Source">How SQLite is asked for it, where that is not its name.</param>
sealed record CopiedColumn(string Name, ColumnKind Kind, string? Source = null);

/// <summary>A table that is copied, in the order of its key on both sides.</summary>
/// <param name="Name">Its name in PostgreSQL.</param>
/// <param name="Key">How many of the first columns are the key.</param>
/// <param name="Columns">What is copied.</param>
/// <param name="From">What SQLite reads it from, where that is not a table of the same name.</param>
sealed record CopiedTable(string Name, int Key, IReadOnlyList<CopiedColumn> Columns, string? From = null)
{
    /// <summary>Every table, in the order in which they are copied.</summary>
    public static IReadOnlyList<CopiedTable> All { get; } =
    [
        new("chains", 1,
        [
            Long("chain_id"), Text("name"), Text("network"), Bytes("genesis"), Long("cursor_height"), Bytes("cursor_hash"), Bytes("cursor_previous"), Long("cursor_time"),
            Bytes("cursor_work"), Flag("cursor_best"), Bytes("best_work"), Long("disconnects"), Text("gap"),
        ]),
        new("watch_counts", 1, [Long("chain_id"), Long("scripts", "scripts_watched")], "chains WHERE scripts_watched <> 0"),
        new("blocks", 2, [Long("chain_id"), Long("height"), Bytes("hash"), Bytes("previous"), Long("time"), Bytes("work"), Flag("in_best")]),
        new("scripts", 1,
        [
            Long("script_id"), Long("chain_id"), Bytes("script"), Text("address"), Long("watchers"), Long("live"), Long("live_from"), Long("pending_from"),
        ]),
        new("accounts", 1, [Long("account_id"), Text("name")]),
        new("watches", 2,
        [
            Long("account_id"), Long("ordinal"), Text("id"), Long("script_id"), Text("address"), Text("spelling"), Text("label"), Long("from_height"), Flag("active"), Long("created_at"),
        ]),
        new("removed_watches", 1, [Text("id"), Long("ordinal")]),
        new("counters", 1, [Text("name"), Long("value")]),
        new("transactions", 1,
        [
            Long("tx_id"), Long("chain_id"), Bytes("hash"), Int("state"), Long("height"), Bytes("block"), Int("position"), Flag("coinbase"), Int("attempt"), Int("told"), Amount("fee"),
            Long("first_seen"), Bytes("cause"), Long("cause_height"), Bytes("cause_block"),
        ]),
        new("movements", 2, [Long("script_id"), Long("tx_id"), Int("ord"), Text("address"), Amount("received"), Amount("sent"), Text("sender"), Text("receiver")]),
        new("inputs", 2, [Long("tx_id"), Int("ord"), Bytes("outpoint")]),
        new("coins", 2, [Long("tx_id"), Long("vout"), Int("ord"), Long("script_id"), Amount("value")]),
        new("balances", 1, [Long("script_id"), Amount("confirmed"), Amount("unconfirmed"), Amount("immature"), Amount("received"), Amount("sent"), Long("transactions")]),
        new("journal", 1,
        [
            Long("seq"), Long("chain_id"), Int("kind"), Long("script_id"), Text("address", "CASE WHEN typeof(address) = 'text' THEN address END"), Flag("nameless", "typeof(address) = 'integer'"),
            Bytes("tx"), Long("height"), Text("id"), Long("at"), Bytes("data"), Bytes("hash"), Bytes("block", "NULL"),
        ]),
        new("journal_head", 1, [Int("single", "only"), Text("epoch"), Long("seq"), Bytes("hash"), Text("timeline")]),
    ];

    /// <summary>The names of its columns in PostgreSQL.</summary>
    public string Names => string.Join(", ", Columns.Select(column => column.Name));

    /// <summary>How SQLite is asked for all of it.</summary>
    public string SqliteQuery => $"SELECT {string.Join(", ", Columns.Select(column => column.Source ?? column.Name))} FROM {From ?? Name} ORDER BY {Order(column => column.Source ?? column.Name, "")}";

    /// <summary>How PostgreSQL is asked for it. Of the counters it has one of its own.</summary>
    public string PostgresQuery =>
        $"SELECT {string.Join(", ", Columns.Select(column => column.Kind == ColumnKind.Amount ? column.Name + "::text" : column.Name))} FROM {Name}"
        + (Name == "counters" ? " WHERE name <> 'watch_version'" : "") + $" ORDER BY {Order(column => column.Name, " COLLATE \"C\"")}";

    string Order(Func<CopiedColumn, string> name, string ofText) =>
        string.Join(", ", Columns.Take(Key).Select(column => name(column) + (column.Kind == ColumnKind.Text ? ofText : "")));

    static CopiedColumn Long(string name, string? source = null) => new(name, ColumnKind.Long, source);

    static CopiedColumn Int(string name, string? source = null) => new(name, ColumnKind.Int, source);

    static CopiedColumn Flag(string name, string? source = null) => new(name, ColumnKind.Flag, source);

    static CopiedColumn Text(string name, string? source = null) => new(name, ColumnKind.Text, source);

    static CopiedColumn Bytes(string name, string? source = null) => new(name, ColumnKind.Bytes, source);

    static CopiedColumn Amount(string name) => new(name, ColumnKind.Amount);
}
