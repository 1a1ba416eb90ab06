using System.Collections.Immutable;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;

namespace Belfry.Core.Watches;

/// <summary>All watches as an immutable value.</summary>
sealed record MemoryWatches
{
    public static MemoryWatches Empty { get; } = new();

    /// <summary>Order of creation by id; kept after removal, so that a page can go on after a watch that is gone, and an id is never used twice.</summary>
    ImmutableDictionary<string, long> Ordinals { get; init; } = ImmutableDictionary<string, long>.Empty;

    ImmutableDictionary<string, ImmutableSortedDictionary<long, Watch>> Accounts { get; init; } = ImmutableDictionary<string, ImmutableSortedDictionary<long, Watch>>.Empty;

    ImmutableSortedDictionary<ChainId, ImmutableSortedDictionary<Script, ImmutableSortedDictionary<string, long>>> Scripts { get; init; } =
        ImmutableSortedDictionary<ChainId, ImmutableSortedDictionary<Script, ImmutableSortedDictionary<string, long>>>.Empty;

    /// <summary>Each script that ever was watched, by the version of its last change.</summary>
    ImmutableSortedDictionary<ChainId, ImmutableDictionary<Script, long>> Changed { get; init; } = ImmutableSortedDictionary<ChainId, ImmutableDictionary<Script, long>>.Empty;

    long LastVersion { get; init; }

    public MemoryWatches Add(string store, Watch watch, out StoredWatch stored)
    {
        if (Find(watch.Account, watch.Chain, watch.Script) is { } held)
        {
            stored = new StoredWatch(held, Created: false);
            return this;
        }

        if (Ordinals.ContainsKey(watch.Id)) throw new StoreException(store, $"watch id {watch.Id} has been used before");
        var ordinal = Ordinals.Count + 1L;
        var accounts = WatchersOf(watch.Chain, watch.Script).SetItem(watch.Account, ordinal);
        stored = new StoredWatch(watch, Created: true);
        return (this with
        {
            Ordinals = Ordinals.Add(watch.Id, ordinal),
            Accounts = Accounts.SetItem(watch.Account, OfAccount(watch.Account).Add(ordinal, watch)),
            Scripts = Scripts.SetItem(watch.Chain, ScriptsOf(watch.Chain).SetItem(watch.Script, accounts)),
        }).Change(watch.Chain, watch.Script);
    }

    public MemoryWatches Remove(string account, string id, out RemovedWatch? removed)
    {
        removed = null;
        if (!Ordinals.TryGetValue(id, out var ordinal) || !OfAccount(account).TryGetValue(ordinal, out var watch)) return this;
        var rest = WatchersOf(watch.Chain, watch.Script).Remove(account);
        removed = new RemovedWatch(watch, !rest.IsEmpty);
        var scripts = ScriptsOf(watch.Chain);
        return (this with
        {
            Accounts = Accounts.SetItem(account, OfAccount(account).Remove(ordinal)),
            Scripts = Scripts.SetItem(watch.Chain, rest.IsEmpty ? scripts.Remove(watch.Script) : scripts.SetItem(watch.Script, rest)),
        }).Change(watch.Chain, watch.Script);
    }

    public MemoryWatches Activate(ChainId chain, Script script)
    {
        var accounts = Accounts;
        foreach (var (account, ordinal) in WatchersOf(chain, script))
            accounts = accounts.SetItem(account, accounts[account].SetItem(ordinal, accounts[account][ordinal] with { Active = true }));
        return (this with { Accounts = accounts }).Change(chain, script);
    }

    public long VersionOf(ChainId chain) => Changed.TryGetValue(chain, out var scripts) && scripts.Count > 0 ? scripts.Values.Max() : 0;

    public IReadOnlyList<WatchChange> ReadChanges(ChainId chain, long after, int limit)
    {
        if (!Changed.TryGetValue(chain, out var scripts)) return [];
        return [.. scripts.Where(pair => pair.Value > after).OrderBy(static pair => pair.Value).Take(limit).Select(pair => Stand(chain, pair.Key, pair.Value))];
    }

    WatchChange Stand(ChainId chain, Script script, long version)
    {
        var watches = WatchersOf(chain, script).Select(pair => Accounts[pair.Key][pair.Value]).ToList();
        var pending = watches.Where(static watch => !watch.Active).ToList();
        return new WatchChange(
            version, script, watches.Count > 0 ? watches[0].Address : "", watches.Count > 0, watches.Count > pending.Count, pending.Count > 0, pending.Min(static watch => watch.FromHeight));
    }

    MemoryWatches Change(ChainId chain, Script script)
    {
        var scripts = Changed.GetValueOrDefault(chain) ?? ImmutableDictionary<Script, long>.Empty;
        return this with { LastVersion = LastVersion + 1, Changed = Changed.SetItem(chain, scripts.SetItem(script, LastVersion + 1)) };
    }

    public Watch? Find(string account, ChainId chain, Script script) =>
        WatchersOf(chain, script).TryGetValue(account, out var ordinal) ? Accounts[account][ordinal] : null;

    public IReadOnlyList<Watch> List(string account, ChainId? chain, string? afterId, int limit)
    {
        long after = 0;
        if (afterId is not null && !Ordinals.TryGetValue(afterId, out after)) return [];
        return [.. OfAccount(account).Where(pair => pair.Key > after && (chain is null || pair.Value.Chain == chain)).Take(limit).Select(pair => pair.Value)];
    }

    /// <summary>Scripts with a watch in this state, each with the lowest height that these watches asked for.</summary>
    public IEnumerable<WatchedScript> Read(ChainId chain, bool active)
    {
        foreach (var (script, accounts) in ScriptsOf(chain))
        {
            var watches = accounts.Select(pair => Accounts[pair.Key][pair.Value]).Where(watch => watch.Active == active).ToList();
            if (watches.Count > 0) yield return new WatchedScript(script, watches[0].Address, watches.Min(watch => watch.FromHeight));
        }
    }

    /// <summary>The canonical address of a script that somebody watches live, or null.</summary>
    public string? FindLive(ChainId chain, Script script)
    {
        foreach (var (account, ordinal) in WatchersOf(chain, script))
        {
            if (Accounts[account][ordinal] is { Active: true } watch) return watch.Address;
        }

        return null;
    }

    public long Count(ChainId chain) => ScriptsOf(chain).Count;

    ImmutableSortedDictionary<long, Watch> OfAccount(string account) => Accounts.GetValueOrDefault(account) ?? ImmutableSortedDictionary<long, Watch>.Empty;

    ImmutableSortedDictionary<Script, ImmutableSortedDictionary<string, long>> ScriptsOf(ChainId chain) =>
        Scripts.GetValueOrDefault(chain) ?? ImmutableSortedDictionary.Create<Script, ImmutableSortedDictionary<string, long>>(ScriptOrder.Instance);

    ImmutableSortedDictionary<string, long> WatchersOf(ChainId chain, Script script) =>
        ScriptsOf(chain).GetValueOrDefault(script) ?? ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);
}
