using System.Runtime.InteropServices;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;

namespace Belfry.Core.Delivery;

/// <summary>
/// Script to subscriptions; used under the hub's lock. Goes by keyed fingerprints: whoever is found is asked whether it really names the script, so that two scripts
/// with one fingerprint never deliver each other's events. A script that one subscription names costs one reference, not a list.
/// </summary>
sealed class ScriptRoutes
{
    readonly FingerprintKey key = new(SystemEntropy.Instance);
    readonly Dictionary<ChainId, Dictionary<ulong, object>> chains = [];

    // How many further scripts of one subscription have the same fingerprint; practically always empty.
    readonly Dictionary<(ChainId Chain, ulong Fingerprint, ReaderSubscription Holder), int> repeats = [];

    // Subscriptions that name addresses hear of blocks and feeds as well, as far as their selection asks for those kinds.
    readonly HashSet<ReaderSubscription> open = [];

    /// <summary>Routes everything that the subscription names.</summary>
    public void Open(ReaderSubscription subscription)
    {
        open.Add(subscription);
        foreach (var (chain, script) in subscription.Scripts!.ReadAll()) Route(subscription, chain, script);
    }

    /// <summary>Forgets the subscription; what it names stays its own.</summary>
    public void Close(ReaderSubscription subscription)
    {
        if (!open.Remove(subscription)) return;
        foreach (var (chain, script) in subscription.Scripts!.ReadAll()) Forget(subscription, chain, script);
    }

    public bool Add(ReaderSubscription subscription, ChainId chain, Script script)
    {
        if (!subscription.Scripts!.Add(chain, script)) return false;
        // A subscription that has ended meanwhile stays ended.
        if (open.Contains(subscription)) Route(subscription, chain, script);
        return true;
    }

    public bool Remove(ReaderSubscription subscription, ChainId chain, Script script)
    {
        if (!subscription.Scripts!.Remove(chain, script)) return false;
        if (open.Contains(subscription)) Forget(subscription, chain, script);
        return true;
    }

    /// <summary>Who listens to a script; for null, everybody who names addresses.</summary>
    public IEnumerable<ReaderSubscription> Find(ChainId chain, Script? script)
    {
        if (script is null) return open;
        if (!chains.TryGetValue(chain, out var routes) || !routes.TryGetValue(key.Hash(script.Span), out var holders)) return [];
        if (holders is ReaderSubscription one) return one.Scripts!.Contains(chain, script) ? [one] : [];
        return ((HashSet<ReaderSubscription>)holders).Where(holder => holder.Scripts!.Contains(chain, script));
    }

    void Route(ReaderSubscription subscription, ChainId chain, Script script)
    {
        ref var routes = ref CollectionsMarshal.GetValueRefOrAddDefault(chains, chain, out _);
        var fingerprint = key.Hash(script.Span);
        ref var holders = ref CollectionsMarshal.GetValueRefOrAddDefault(routes ??= [], fingerprint, out _);
        switch (holders)
        {
            case null:
                holders = subscription;
                break;
            case HashSet<ReaderSubscription> many when many.Add(subscription):
                break;
            case ReaderSubscription one when one != subscription:
                holders = new HashSet<ReaderSubscription> { one, subscription };
                break;
            default:
                CollectionsMarshal.GetValueRefOrAddDefault(repeats, (chain, fingerprint, subscription), out _)++;
                break;
        }
    }

    void Forget(ReaderSubscription subscription, ChainId chain, Script script)
    {
        var fingerprint = key.Hash(script.Span);
        if (repeats.Count > 0 && repeats.TryGetValue((chain, fingerprint, subscription), out var more))
        {
            if (more == 1) repeats.Remove((chain, fingerprint, subscription));
            else repeats[(chain, fingerprint, subscription)] = more - 1;
            return;
        }

        if (!chains.TryGetValue(chain, out var routes) || !routes.TryGetValue(fingerprint, out var holders)) return;
        if (holders is HashSet<ReaderSubscription> many && many.Remove(subscription) && many.Count > 0) return;
        if (holders is HashSet<ReaderSubscription> { Count: > 0 }) return;
        routes.Remove(fingerprint);
        if (routes.Count == 0) chains.Remove(chain);
    }
}
