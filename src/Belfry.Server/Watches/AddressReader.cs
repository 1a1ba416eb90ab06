using Belfry.Core.Runtime;
using Belfry.Core.Tracking;

namespace Belfry.Server.Watches;

/// <summary>Finds the chains on which a spelling is an address.</summary>
sealed class AddressReader(IChainDirectory chains)
{
    /// <summary>All followed chains.</summary>
    public IReadOnlyList<FollowedChain> Chains => chains.All;

    /// <summary>A chain by its id (<c>btc</c>) or currency code (<c>BTC</c>), or null.</summary>
    public FollowedChain? FindChain(string name) =>
        chains.All.FirstOrDefault(chain => string.Equals(chain.Profile.Id.Value, name, StringComparison.OrdinalIgnoreCase))
        ?? chains.All.FirstOrDefault(chain => string.Equals(chain.Profile.Currency, name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Says which chains there are when one is not.</summary>
    public string UnknownChain(string name)
    {
        var ids = chains.All.Select(chain => chain.Profile.Id.Value).ToList();
        var meant = Spelling.Closest(name, ids.Concat(chains.All.Select(chain => chain.Profile.Currency)));
        return $"'{Clean(name)}' is not a followed chain; expected {(ids.Count == 0 ? "one that is configured (none is)" : string.Join(" or ", ids))}{(meant is null ? "" : $"; did you mean '{meant}'?")}";
    }

    /// <summary>
    /// Reads an address on each of <paramref name="among"/>: one that several of them know (a legacy address of bch is one of btc) is meant on all of them.
    /// <c>btc:…</c> in front names the chain.
    /// </summary>
    public IReadOnlyList<WatchRequest> Read(string text, IReadOnlyList<FollowedChain> among, out string? error)
    {
        error = null;
        var (rest, named) = (text, among);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0 && among.FirstOrDefault(chain => chain.Profile.Id.Value == text[..colon]) is { } only) (rest, named) = (text[(colon + 1)..], [only]);
        var found = new List<WatchRequest>();
        foreach (var chain in named)
        {
            var reading = chain.Codec.Read(rest);
            if (reading.IsValid) found.Add(new WatchRequest(chain, reading.Script!, reading.Canonical!, rest, null, null));
            else error = named.Count == 1 ? reading.Error : $"not an address of {string.Join(", ", named.Select(other => other.Profile.Id.Value))}";
        }

        if (named.Count == 0) error = "no chain is followed";
        if (found.Count > 0) error = null;
        return found;
    }

    /// <summary>Foreign text fit for a message: short and without control characters.</summary>
    public static string Clean(string text) => ForeignText.Clean(text);
}
