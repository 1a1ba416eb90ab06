namespace Belfry.Sql;

/// <summary>Runs work on a database: reads in a snapshot, writes in the order and transactions of the one writer.</summary>
interface ISqlExecutor
{
    /// <summary>What errors name: the file or server.</summary>
    string Store { get; }

    /// <summary>Runs a read in one snapshot.</summary>
    ValueTask<T> ReadAsync<T>(Func<SqlSession, T> read, CancellationToken cancellationToken);

    /// <summary>Runs a write; completes when it is synced.</summary>
    Task<T> WriteAsync<T>(Func<WriteTurn, T> write, CancellationToken cancellationToken);
}
