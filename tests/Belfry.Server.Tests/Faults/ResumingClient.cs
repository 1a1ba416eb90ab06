using System.Text;
using Belfry.Client;
using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Server.Tests.Faults;

/// <summary>A client of ours that comes back by itself and keeps all that it is told; each event must be the one after the last.</summary>
sealed class ResumingClient : IAsyncDisposable
{
    readonly CancellationTokenSource done = new();
    readonly BelfryClient client;
    readonly List<BelfryEvent> heard = [];
    readonly Task listening;
    int connections;

    public ResumingClient(Uri address, TimeSpan? maxBackoff = null)
    {
        client = new BelfryClient(address, null, new BelfryClientOptions
        {
            MinBackoff = TimeSpan.FromMilliseconds(20),
            MaxBackoff = maxBackoff ?? TimeSpan.FromMilliseconds(200),
            ConnectionChanged = change => _ = change.Connected ? Interlocked.Increment(ref connections) : 0,
        });
        listening = Task.Run(ListenAsync);
    }

    /// <summary>How often a subscription stood.</summary>
    public int Connections => Volatile.Read(ref connections);

    /// <summary>Sequence number of the last event heard.</summary>
    public long Last
    {
        get { lock (heard) return heard.Count == 0 ? 0 : heard[^1].Sequence; }
    }

    /// <summary>Waits until an event has been heard.</summary>
    public async Task ReachesAsync(long sequence, TimeSpan? within = null)
    {
        await Eventually.HoldsAsync(() => listening.IsCompleted || Last >= sequence, within, $"event {sequence} is heard; the last one was {Last}");
        if (listening.IsFaulted) await listening;
    }

    /// <summary>Everything that a server has told up to now was heard: once, in order, byte for byte.</summary>
    /// <param name="server">The server.</param>
    /// <param name="after">Compares only what came after.</param>
    /// <returns>The last sequence number.</returns>
    public async Task<long> HoldsTheJournalAsync(BelfryProcess server, long after = 0)
    {
        var journal = await server.JournalAsync(after);
        if (journal.Count == 0) return after;
        await ReachesAsync(journal[^1].Sequence);
        List<BelfryEvent> own;
        lock (heard) own = heard.GetRange((int)after, journal.Count);
        for (var i = 0; i < own.Count; i++)
            if (Encoding.UTF8.GetString(own[i].Raw!.Value.Span) != journal[i].Envelope.GetRawText()) own[i].ShouldBe(null, $"heard otherwise than stored: {journal[i]}");
        return journal[^1].Sequence;
    }

    public async ValueTask DisposeAsync()
    {
        await done.CancelAsync();
        // a fault has been told by ReachesAsync
        await listening.ContinueWith(static _ => { }, TaskScheduler.Default);
        client.Dispose();
        done.Dispose();
    }

    async Task ListenAsync()
    {
        await foreach (var told in client.EventsAsync(new Subscription(), after: 0, cancellationToken: done.Token))
        {
            told.Sequence.ShouldBe(Last + 1, "nothing lost, nothing twice, in order");
            lock (heard) heard.Add(told);
        }
    }
}
