using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;

namespace Belfry.Core.Journal;

/// <summary>
/// The <c>data</c> object of an event. The first ten fields, their order, names and types are fixed (older clients read them); fields are only ever added.
/// </summary>
public sealed record EventData
{
    static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.Default, SkipValidation = true };

    /// <summary>What is told.</summary>
    public required EventKind Kind { get; init; }

    /// <summary>The chain's profile: currency code and decimals.</summary>
    public required ChainProfile Profile { get; init; }

    /// <summary>The transaction, or null for events of blocks and feeds.</summary>
    public TxHash? Transaction { get; init; }

    /// <summary>Sender's address, or null when unknown or several.</summary>
    public string? From { get; init; }

    /// <summary>Receiver's address, or null when it has none.</summary>
    public string? To { get; init; }

    /// <summary>Moved sum for the address concerned, without sign; null for events of blocks and feeds.</summary>
    public Amount? Amount { get; init; }

    /// <summary>Blocks on top, the own one included; 0 in the mempool.</summary>
    public int Confirmations { get; init; }

    /// <summary>The token contract, where one is concerned.</summary>
    public string? Contract { get; init; }

    /// <summary>The block, or null in the mempool.</summary>
    public BlockRef? Block { get; init; }

    /// <summary>When it happened: the block's time in a block, otherwise when Belfry learnt of it.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>The watched address concerned.</summary>
    public string? Address { get; init; }

    /// <summary>What the transaction does to the address.</summary>
    public Movement? Movement { get; init; }

    /// <summary>State entered.</summary>
    public TxState? State { get; init; }

    /// <summary>State left.</summary>
    public TxState? PreviousState { get; init; }

    /// <summary>The fee, where known.</summary>
    public Amount? Fee { get; init; }

    /// <summary>The rival that caused it.</summary>
    public TxHash? CauseTransaction { get; init; }

    /// <summary>The block that caused it.</summary>
    public BlockRef? CauseBlock { get; init; }

    /// <summary>Whether the rival pays the same address; null without a rival.</summary>
    public bool? PaysYou { get; init; }

    /// <summary>A stable word for why.</summary>
    public string? Reason { get; init; }

    /// <summary>A sentence for people.</summary>
    public string? Detail { get; init; }

    /// <summary>How it was learnt when not by the feed.</summary>
    public string? Source { get; init; }

    /// <summary>Whether it happened while Belfry was away or before the watch.</summary>
    public bool CatchUp { get; init; }

    /// <summary>How often the transaction has come back, from 1.</summary>
    public int? Attempt { get; init; }

    /// <summary>Balance after it, in <c>address_update</c>.</summary>
    public Balance? Balance { get; init; }

    /// <summary>Hash of the block below, in block events.</summary>
    public BlockHash? PreviousBlock { get; init; }

    /// <summary>How many transactions the block holds.</summary>
    public int? TransactionCount { get; init; }

    /// <summary>How long a gap lasted, in <c>feed_recovered</c>.</summary>
    public TimeSpan? After { get; init; }

    /// <summary>The wire name of a state.</summary>
    public static string NameOf(TxState state) => state switch
    {
        TxState.Seen => "seen",
        TxState.Confirmed => "confirmed",
        TxState.Final => "final",
        TxState.Replaced => "replaced",
        TxState.Conflicted => "conflicted",
        TxState.Dropped => "dropped",
        TxState.Reorged => "reorged",
        TxState.Invalidated => "invalidated",
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "Not a state of a transaction."),
    };

    /// <summary>The object as UTF-8 JSON.</summary>
    public ReadOnlyMemory<byte> ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(768);
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            WriteFixed(json);
            WriteTransaction(json);
            WriteRest(json);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory.ToArray();
    }

    void WriteFixed(Utf8JsonWriter json)
    {
        json.WriteString("event", Kind.Name());
        WriteStringOrNull(json, "tx_hash", Transaction?.ToString());
        json.WriteString("currency", Profile.Currency);
        WriteStringOrNull(json, "from_address", From);
        WriteStringOrNull(json, "to_address", To);
        WriteStringOrNull(json, "amount", Amount?.ToDecimal(Profile.Decimals));
        json.WriteNumber("confirmations", Confirmations);
        WriteStringOrNull(json, "contract", Contract);
        if (Block is { } block) json.WriteNumber("block_height", block.Height);
        else json.WriteNull("block_height");
        json.WriteNumber("timestamp", Timestamp.ToUnixTimeSeconds());
    }

    void WriteTransaction(Utf8JsonWriter json)
    {
        json.WriteString("chain", Profile.Id.Value);
        WriteStringOrNull(json, "address", Address);
        WriteStringOrNull(json, "direction", Movement is null ? null : Movement.Net.Sign < 0 ? "out" : Movement.Sent.IsZero && Movement.From != Movement.Address ? "in" : "self");
        WriteStringOrNull(json, "state", State is { } state ? NameOf(state) : null);
        WriteStringOrNull(json, "previous_state", PreviousState is { } previous ? NameOf(previous) : null);
        WriteStringOrNull(json, "block_hash", Block?.Hash.ToString());
        WriteStringOrNull(json, "fee", Fee?.ToFullDecimal(Profile.Decimals));
        WriteCause(json);
        if (Movement is null) return;
        json.WriteString("received", Movement.Received.ToDecimal(Profile.Decimals));
        json.WriteString("sent", Movement.Sent.ToDecimal(Profile.Decimals));
        json.WriteString("net", Movement.Net.ToDecimal(Profile.Decimals));
        json.WriteNumber("attempt", Attempt ?? 1);
    }

    void WriteCause(Utf8JsonWriter json)
    {
        if (CauseTransaction is null && CauseBlock is null)
        {
            json.WriteNull("cause");
        }
        else
        {
            json.WriteStartObject("cause");
            WriteStringOrNull(json, "tx_hash", CauseTransaction?.ToString());
            WriteStringOrNull(json, "block_hash", CauseBlock?.Hash.ToString());
            if (CauseBlock is { } block) json.WriteNumber("block_height", block.Height);
            else json.WriteNull("block_height");
            json.WriteEndObject();
        }

        if (CauseTransaction is { } rival && Kind == EventKind.TransactionReplaced) json.WriteString("replaced_by", rival.ToString());
        if (PaysYou is { } paysYou) json.WriteBoolean("pays_you", paysYou);
    }

    void WriteRest(Utf8JsonWriter json)
    {
        if (Reason is not null) json.WriteString("reason", Reason);
        if (Detail is not null) json.WriteString("detail", Detail);
        if (Source is not null) json.WriteString("source", Source);
        if (CatchUp) json.WriteBoolean("catchup", true);
        if (PreviousBlock is { } below) json.WriteString("previous_block_hash", below.ToString());
        if (TransactionCount is { } count) json.WriteNumber("transaction_count", count);
        if (After is { } after) json.WriteNumber("after_seconds", Math.Round(after.TotalSeconds, 3));
        if (Balance is null) return;
        json.WriteStartObject("balance");
        json.WriteString("confirmed", Balance.Confirmed.ToDecimal(Profile.Decimals));
        json.WriteString("unconfirmed", Balance.Unconfirmed.ToDecimal(Profile.Decimals));
        json.WriteString("immature", Balance.Immature.ToDecimal(Profile.Decimals));
        json.WriteString("received", Balance.Received.ToDecimal(Profile.Decimals));
        json.WriteString("sent", Balance.Sent.ToDecimal(Profile.Decimals));
        json.WriteNumber("transactions", Balance.Transactions);
        json.WriteEndObject();
    }

    static void WriteStringOrNull(Utf8JsonWriter json, string name, string? value)
    {
        if (value is null) json.WriteNull(name);
        else json.WriteString(name, value);
    }
}
