using System.Text.Json;
using Belfry.Core.Watches;
using Belfry.Server.Wire;

namespace Belfry.Server.Watches;

/// <summary>Watches as JSON, for one and for bulk.</summary>
static class WatchBodies
{
    const int LongestLabel = 200;
    // The last six are the server's own: what it listed can be handed to it again as it is.
    static readonly string[] Fields = ["chain", "address", "from_height", "label", "id", "script", "seq", "active", "created_at", "created"];

    /// <summary>Reads <c>{"chain":"btc","address":"…","from_height":0,"label":"…"}</c>.</summary>
    public static Reading<WatchRequest> Read(ReadOnlyMemory<byte> json, AddressReader reader)
    {
        var (document, fault) = Bodies.ReadObject(json, Fields);
        if (document is null) return new Reading<WatchRequest>(null, fault);
        using (document) return Read(document.RootElement, reader);
    }

    public static WatchBody Write(Watch watch, long sequence, bool created) => new(
        watch.Id, watch.Chain.Value, watch.Address, watch.Script.ToString(), sequence, watch.Label, watch.FromHeight, watch.Active, watch.CreatedAt, created);

    static Reading<WatchRequest> Read(JsonElement body, AddressReader reader)
    {
        if (!Bodies.TryString(body, "chain", out var chainName) || chainName is null) return Refuse("chain", "missing or not text", "the id of a followed chain, for instance \"btc\"");
        if (!Bodies.TryString(body, "address", out var text) || text is null) return Refuse("address", "missing or not text", "an address of the chain, or script:<hex>");
        if (!Bodies.TryString(body, "label", out var label) || label?.Length > LongestLabel) return Refuse("label", "not text, or too long", $"text of at most {LongestLabel} characters");
        if (!Bodies.TryHeight(body, "from_height", out var height)) return Refuse("from_height", "not a block height", "a whole number from 0, or null for 'from now on'");
        if (reader.FindChain(chainName) is not { } chain) return Refuse("chain", reader.UnknownChain(chainName), null);
        var reading = chain.Codec.Read(text);
        return reading.IsValid
            ? new Reading<WatchRequest>(new WatchRequest(chain, reading.Script!, reading.Canonical!, text, label, height), null)
            : Refuse("address", reading.Error!, $"an address of {chain.Profile.Id} {chain.Profile.Network}");
    }

    static Reading<WatchRequest> Refuse(string where, string problem, string? expected) => new(null, new FaultBody(where, problem, expected, null));
}
