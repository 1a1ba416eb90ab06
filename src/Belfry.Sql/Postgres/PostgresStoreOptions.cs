namespace Belfry.Sql.Postgres;

/// <summary>Settings of the shared store.</summary>
public sealed record PostgresStoreOptions
{
    /// <summary><c>postgres://user:password@host:5432/database</c>, or <c>Host=…;Username=…;Password=…;Database=…</c>.</summary>
    public required string Connection { get; init; }

    /// <summary>Where <see cref="Connection"/> was configured, for messages.</summary>
    public string Setting { get; init; } = "Belfry:Postgres";

    /// <summary>How many questions may be asked at once; three more connections write and listen.</summary>
    public int Connections { get; init; } = 8;

    /// <summary>How long the server may take for one statement.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long questions are asked again, and the outcome of a commit is looked for, when the connection breaks, before somebody hears of it.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How often the journal is looked at although nobody said that it has grown.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Sequence numbers in a partition of the journal.</summary>
    internal long PartitionSize { get; init; } = 10_000_000;

    /// <summary>The oldest server that has what is needed: <c>pg_terminate_backend</c> with a time, <c>client_connection_check_interval</c>.</summary>
    internal int OldestServer { get; init; } = 14;
}
