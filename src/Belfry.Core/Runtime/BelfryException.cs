namespace Belfry.Core.Runtime;

/// <summary>Base of Belfry's outages: something outside did not answer as it must. The message names the endpoint and the setting to turn.</summary>
public abstract class BelfryException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A node, store or other endpoint cannot be used now; trying again later may succeed.</summary>
public sealed class EndpointException(string endpoint, string setting, string problem, Exception? inner = null)
    : BelfryException($"{endpoint}: {problem} (setting {setting})", inner)
{
    /// <summary>Host and port or URL, without credentials.</summary>
    public string Endpoint { get; } = endpoint;

    /// <summary>The configuration key that names this endpoint, for instance <c>Chains:btc:Rpc</c>.</summary>
    public string Setting { get; } = setting;
}

/// <summary>Bytes from outside that cannot be what they claim to be. Says what was wrong, what was expected and at which offset.</summary>
public sealed class MalformedDataException(string what, string problem, int offset = -1)
    : BelfryException(offset < 0 ? $"{what}: {problem}" : $"{what}: {problem} at byte {offset}")
{
    /// <summary>What was being read: "transaction", "block", "ZMTP frame".</summary>
    public string What { get; } = what;

    /// <summary>Byte offset of the fault, or -1 when it concerns the whole.</summary>
    public int Offset { get; } = offset;
}

/// <summary>The store refuses to go on: full disk, corruption, another process on the same data.</summary>
public sealed class StoreException(string store, string problem, Exception? inner = null) : BelfryException($"{store}: {problem}", inner)
{
    /// <summary>The file or server concerned.</summary>
    public string Store { get; } = store;
}
