using System.Collections.Concurrent;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;

namespace Belfry.Server.Tests.Fixtures;

/// <summary>Chains whose trackers do what a test says. An address is its chain's prefix and any letters ("btc1alice"); upper case is another spelling of it.</summary>
sealed class ScriptedChains : IChainDirectory
{
    public ScriptedChains(params string[] ids) => All = [.. ids.Order().Select(id =>
    {
        var profile = new ChainProfile(new ChainId(id), id.ToUpperInvariant(), 8, "regtest", 100, TimeSpan.FromMinutes(10));
        return new FollowedChain(profile, new PrefixCodec(id + "1"), new ScriptedTracker(profile));
    })];

    public IReadOnlyList<FollowedChain> All { get; }

    public FollowedChain? Find(ChainId id) => All.FirstOrDefault(chain => chain.Profile.Id == id);

    public ScriptedTracker Tracker(string id) => (ScriptedTracker)Find(new ChainId(id))!.Tracker;

    public static Script ScriptOf(string address) => new(Encoding.UTF8.GetBytes(address));

    sealed class PrefixCodec(string prefix) : IAddressCodec
    {
        public AddressReading Read(string text)
        {
            var canonical = text.ToLowerInvariant();
            return canonical.StartsWith(prefix, StringComparison.Ordinal) && canonical.All(char.IsAsciiLetterOrDigit)
                ? new AddressReading(ScriptOf(canonical), canonical, "p2wpkh", null)
                : AddressReading.Refused($"the address does not start with {prefix}");
        }

        public string? Write(ReadOnlySpan<byte> script) => Encoding.UTF8.GetString(script);
    }
}

sealed class ScriptedTracker(ChainProfile profile) : IChainTracker
{
    public ChainProfile Profile { get; } = profile;

    public ConcurrentQueue<Script> Watched { get; } = new();

    public ConcurrentQueue<Script> Unwatched { get; } = new();

    public ConcurrentQueue<long> Rescans { get; } = new();

    public ChainStatus Status { get; private set; } = new()
    {
        Profile = profile,
        State = ChainState.Live,
        Feed = FeedKind.Zmq,
        Tip = new BlockRef(101, BlockHash.Parse(new string('a', 64))),
        Endpoint = "127.0.0.1:18443",
    };

    public ValueTask StartAsync(CancellationToken cancellationToken) => Become(ChainState.CatchingUp);

    public ValueTask StopAsync(CancellationToken cancellationToken) => Become(ChainState.Stopped);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public ValueTask WatchAsync(IReadOnlyList<WatchedScript> scripts, CancellationToken cancellationToken)
    {
        foreach (var script in scripts) Watched.Enqueue(script.Script);
        return ValueTask.CompletedTask;
    }

    public ValueTask UnwatchAsync(IReadOnlyList<Script> scripts, CancellationToken cancellationToken)
    {
        foreach (var script in scripts) Unwatched.Enqueue(script);
        return ValueTask.CompletedTask;
    }

    public ValueTask RescanAsync(long fromHeight, CancellationToken cancellationToken)
    {
        Rescans.Enqueue(fromHeight);
        return ValueTask.CompletedTask;
    }

    ValueTask Become(ChainState state)
    {
        Status = Status with { State = state };
        return ValueTask.CompletedTask;
    }
}
