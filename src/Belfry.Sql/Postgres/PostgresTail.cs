using System.Collections.Immutable;
using System.Globalization;
using Belfry.Core.Journal;
using Belfry.Core.Runtime;
using Microsoft.Extensions.Logging;

namespace Belfry.Sql.Postgres;

/// <summary>
/// Tells this server's listeners of every entry, whichever server wrote it, in order and without a gap. What this server commits is told at once when it follows
/// on what was told last; everything else is read. A word from the database only wakes the reader: without one it looks every now and then.
/// </summary>
sealed class PostgresTail : IAsyncDisposable
{
    const int PageSize = 1000;
    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    // One that tells at a time.
    readonly SemaphoreSlim turn = new(1, 1);
    readonly SemaphoreSlim bell = new(0, 1);
    readonly CancellationTokenSource stopping = new();
    readonly PostgresJournal journal;
    readonly PostgresReads reads;
    readonly TimeSpan interval;
    readonly TimeProvider clock;
    readonly ILogger log;
    readonly Task loop;
    ImmutableArray<IJournalListener> listeners = [];
    long told;

    public PostgresTail(PostgresJournal journal, PostgresReads reads, long head, TimeSpan interval, TimeProvider clock, ILogger log)
    {
        (this.journal, this.reads, this.interval, this.clock, this.log) = (journal, reads, interval, clock, log);
        told = head;
        loop = Background.Start(LoopAsync, CancellationToken.None);
    }

    /// <summary>Run between reading entries and telling them; what it throws keeps them back until it succeeds.</summary>
    public Func<CancellationToken, ValueTask>? BeforeTelling { get; set; }

    /// <summary>Tells a listener of every entry from now on.</summary>
    public IDisposable Attach(IJournalListener listener)
    {
        ArgumentNullException.ThrowIfNull(listener);
        ImmutableInterlocked.Update(ref listeners, static (all, added) => all.Add(added), listener);
        return new Attachment(this, listener);
    }

    /// <summary>The database says how far the journal reaches; an empty word may stand for any. What this server wrote itself has been told already.</summary>
    public void Hear(string head)
    {
        if (!long.TryParse(head, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) || sequence > Volatile.Read(ref told)) Wake();
    }

    /// <summary>Looks now whether the journal has grown.</summary>
    public void Wake()
    {
        try
        {
            bell.Release();
        }
        catch (SemaphoreFullException)
        {
            // It has been rung already.
        }
    }

    /// <summary>This server has committed entries: tells them when nothing is missing before them, otherwise looks.</summary>
    public async ValueTask CommittedAsync(IReadOnlyList<JournalEntry> entries)
    {
        if (entries.Count == 0) return;
        await turn.WaitAsync(CancellationToken.None);
        try
        {
            if (entries[0].Sequence == told + 1 && BeforeTelling is null) Tell(entries);
            else if (entries[^1].Sequence > told) Wake();
        }
        finally
        {
            turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        Background.Cancel(stopping);
        await loop;
        stopping.Dispose();
        bell.Dispose();
        turn.Dispose();
    }

    async Task LoopAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await bell.WaitAsync(interval, stopping.Token);
                await CatchUpAsync();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception problem) when (problem is StoreException or ArgumentOutOfRangeException)
            {
                // out of range: the journal has become shorter under a running server, as by a restored backup
                PostgresLog.FollowingFailed(log, problem, reads.Store);
                await Background.WhenEndedAsync(Task.Delay(Pause, clock, stopping.Token));
            }
        }
    }

    async ValueTask CatchUpAsync()
    {
        for (var more = true; more;)
        {
            await turn.WaitAsync(stopping.Token);
            try
            {
                var page = await journal.ReadAsync(told, PageSize, null, stopping.Token);
                if (page.Entries.Count > 0)
                {
                    if (BeforeTelling is { } prepare) await prepare(stopping.Token);
                    Tell(page.Entries);
                }

                more = page.More;
            }
            finally
            {
                turn.Release();
            }
        }
    }

    void Tell(IReadOnlyList<JournalEntry> entries)
    {
        Volatile.Write(ref told, entries[^1].Sequence);
        foreach (var listener in listeners)
        {
            try
            {
                listener.Appended(entries);
            }
#pragma warning disable CA1031 // a listener's fault must not stop the journal, nor the other listeners
            catch (Exception problem)
#pragma warning restore CA1031
            {
                SqlLog.ListenerThrew(log, problem);
            }
        }
    }

    sealed class Attachment(PostgresTail tail, IJournalListener listener) : IDisposable
    {
        public void Dispose() => ImmutableInterlocked.Update(ref tail.listeners, static (all, gone) => all.Remove(gone), listener);
    }
}
