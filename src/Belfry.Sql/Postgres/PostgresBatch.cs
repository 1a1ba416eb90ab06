using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>Statements that go to the server in one piece; what one of them refuses, the rest is not done.</summary>
sealed class PostgresBatch(NpgsqlConnection connection) : IAsyncDisposable
{
    readonly NpgsqlBatch batch = new(connection);

    public PostgresBatch Add(string statement, params ReadOnlySpan<object?> values)
    {
#pragma warning disable CA2100 // the text is the program's own, from an embedded file
        var command = new NpgsqlBatchCommand(PostgresText.Statements[statement]);
#pragma warning restore CA2100
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        batch.BatchCommands.Add(command);
        return this;
    }

    /// <summary>Runs everything; the reader stands at the rows of the first statement that has any.</summary>
    public Task<NpgsqlDataReader> ReadAsync(CancellationToken cancellationToken) => batch.ExecuteReaderAsync(cancellationToken);

    /// <summary>Runs everything.</summary>
    /// <returns>How many rows changed.</returns>
    public Task<int> RunAsync(CancellationToken cancellationToken) => batch.ExecuteNonQueryAsync(cancellationToken);

    /// <summary>First column of the first row, or null.</summary>
    public async Task<object?> ScalarAsync(CancellationToken cancellationToken) => await batch.ExecuteScalarAsync(cancellationToken) is { } value and not DBNull ? value : null;

    public ValueTask DisposeAsync() => batch.DisposeAsync();
}
