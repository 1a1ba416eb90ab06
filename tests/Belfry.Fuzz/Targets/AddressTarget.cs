using System.Text;
using System.Text.Json;
using Belfry.Nodes.Bitcoin.Decoding;
using Belfry.Nodes.Bitcoin.Encodings;

namespace Belfry.Fuzz.Targets;

/// <summary>Address texts on every network: read, written, read again.</summary>
sealed class AddressTarget : FuzzTarget
{
    static readonly BitcoinAddressCodec[] Codecs = [.. BitcoinNetworks.All.Select(network => new BitcoinAddressCodec(network))];

    public override IReadOnlyList<byte[]> Seeds
    {
        get
        {
            byte[][] scripts =
            [
                [0x76, 0xa9, 20, .. new byte[20], 0x88, 0xac], [0xa9, 20, .. new byte[20], 0x87], [0, 20, .. new byte[20]], [0, 32, .. new byte[32]], [0x51, 32, .. new byte[32]], [0x52, 2, 1, 2],
                [0x51, 2, 0x4e, 0x73], [0xaa, 32, .. new byte[32], 0x87], [0x6a, 1, 1],
            ];
            var spelled = Codecs.SelectMany((codec, place) => scripts.Select(script => (byte[])[(byte)place, .. Utf8(codec.WriteCanonical(script))]));
            return
            [
                .. spelled, [0, .. Utf8("02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5")], [0, .. Utf8("BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4")],
                [0, .. Utf8("bitcoin:1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2?amount=1")], [0, .. Utf8("5KJvsngHeMpm884wtkJNzQGaCErckhHJBGFsvd3VyK5qMZXj3hS")],
                [0, .. Utf8("xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8")],
                [0xa0, 0, .. new byte[20]], [0xa0, 0x80, .. new byte[33]], [0xc0, 0, 0, .. new byte[32]], [0xc0, 128, 1, .. new byte[52]], [0xe0, 0, .. new byte[20]], [0xe9, 11, .. new byte[32]],
                [0, .. Utf8("0x52908400098527886E0F7030069857D2E4169EE7")], [0, .. Utf8("TJRabPrwbZy45sbavfcjinPJC18kjpRTv8")],
            ];
        }
    }

    public override IReadOnlyList<byte[]> Dictionary { get; } = Words(
        "bc1", "tb1", "bcrt1", "ltc1", "tltc1", "rltc1", "ltcmweb1", "bitcoincash:", "bchtest:", "bchreg:", "script:", "SCRIPT:", "BC1", "bitcoin:", "xpub", "0x", "1", "q", "p", "ecash:", "simpleledger:", "\u00df", "\u2028");

    public override IReadOnlyList<string> Scope => ["Belfry.Nodes.Bitcoin.Encodings", "Belfry.Nodes.Bitcoin.Decoding.AddressDecoding"];

    public override bool Run(byte[] input)
    {
        if (input.Length == 0) return false;
        var codec = Codecs[(input[0] & 31) % Codecs.Length];
        var text = Spell(input, codec.Network);
        var allocation = Allocation.Start();
        var reading = codec.Read(text);
        allocation.Check(input.Length);
        CheckSaid(text, codec);
        if (!reading.IsValid)
        {
            ExpectReadable(reading.Error);
            return false;
        }

        Expect(reading.Error is null && !string.IsNullOrEmpty(reading.Type), "a valid address has a type and no error");
        var again = codec.Read(reading.Canonical!);
        Expect(again.IsValid && again.Script!.Equals(reading.Script) && again.Canonical == reading.Canonical && again.Type == reading.Type, "the canonical spelling means the same and is canonical");
        Expect(codec.WriteCanonical(reading.Script!.Span) == reading.Canonical, "the script is written as the canonical spelling");
        Span<byte> room = new byte[Math.Max(80, text.Length)];
        Expect(codec.TryRead(text, room, out var length, out _, out _) && room[..length].SequenceEqual(reading.Script.Span), "both ways of reading find the same script");
        return true;
    }

    // Most inputs are the text itself; of the others the bytes are what a text with a good checksum holds, which no mutation would ever hit upon.
    static string Spell(byte[] input, BitcoinNetwork network)
    {
        var data = input.AsSpan(1);
        var first = data.Length == 0 ? (byte)0 : data[0];
        var rest = data.Length == 0 ? data : data[1..Math.Min(data.Length, 66)];
        var foreign = BitcoinNetworks.All[first % BitcoinNetworks.All.Length];
        return (input[0] >> 5) switch
        {
            5 => Base58Check.Encode(first, rest),
            6 => Bech32.Encode((foreign.SegwitPrefixes is [var other, ..] ? other : network.SegwitPrefixes is [var own, ..] ? own : "bc"), Fives(rest), first < 128 ? Bech32Variant.Bech32 : Bech32Variant.Bech32m),
            7 => $"{foreign.CashAddrPrefix ?? "bitcoincash"}:{CashAddrText(foreign.CashAddrPrefix ?? "bitcoincash", first, rest)}",
            _ => Encoding.UTF8.GetString(data),
        };
    }

    static string CashAddrText(string prefix, byte version, ReadOnlySpan<byte> hash)
    {
        var text = CashAddr.Encode(prefix, version, hash);
        return text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..];
    }

    static byte[] Fives(ReadOnlySpan<byte> bytes)
    {
        var values = bytes.ToArray();
        foreach (ref var value in values.AsSpan()) value &= 31;
        return values;
    }

    // What the command line says of it: one JSON object, whatever the text is.
    static void CheckSaid(string text, BitcoinAddressCodec codec)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer)) AddressDecoding.Write(writer, text, codec.Network.Chain, codec.Network.Name);
        using var said = JsonDocument.Parse(buffer.ToArray());
        Expect(said.RootElement.GetProperty("ok").GetBoolean() == codec.Read(text).IsValid, "the command line and the codec agree");
    }
}
