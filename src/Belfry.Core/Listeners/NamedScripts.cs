using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;

namespace Belfry.Core.Listeners;

/// <summary>The scripts that one connection names, chain by chain, packed. One thread at a time.</summary>
public sealed class NamedScripts
{
    readonly FingerprintKey key = new(SystemEntropy.Instance);
    readonly Dictionary<ChainId, ScriptTable> chains = [];

    /// <summary>How many there are.</summary>
    public long Count
    {
        get
        {
            long count = 0;
            foreach (var scripts in chains.Values) count += scripts.Count;
            return count;
        }
    }

    /// <summary>Whether the script is named.</summary>
    public bool Contains(ChainId chain, Script script) => chains.TryGetValue(chain, out var scripts) && scripts.Contains(script);

    /// <summary>Names a script; false when it was named already.</summary>
    public bool Add(ChainId chain, Script script)
    {
        if (!chains.TryGetValue(chain, out var scripts)) chains[chain] = scripts = new ScriptTable(key);
        return scripts.Add(script) == 1;
    }

    /// <summary>Names it no more; false when it was not named.</summary>
    public bool Remove(ChainId chain, Script script) => chains.TryGetValue(chain, out var scripts) && scripts.Remove(script) == 0;

    /// <summary>All of them, in no order.</summary>
    public IEnumerable<(ChainId Chain, Script Script)> ReadAll()
    {
        foreach (var (chain, scripts) in chains)
        {
            foreach (var (script, _, _) in scripts.ReadAll()) yield return (chain, script);
        }
    }
}
