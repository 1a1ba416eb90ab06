using System.Runtime.InteropServices;
using Belfry.Core.Chains;

namespace Belfry.Core.Delivery;

/// <summary>Script to subscriptions; used under the hub's lock. A script that one subscription names costs one reference, not a list.</summary>
sealed class ScriptRoutes
{
    readonly Dictionary<ChainId, Dictionary<Script, object>> chains = [];

    // Subscriptions that name addresses hear of blocks and feeds as well, as far as their selection asks for those kinds.
    readonly HashSet<ReaderSubscription> open = [];

    public void Open(ReaderSubscription subscription) => open.Add(subscription);

    public void Close(ReaderSubscription subscription)
    {
        open.Remove(subscription);
        foreach (var (chain, scripts) in subscription.Scripts!)
        {
            foreach (var script in scripts) Forget(subscription, chain, script);
        }

        subscription.Scripts.Clear();
    }

    public bool Add(ReaderSubscription subscription, ChainId chain, Script script)
    {
        // A subscription that has ended meanwhile stays ended.
        if (!open.Contains(subscription)) return false;
        ref var own = ref CollectionsMarshal.GetValueRefOrAddDefault(subscription.Scripts!, chain, out _);
        if (!(own ??= []).Add(script)) return false;
        ref var scripts = ref CollectionsMarshal.GetValueRefOrAddDefault(chains, chain, out _);
        ref var holders = ref CollectionsMarshal.GetValueRefOrAddDefault(scripts ??= [], script, out _);
        switch (holders)
        {
            case null:
                holders = subscription;
                break;
            case HashSet<ReaderSubscription> many:
                many.Add(subscription);
                break;
            case ReaderSubscription one:
                holders = new HashSet<ReaderSubscription> { one, subscription };
                break;
        }

        return true;
    }

    public bool Remove(ReaderSubscription subscription, ChainId chain, Script script)
    {
        if (!subscription.Scripts!.TryGetValue(chain, out var own) || !own.Remove(script)) return false;
        Forget(subscription, chain, script);
        return true;
    }

    /// <summary>Who listens to a script; for null, everybody who names addresses.</summary>
    public IEnumerable<ReaderSubscription> Find(ChainId chain, Script? script)
    {
        if (script is null) return open;
        if (!chains.TryGetValue(chain, out var scripts) || !scripts.TryGetValue(script, out var holders)) return [];
        return holders as IEnumerable<ReaderSubscription> ?? [(ReaderSubscription)holders];
    }

    void Forget(ReaderSubscription subscription, ChainId chain, Script script)
    {
        if (!chains.TryGetValue(chain, out var scripts) || !scripts.TryGetValue(script, out var holders)) return;
        if (holders is HashSet<ReaderSubscription> many && many.Remove(subscription) && many.Count > 0) return;
        if (holders is HashSet<ReaderSubscription> { Count: > 0 }) return;
        scripts.Remove(script);
    }
}
