using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>Hears the database's words (LISTEN) over a connection of its own, and rings. Words get lost when the line breaks: they only spare waiting.</summary>
sealed class PostgresBell : IAsyncDisposable
{
    const string Listen = "LISTEN belfry_journal; LISTEN belfry_watches; LISTEN belfry_acknowledged";
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    readonly CancellationTokenSource stopping = new();
    readonly NpgsqlDataSource source;
    readonly Action<string, string> heard;
    readonly TimeProvider clock;
    readonly ILogger log;
    readonly string store;
    readonly Task loop;

    /// <summary>Listens until disposed.</summary>
    /// <param name="source">Makes the connection; disposed with this.</param>
    /// <param name="heard">Told channel and content of each word; empty ones after a new beginning, when any word may have been lost.</param>
    /// <param name="store">For messages.</param>
    /// <param name="clock">Times pauses.</param>
    /// <param name="log">Where to say that nothing is heard.</param>
    public PostgresBell(NpgsqlDataSource source, Action<string, string> heard, string store, TimeProvider clock, ILogger log)
    {
        (this.source, this.heard, this.store, this.clock, this.log) = (source, heard, store, clock, log);
        loop = Background.Start(LoopAsync, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        Background.Cancel(stopping);
        await loop;
        await source.DisposeAsync();
        stopping.Dispose();
    }

    async Task LoopAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await using var line = source.CreateConnection();
                line.Notification += (_, word) => heard(word.Channel, word.Payload);
                await line.OpenAsync(stopping.Token);
                await using (var command = new NpgsqlCommand(Listen, line)) await command.ExecuteNonQueryAsync(stopping.Token);
                heard("", "");
                while (true) await line.WaitAsync(stopping.Token);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem) when (problem is NpgsqlException or IOException or TimeoutException or InvalidOperationException or OperationCanceledException)
            {
                PostgresLog.NotListening(log, problem, store);
                await Background.WhenEndedAsync(Task.Delay(Pause, clock, stopping.Token));
            }
        }
    }
}
