using System.Globalization;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Belfry.Client;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Journal.Filters;
using Belfry.Nodes.Bitcoin.Zmq;
using Belfry.Server.Watches;
using Belfry.Server.Wire;

namespace Belfry.Fuzz.Targets;

/// <summary>Small texts that name a place or a sum: cursors, hashes, amounts, numbers, endpoints, chain ids.</summary>
sealed class CursorTarget : FuzzTarget
{
    readonly AddressReader reader = new(new KnownChains());

    public override IReadOnlyList<byte[]> Seeds =>
    [
        [0, .. Utf8("1042,\"epoch\":\"00ff\"")], [1, .. Utf8(new string('a', 64))], [2, .. Utf8("-0.00100000")], [3, .. Utf8("0.5 340282366920938463463374607431768211456.25")], [4, .. Utf8("tcp://127.0.0.1:28332")],
        [4, .. Utf8("tcp://[::1]:28332")], [5, .. Utf8("btc")], [6, .. Utf8("new_payment")], [3, .. Utf8("0xff 255")], [2, .. Utf8("21000000.00000001")],
    ];

    public override IReadOnlyList<byte[]> Dictionary { get; } = Words("after", "\"epoch\":", "null", "-1", "0x", ".", "-", "+", "tcp://", "[::1]", ":65535", "9223372036854775807", "1e9", "\\ud800", "0000000000000000000000000000");

    public override IReadOnlyList<string> Scope => ["Belfry.Core.Chains.Hash256", "Belfry.Core.Chains.Amount", "Belfry.Core.Chains.ChainId", "Belfry.Core.Journal.EventKinds", "Belfry.Core.Journal.Filters.ExactNumber",
        "Belfry.Core.Runtime.Spelling", "Belfry.Nodes.Bitcoin.Zmq.ZmqEndpoint", "Belfry.Client.Amounts"];

    public override bool Run(byte[] input)
    {
        if (input.Length == 0) return false;
        var text = Encoding.UTF8.GetString(input.AsSpan(1));
        return (input[0] % 7) switch
        {
            0 => ReadPosition(text),
            1 => !Hash256.TryParse(text, out var hash) ? false : Holds(string.Equals(hash.ToString(), text.StartsWith("0x", StringComparison.Ordinal) ? text[2..] : text, StringComparison.OrdinalIgnoreCase) && Hash256.Parse(hash.ToString()) == hash, "a hash is written as it was read"),
            2 => ReadAmount(text),
            3 => CompareNumbers(text),
            4 => !ZmqEndpoint.TryParse(text, out var endpoint) ? false : Holds(ZmqEndpoint.TryParse(endpoint.ToString(), out var again) && again == endpoint, "an endpoint is written as it was read"),
            5 => !ChainId.IsValid(text) ? false : Holds(new ChainId(text).Value == text && reader.UnknownChain(text).Length > 0, "a chain id keeps its text"),
            _ => ReadKind(text),
        };
    }

    bool ReadPosition(string text)
    {
        try
        {
            using var document = JsonDocument.Parse($"{{\"after\":{text}}}");
            var message = SubscribeMessage.Read(document.RootElement, reader, out var error);
            if (message is null) ExpectReadable(error);
            else Expect(message.After is null or >= 0, "a position is never negative");
            return message is not null;
        }
        catch (Exception problem) when (EventMessages.IsNoJson(problem))
        {
            return false;
        }
    }

    static bool ReadAmount(string text)
    {
        var read = Amount.TryParse(text, 8, out var amount);
        try
        {
            var client = Amounts.ToBaseUnits(text, 8);
            if (text.Length <= 100) Expect(read && client == amount.Units, "server and client read the same amount");
        }
        catch (FormatException)
        {
            Expect(!read, "what the server reads, the client reads");
        }

        if (!read) return false;
        Expect(Amount.TryParse(amount.ToDecimal(8), 8, out var shortest) && shortest == amount && Amount.TryParse(amount.ToFullDecimal(8), 8, out var full) && full == amount, "an amount is written as it was read");
        return Holds(Amounts.FromBaseUnits(amount.Units, 8) == amount.ToDecimal(8), "server and client write the same amount");
    }

    // Two numbers by the filter language, and by what the framework thinks of them.
    static bool CompareNumbers(string text)
    {
        var parts = text.Split(' ');
        if (parts.Length != 2 || !TryScale(parts[0], out var left) || !TryScale(parts[1], out var right)) return false;
        foreach (var (sign, holds) in new[] { (">", left > right), ("<", left < right), ("==", left == right), (">=", left >= right), ("!=", left != right) })
        {
            var filter = EventFilter.Parse($"{{\"amount\":\"{sign} {parts[1]}\"}}").Filter;
            Expect(filter is not null, "a number is a condition");
            Expect(filter!.Matches(Utf8($"{{\"amount\":\"{parts[0]}\"}}")) == holds, $"{parts[0]} {sign} {parts[1]} is {holds}");
        }

        return true;
    }

    static bool TryScale(string text, out BigInteger scaled)
    {
        scaled = default;
        if (text.Length is 0 or > 60 || !text.All(letter => char.IsAsciiDigit(letter) || letter is '.' or '-') || text.LastIndexOf('-') > 0) return false;
        var dot = text.IndexOf('.');
        var fraction = dot < 0 ? 0 : text.Length - 1 - dot;
        if (dot >= 0 && (fraction == 0 || text.LastIndexOf('.') != dot || dot == 0 || text[dot - 1] == '-')) return false;
        if (!BigInteger.TryParse(text.Replace(".", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var digits)) return false;
        scaled = digits * BigInteger.Pow(10, 60 - fraction);
        return true;
    }

    static bool ReadKind(string text)
    {
        var meant = Core.Runtime.Spelling.Closest(text, EventKinds.All);
        Expect(meant is null || EventKinds.All.Contains(meant), "what is proposed exists");
        return EventKinds.TryParse(text, out var kind) && Holds(kind.Name() == text, "a kind keeps its name");
    }

    static bool Holds(bool property, string what)
    {
        Expect(property, what);
        return true;
    }
}
