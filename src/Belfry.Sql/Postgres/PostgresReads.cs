using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>
/// Questions to the database over a few shared connections. What is asked may be asked again: when a connection breaks, because the server is restarted for
/// instance, it is, for a few seconds, before anybody hears of it.
/// </summary>
sealed class PostgresReads(NpgsqlDataSource source, PostgresErrors errors, TimeProvider clock, TimeSpan patience)
{
    static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(20);
    static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    public string Store => errors.Store;

    /// <summary>Asks one question.</summary>
    public ValueTask<T> AskAsync<T>(
        Action<PostgresBatch> ask, Func<NpgsqlDataReader, CancellationToken, ValueTask<T>> read, CancellationToken cancellationToken) =>
        RepeatAsync(async connection =>
        {
            await using var batch = new PostgresBatch(connection);
            ask(batch);
            await using var reader = await batch.ReadAsync(cancellationToken);
            return await read(reader, cancellationToken);
        }, cancellationToken);

    /// <summary>Asks several questions of one moment; the answer goes from one to the next by <c>NextResultAsync</c>.</summary>
    public ValueTask<T> AskTogetherAsync<T>(
        Action<PostgresBatch> ask, Func<NpgsqlDataReader, CancellationToken, ValueTask<T>> read, CancellationToken cancellationToken) => AskAsync(batch =>
        {
            batch.Add("begin_snapshot");
            ask(batch);
            batch.Add("commit");
        }, read, cancellationToken);

    /// <summary>Runs one statement that may be run twice.</summary>
    /// <returns>How many rows it changed.</returns>
    public ValueTask<int> RunAsync(Action<PostgresBatch> ask, CancellationToken cancellationToken) => RepeatAsync(async connection =>
    {
        await using var batch = new PostgresBatch(connection);
        ask(batch);
        return await batch.RunAsync(cancellationToken);
    }, cancellationToken);

    async ValueTask<T> RepeatAsync<T>(Func<NpgsqlConnection, ValueTask<T>> work, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        for (var pause = FirstPause; ; pause = pause < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                await using var connection = await source.OpenConnectionAsync(cancellationToken);
                return await work(connection);
            }
            catch (Exception problem) when (IsWorthAnother(problem) && clock.GetElapsedTime(started) < patience)
            {
                await Task.Delay(pause, clock, cancellationToken);
            }
            catch (ObjectDisposedException problem)
            {
                throw errors.Of("the store is closed", problem);
            }
            catch (NpgsqlException problem)
            {
                throw errors.Translate(problem);
            }
            catch (Exception problem) when (problem is InvalidCastException or FormatException or OverflowException)
            {
                throw errors.Of($"a row cannot be read ({problem.Message}): the data are damaged; restore a backup", problem);
            }
        }
    }

    static bool IsWorthAnother(Exception problem) => problem is not ObjectDisposedException
        && (PostgresErrors.IsOfTheLine(problem) || (problem is PostgresException told && PostgresErrors.IsInTheWay(told)));
}
