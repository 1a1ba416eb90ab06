namespace Belfry.Fuzz.Targets;

/// <summary>All targets by name.</summary>
static class TargetCatalog
{
    static readonly Dictionary<string, Func<FuzzTarget>> Targets = new(StringComparer.Ordinal)
    {
        ["block"] = () => new BlockTarget(),
        ["tx"] = () => new TransactionTarget(),
        ["address"] = () => new AddressTarget(),
        ["script"] = () => new ScriptTarget(),
        ["zmtp"] = () => new ZmtpTarget(),
        ["peer"] = () => new PeerTarget(),
        ["rpc"] = () => new RpcTarget(),
        ["message"] = () => new MessageTarget(),
        ["frames"] = () => new FrameTarget(),
        ["filter"] = () => new FilterTarget(),
        ["cursor"] = () => new CursorTarget(),
        ["event"] = () => new EventTarget(),
    };

    /// <summary>The decoders.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Targets.Keys];

    /// <summary>Makes one; also the planted bugs, which prove that the fuzzer finds something.</summary>
    /// <exception cref="ArgumentException">There is none of this name.</exception>
    public static FuzzTarget Create(string name) => name == PlantedBugTarget.Name ? new PlantedBugTarget()
        : Targets.TryGetValue(name, out var make) ? make()
        : throw new ArgumentException($"There is no target '{name}'; there are {string.Join(", ", Names)}.", nameof(name));
}
