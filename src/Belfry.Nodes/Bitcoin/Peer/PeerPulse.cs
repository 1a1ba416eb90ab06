namespace Belfry.Nodes.Bitcoin.Peer;

/// <summary>
/// The sense of time of one connection: when to ping next, and whether the peer is silent, dawdles over a message or does not take ours. Timestamps are written by
/// the loop that waits and read by the loop that watches; zero means "not waiting".
/// </summary>
sealed class PeerPulse(PeerOptions options, TimeProvider clock) : IDisposable
{
    /// <summary>At most a fifth of the time is spent with a ping under way.</summary>
    const int PauseInRoundTrips = 4;

    readonly SemaphoreSlim answered = new(0, 1);
    readonly Lock gate = new();
    long waitingSince, partialSince, sendingSince, askedAt;
    ulong expected;
    bool asking;
    double roundTripTicks = -1;

    /// <summary>The smoothed time from a ping to its answer.</summary>
    public TimeSpan? RoundTrip
    {
        get
        {
            lock (gate) return roundTripTicks < 0 ? null : TimeSpan.FromTicks((long)roundTripTicks);
        }
    }

    /// <summary>How long to wait before the next ping.</summary>
    public TimeSpan Pause
    {
        get
        {
            var polite = PauseInRoundTrips * (RoundTrip ?? TimeSpan.Zero);
            return polite < options.PingInterval ? options.PingInterval : polite > options.MaxPingInterval ? options.MaxPingInterval : polite;
        }
    }

    /// <summary>How often to look for problems: a tenth of the shortest patience.</summary>
    public TimeSpan CheckInterval => (options.SilenceTimeout < options.MessageTimeout ? options.SilenceTimeout : options.MessageTimeout) / 10;

    public void Waiting() => Volatile.Write(ref waitingSince, Now());

    public void Received() => Volatile.Write(ref waitingSince, 0);

    /// <summary>Whether part of a message is there: its time runs from the first part on.</summary>
    public void Partial(bool there)
    {
        if (!there) Volatile.Write(ref partialSince, 0);
        else if (Volatile.Read(ref partialSince) == 0) Volatile.Write(ref partialSince, Now());
    }

    /// <summary>A whole message was taken: whatever part follows begins anew.</summary>
    public void Whole() => Volatile.Write(ref partialSince, 0);

    public void Sending() => Volatile.Write(ref sendingSince, Now());

    public void Sent() => Volatile.Write(ref sendingSince, 0);

    public void Asked(ulong nonce)
    {
        lock (gate) (expected, askedAt, asking) = (nonce, clock.GetTimestamp(), true);
    }

    /// <summary>The answer to a ping; null when it is not the one expected.</summary>
    public TimeSpan? Answered(ulong nonce)
    {
        lock (gate)
        {
            if (!asking || nonce != expected) return null;
            asking = false;
            var measured = clock.GetElapsedTime(askedAt);
            roundTripTicks = roundTripTicks < 0 ? measured.Ticks : roundTripTicks * 0.8 + measured.Ticks * 0.2;
            answered.Release();
            return measured;
        }
    }

    /// <summary>Waits for the answer to the last ping.</summary>
    public Task AnswerAsync(CancellationToken cancellationToken) => answered.WaitAsync(cancellationToken);

    /// <summary>What is wrong now, if anything. Time that our own reader takes does not count against the peer.</summary>
    public (string Reason, string Text)? Problem()
    {
        if (Longer(sendingSince, options.MessageTimeout)) return (PeerEnd.Slow, $"the peer took nothing for {options.MessageTimeout.TotalSeconds} s");
        if (Volatile.Read(ref waitingSince) == 0) return null;
        if (Longer(waitingSince, options.SilenceTimeout)) return (PeerEnd.Silence, $"the peer said nothing for {options.SilenceTimeout.TotalSeconds} s");
        return Longer(partialSince, options.MessageTimeout) ? (PeerEnd.Slow, $"a message was not whole after {options.MessageTimeout.TotalSeconds} s") : null;
    }

    public void Dispose() => answered.Dispose();

    bool Longer(in long since, TimeSpan patience)
    {
        var start = Volatile.Read(in since);
        return start != 0 && clock.GetElapsedTime(start) > patience;
    }

    /// <summary>Now, never zero.</summary>
    long Now() => clock.GetTimestamp() | 1;
}
