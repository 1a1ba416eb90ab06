using System.Text;
using System.Text.Json;
using Belfry.Core.Journal.Filters;

namespace Belfry.Fuzz.Targets;

/// <summary>Filters and events: <c>filter NUL event</c>.</summary>
sealed class FilterTarget : FuzzTarget
{
    static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    static readonly byte[] Event = Utf8(
        """{"event":"new_payment","tx_hash":"AAbb","currency":"BTC","from_address":null,"to_address":"bc1q","amount":"0.50000001","confirmations":3,"contract":null,"block_height":101,"timestamp":1640995200,"address":"bc1q","direction":"in","state":"confirmed","cause":{"tx_hash":"cc","block_hash":null,"block_height":7},"pays_you":false,"balance":{"confirmed":"1.5","transactions":3},"args":{"value":"340282366920938463463374607431768211456","list":[1,2]}}""");

    public override IReadOnlyList<byte[]> Seeds =>
    [
        .. Words(
            """{"amount":">=0.5 && <10"}""", """{"currency":"btc","event":["new_payment","!='x'"]}""", """{"amount":"(>1 || <=0.50000001) && != 7","balance.confirmed":1.5,"cause.block_height":">=0x7"}""",
            """{"pays_you":false,"args.value":">340282366920938463463374607431768211455","from_address":null}""", """{"tx_hash":"== 'aabb'"}""", """{"confirmations":"confirmations >= 3"}""")
            .SelectMany(filter => (byte[][])[filter, [.. filter, 0, .. Event]]),
    ];

    public override IReadOnlyList<byte[]> Dictionary { get; } = Words(
        "&&", "||", ">=", "<=", "==", "!=", "(", ")", "'", "\\\"", "0x", "amount", "currency", "balance.confirmed", "args.", "transaction_information.", "cause.tx_hash", "null", "true", "[", "]", "\\ud800", "\\u0041", "-", "+", ".", "1e5",
        "340282366920938463463374607431768211456", "0.00000000000000000000000000001");

    public override IReadOnlyList<string> Scope => ["Belfry.Core.Journal.Filters"];

    public override bool Run(byte[] input)
    {
        var divide = Array.IndexOf(input, (byte)0);
        var text = Encoding.UTF8.GetString(divide < 0 ? input : input.AsSpan(0, divide));
        var allocation = Allocation.Start();
        var (filter, fault) = EventFilter.Parse(text);
        allocation.Check(text.Length * 2);
        Expect((filter is null) == (fault is not null), "a filter or a fault");
        if (filter is null)
        {
            ExpectReadable(fault!.Message);
            return false;
        }

        Expect(EventFilter.Parse(text).Filter!.Equals(filter), "equal texts are equal filters");
        if (!TryReadEvent(divide < 0 ? Event : input[(divide + 1)..], out var data, out var rewritten)) return true;
        var matches = filter.Matches(data);
        Expect(filter.Matches(rewritten) == matches, "how an event's text is escaped does not matter");
        CheckFieldByField(text, data, matches);
        return true;
    }

    // A filter of several fields is the conjunction of filters of one field each.
    static void CheckFieldByField(string text, byte[] data, bool matches)
    {
        using var document = JsonDocument.Parse(text);
        var each = document.RootElement.EnumerateObject().Select(field => EventFilter.Parse($"{{{JsonSerializer.Serialize(field.Name)}:{field.Value.GetRawText()}}}").Filter!).ToList();
        Expect(each.TrueForAll(single => single.Matches(data)) == matches, "all fields hold exactly when each of them does");
    }

    // An event as Belfry writes them: one valid object, no field twice.
    static bool TryReadEvent(byte[] bytes, out byte[] data, out byte[] rewritten)
    {
        (data, rewritten) = (bytes, []);
        try
        {
            using var document = JsonDocument.Parse(bytes, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object) return false;
            rewritten = JsonSerializer.SerializeToUtf8Bytes(document.RootElement, Relaxed);
            // Text that is none (half a surrogate pair) has no second spelling.
            return !Encoding.UTF8.GetString(rewritten).Contains('\ufffd') && Encoding.UTF8.GetString(bytes) is var text && !text.Contains('\ufffd');
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            return false;
        }
    }
}
