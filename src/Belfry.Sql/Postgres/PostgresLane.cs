using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>What a writer has noted of its last transaction.</summary>
sealed record WriterMark(long[] Heads, int[] Duplicates);

/// <summary>What came of a transaction: its answer, or, when the answer was lost and the commit was not, what the mark says.</summary>
readonly record struct Outcome<T>(T? Answer, WriterMark? Mark);

/// <summary>
/// One connection that writes. Each transaction notes its number in a row of this writer; when the connection breaks and nobody can say whether COMMIT was
/// reached, the former session is ended, and then the row tells. What was not written is sent again. Until that is known, nothing else goes through the lane. Used by one caller at a time.
/// </summary>
sealed class PostgresLane(string name, NpgsqlDataSource source, PostgresErrors errors, PostgresStoreOptions options, TimeProvider clock, ILogger log) : IAsyncDisposable
{
    const int MaxAttempts = 3;
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    NpgsqlConnection? connection;
    long number;
    long? doubt;

    /// <summary>The name of its session and of its mark.</summary>
    public string Name => name;

    /// <summary>Whether it is unknown what came of the last transaction.</summary>
    public bool InDoubt => doubt is not null;

    /// <summary>Runs statements and COMMIT, in one piece.</summary>
    /// <param name="fill">Adds the statements, given the writer's name and the number of this transaction; one of them must set the mark.</param>
    /// <param name="read">Reads the answer.</param>
    /// <exception cref="PostgresException">The server refused; nothing was written.</exception>
    /// <exception cref="StoreException">The server cannot be reached, or the connection broke: nothing was written, unless <see cref="InDoubt"/>.</exception>
    public async ValueTask<Outcome<T>> TransactAsync<T>(Action<PostgresBatch, string, long> fill, Func<NpgsqlDataReader, ValueTask<T>> read)
    {
        for (var attempt = 1; ; attempt++)
        {
            var line = await ReadyAsync();
            var mine = ++number;
            try
            {
                return new Outcome<T>(await TransactAsync(line, mine, fill, read), null);
            }
            catch (PostgresException) when (line.State == System.Data.ConnectionState.Open)
            {
                await RollBackAsync(line);
                throw;
            }
            catch (Exception problem) when (problem is not ArgumentException)
            {
                doubt = mine;
                PostgresLog.OutcomeUnknown(log, problem, errors.Store);
                await DropAsync();
                if (await SettleAsync() is { } mark) return new Outcome<T>(default, mark);
                // Nothing was written: a session that ended while nobody used it, a server that was restarted.
                if (attempt == MaxAttempts) throw errors.Translate(problem);
            }
        }
    }

    /// <summary>Finds out what came of a transaction whose answer was lost.</summary>
    /// <returns>What it noted, when it was committed; null when it was not, or nothing was in doubt.</returns>
    /// <exception cref="StoreException">The server cannot be asked now; it stays in doubt.</exception>
    public async ValueTask<WriterMark?> SettleAsync()
    {
        if (doubt is not { } asked) return null;
        var started = clock.GetTimestamp();
        while (true)
        {
            try
            {
                var line = connection ??= await source.OpenConnectionAsync(CancellationToken.None);
                if (!await EndFormerSelfAsync(line)) throw errors.Of("the former session does not end; the outcome of its last commit is not known yet");
                var (found, mark) = await ReadMarkAsync(line);
                doubt = null;
                PostgresLog.OutcomeKnown(log, errors.Store, found == asked ? "written" : "not written");
                return found == asked ? mark : null;
            }
            catch (Exception problem) when (problem is NpgsqlException or StoreException or IOException or TimeoutException or InvalidOperationException)
            {
                await DropAsync();
                if (clock.GetElapsedTime(started) < options.Patience)
                {
                    await Task.Delay(Pause, clock);
                    continue;
                }

                var why = problem as StoreException ?? errors.Translate(problem);
                throw errors.Of($"the connection broke during a commit, and it is not known yet whether it was written; that is found out before anything else is written ({why.Message})", problem);
            }
        }
    }

