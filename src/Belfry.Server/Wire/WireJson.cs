using System.Text.Json;
using System.Text.Json.Serialization;

namespace Belfry.Server.Wire;

/// <summary>A chain's standing. <c>state</c>: live, catching_up, behind, degraded, stopped; <c>feed</c>: zmq, peer, polling, socket, simnet.</summary>
public sealed record ChainBody(
    string Chain, string Network, long? Height, string? Hash, string State, string Feed, long LagBlocks, string Currency, string? Reason, string Endpoint, int MempoolSize,
    long WatchedScripts, DateTimeOffset Since, double? RescanProgress);

/// <summary>What was made to happen on a simulated chain; what does not concern the deed is null. <c>height</c> and <c>hash</c>: the best block after it.</summary>
public sealed record DeedBody(string Chain, string Deed, string? TxHash, string? Address, string? Amount, IReadOnlyList<string>? Blocks, long Height, string Hash);

/// <summary>A stored watch. <c>seq</c>: every event after it is told.</summary>
public sealed record WatchBody(
    string Id, string Chain, string Address, string Script, long Seq, string? Label, long? FromHeight, bool Active, DateTimeOffset CreatedAt, bool Created);

/// <summary>A page of watches; <c>next</c> is null at the end.</summary>
public sealed record WatchPageBody(IReadOnlyList<WatchBody> Watches, string? Next, bool More);

/// <summary>One line of a bulk import's answer.</summary>
public sealed record ImportLineBody(long Line, bool Ok, string? Id, string? Chain, string? Address, string? Script, long? Seq, bool? Created, string? Error);

/// <summary>Balances in the currency's unit, decimal strings.</summary>
public sealed record BalanceBody(string Confirmed, string Unconfirmed, string Immature);

/// <summary>An address as it was at journal position <c>seq</c>.</summary>
public sealed record AddressBody(string Chain, string Address, BalanceBody Balance, string Received, string Sent, long Transactions, bool Active, long Seq, string Currency, bool Watched);

/// <summary>What a transaction does to one watched address.</summary>
public sealed record MovementBody(string Address, string Direction, string Amount, string Received, string Sent, string? FromAddress, string? ToAddress);

/// <summary>A tracked transaction.</summary>
public sealed record TransactionBody(
    string Chain, string TxHash, string Currency, string State, long Confirmations, long? BlockHeight, string? BlockHash, string? Fee, bool Coinbase, DateTimeOffset FirstSeen,
    string? Cause, IReadOnlyList<MovementBody> Movements);

/// <summary>A page of transactions, newest first; <c>next</c> is the value for <c>after</c>.</summary>
public sealed record TransactionPageBody(IReadOnlyList<TransactionBody> Transactions, string? Next, bool More);

/// <summary>Addresses that somebody listens to now.</summary>
public sealed record ActiveAddressesBody(string Chain, long TotalActiveAddresses, long TotalConnections, IReadOnlyDictionary<string, long> Addresses);

/// <summary>How the server is.</summary>
public sealed record HealthBody(
    string Status, bool EventListenerRunning, int ConnectedWebsockets, string Version, string Epoch, long Seq, IReadOnlyList<ChainBody> Chains);

/// <summary>Whether the server takes work.</summary>
public sealed record ReadyBody(string Status, string? Reason);

/// <summary>One thing that is wrong: where, what was found, what was expected, what was probably meant.</summary>
public sealed record FaultBody(string Where, string Problem, string? Expected, string? Suggestion);

/// <summary>RFC 9457.</summary>
public sealed record ProblemBody(string Type, string Title, int Status, string Detail, IReadOnlyList<FaultBody> Errors, string? TraceId);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<ChainBody>))]
[JsonSerializable(typeof(DeedBody))]
[JsonSerializable(typeof(WatchBody))]
[JsonSerializable(typeof(WatchPageBody))]
[JsonSerializable(typeof(ImportLineBody))]
[JsonSerializable(typeof(AddressBody))]
[JsonSerializable(typeof(TransactionBody))]
[JsonSerializable(typeof(TransactionPageBody))]
[JsonSerializable(typeof(ActiveAddressesBody))]
[JsonSerializable(typeof(HealthBody))]
[JsonSerializable(typeof(ReadyBody))]
[JsonSerializable(typeof(ProblemBody))]
sealed partial class WireJson : JsonSerializerContext
{
    /// <summary>The wire word of an enumeration value: CatchingUp is <c>catching_up</c>.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());
}
