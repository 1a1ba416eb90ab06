using System.Buffers;
using System.Text.Json;
using Belfry.Core.Journal;
using Belfry.Core.Tracking;
using Belfry.Server.Search;
using Belfry.Server.Watches;
using Belfry.Server.Wire;

namespace Belfry.Server.Endpoints;

/// <summary><c>/api/v1/search</c>.</summary>
static class SearchEndpoints
{
    const int LargestPage = 500;
    const int LongestQuery = 200;

    public static void Map(IEndpointRouteBuilder api) => api.MapGet("/search", SearchAsync)
        .WithSummary("Find a transaction, block, height, address or event: {\"query\":\"…\",\"found\":[…],\"events\":[envelope,…],\"next\":1042,\"more\":false}").WithTags("events");

    static async Task<IResult> SearchAsync(
        HttpContext context, JournalSearch search, AddressReader reader, LedgerViews views, IJournal journal, string? q, string? chain, long? after, int? limit, CancellationToken cancellationToken)
    {
        var text = q?.Trim() ?? "";
        if (text.Length is 0 or > LongestQuery) return Problems.BadRequest("q", text.Length == 0 ? "missing" : "too long", JournalSearch.Understood);
        if (limit is < 1 or > LargestPage) return Problems.BadRequest("limit", "out of range", $"1 to {LargestPage}");
        if (after is < 0 || after > await journal.ReadHeadAsync(cancellationToken)) return Problems.BadRequest("after", "out of range", "the value of 'next' of the page before");
        IReadOnlyList<FollowedChain> among = reader.Chains;
        if (chain is not null)
        {
            if (reader.FindChain(chain) is not { } only) return Problems.BadRequest("chain", reader.UnknownChain(chain));
            among = [only];
        }

        if (await search.FindAsync(text, context, among, after ?? 0, limit ?? 50, cancellationToken) is not { } result)
            return Problems.Unprocessable("q", $"'{AddressReader.Clean(text)}' is nothing that can be searched for", JournalSearch.Understood);
        var body = new ArrayBufferWriter<byte>(4096);
        await WriteAsync(body, text, result, context, views, cancellationToken);
        return TypedResults.Bytes(body.WrittenMemory, "application/json");
    }

    static async ValueTask WriteAsync(ArrayBufferWriter<byte> body, string text, SearchResult result, HttpContext context, LedgerViews views, CancellationToken cancellationToken)
    {
        await using var writer = new Utf8JsonWriter(body);
        writer.WriteStartObject();
        writer.WriteString("query"u8, text);
        writer.WriteStartArray("found"u8);
        foreach (var hit in result.Hits)
        {
            writer.WriteStartObject();
            writer.WriteString("kind"u8, hit.Kind);
            writer.WriteString("chain"u8, hit.Chain.Profile.Id.Value);
            if (hit.Transaction is { } id && await views.TransactionAsync(context, hit.Chain, id, cancellationToken) is { } transaction) Write(writer, "transaction", transaction, WireJson.Default.TransactionBody);
            else if (hit.Address is { } address) Write(writer, "address", await views.AddressAsync(context, address, cancellationToken), WireJson.Default.AddressBody);
            else if (hit.Block is var (block, inBestChain)) WriteBlock(writer, block, inBestChain);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("events"u8);
        foreach (var entry in result.Events)
        {
            var envelope = new ArrayBufferWriter<byte>(1024);
            EventEnvelope.Write(entry, envelope);
            writer.WriteRawValue(envelope.WrittenSpan, skipInputValidation: true);
        }

        writer.WriteEndArray();
        writer.WriteNumber("next"u8, result.Next);
        writer.WriteBoolean("more"u8, result.More);
        writer.WriteEndObject();
    }

    static void Write<T>(Utf8JsonWriter writer, string name, T value, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        writer.WritePropertyName(name);
        JsonSerializer.Serialize(writer, value, type);
    }

    static void WriteBlock(Utf8JsonWriter writer, Core.Chains.BlockRef block, bool inBestChain)
    {
        writer.WriteStartObject("block"u8);
        writer.WriteNumber("height"u8, block.Height);
        writer.WriteString("hash"u8, block.Hash.ToString());
        writer.WriteBoolean("in_best_chain"u8, inBestChain);
        writer.WriteEndObject();
    }
}