    /// <summary>Runs one statement that may be run twice, outside of any transaction.</summary>
    public async ValueTask<object?> AskAsync(string statement, params object?[] values)
    {
        var line = await ReadyAsync();
        try
        {
            await using var batch = new PostgresBatch(line);
            return await batch.Add(statement, values).ScalarAsync(CancellationToken.None);
        }
        catch (Exception problem) when (problem is NpgsqlException or IOException or InvalidOperationException)
        {
            await DropAsync();
            throw errors.Translate(problem);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (connection is { State: System.Data.ConnectionState.Open } && doubt is null)
        {
            try
            {
                await using var batch = new PostgresBatch(connection);
                await batch.Add("mark_drop", name).RunAsync(CancellationToken.None);
            }
            catch (Exception problem) when (problem is NpgsqlException or IOException or InvalidOperationException)
            {
                // The row is swept away by a later start.
                PostgresLog.MarkStays(log, problem, errors.Store);
            }
        }

        await DropAsync();
        await source.DisposeAsync();
    }

    async Task<T> TransactAsync<T>(NpgsqlConnection line, long mine, Action<PostgresBatch, string, long> fill, Func<NpgsqlDataReader, ValueTask<T>> read)
    {
        await using var batch = new PostgresBatch(line);
        batch.Add("begin");
        fill(batch, name, mine);
        batch.Add("commit");
        await using var reader = await batch.ReadAsync(CancellationToken.None);
        var answer = await read(reader);
        // the answer comes before COMMIT has been done: only the end of everything is the end
        while (await reader.NextResultAsync(CancellationToken.None)) { /* nothing more is expected */ }
        return answer;
    }

    async ValueTask<NpgsqlConnection> ReadyAsync()
    {
        if (doubt is not null) await SettleAsync();
        if (connection is { State: System.Data.ConnectionState.Open } open) return open;
        await DropAsync();
        try
        {
            return connection = await source.OpenConnectionAsync(CancellationToken.None);
        }
        catch (Exception problem) when (problem is NpgsqlException or IOException or TimeoutException or InvalidOperationException)
        {
            await DropAsync();
            throw errors.Translate(problem);
        }
    }

    // What it sent may still be on its way: as long as its session lives, it may still commit.
    async Task<bool> EndFormerSelfAsync(NpgsqlConnection line)
    {
        await using var batch = new PostgresBatch(line);
        await using var row = await batch.Add("end_former_self", name).ReadAsync(CancellationToken.None);
        var ended = true;
        while (await row.ReadAsync(CancellationToken.None)) ended &= row.GetBoolean(0);
        return ended;
    }

    async Task<(long Number, WriterMark Mark)> ReadMarkAsync(NpgsqlConnection line)
    {
        await using var batch = new PostgresBatch(line);
        await using var row = await batch.Add("mark", name).ReadAsync(CancellationToken.None);
        // The first commit makes the row.
        return await row.ReadAsync(CancellationToken.None)
            ? (row.GetInt64(0), new WriterMark(row.Value<long[]>(1), row.Value<int[]>(2)))
            : (-1, new WriterMark([], []));
    }

    async Task RollBackAsync(NpgsqlConnection line)
    {
        try
        {
            await using var batch = new PostgresBatch(line);
            await batch.Add("rollback").RunAsync(CancellationToken.None);
        }
        catch (Exception problem) when (problem is NpgsqlException or IOException or InvalidOperationException)
        {
            // The server takes back what a session leaves behind.
            SqlLog.RollbackFailed(log, problem);
            await DropAsync();
        }
    }

    async ValueTask DropAsync()
    {
        if (connection is not { } gone) return;
        connection = null;
        await gone.DisposeAsync();
    }
}
