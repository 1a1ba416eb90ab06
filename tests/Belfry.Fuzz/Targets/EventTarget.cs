using System.Buffers;
using System.Text;
using System.Text.Json;
using Belfry.Client;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Nodes.Bitcoin.Encodings;

namespace Belfry.Fuzz.Targets;

/// <summary>Events as the server writes them, whatever stands in their texts, and as a client reads what a server sends.</summary>
sealed class EventTarget : FuzzTarget
{
    static readonly ChainProfile Profile = BitcoinNetworks.Find(new ChainId("btc"), "main").Profile;

    public override IReadOnlyList<byte[]> Seeds =>
    [
        [0, .. Utf8("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4|reason|detail")], [1, .. Utf8("\"\\\n\u2028<script>|a|b")],
        .. Words(
            "\u0002" + """{"type":"event","id":"x","seq":7,"data":{"event":"new_payment","tx_hash":"aa","currency":"BTC","amount":"0.1","confirmations":1,"block_height":2,"timestamp":3,"cause":{"tx_hash":null}},"timestamp":1640995200.123}""",
            "\u0002" + """{"type":"error","code":112,"message":"m","temporary":false,"epoch":"e"}""", "\u0002" + """{"error":"Unknown message type: x"}""", "\u0002" + """{"reason":"slow","seq":7}"""),
    ];

    public override IReadOnlyList<byte[]> Dictionary { get; } = Words(
        "\"type\":", "\"seq\":", "\"data\":", "\"event\":", "\"error\":", "\"code\":", "\"message\":", "\"timestamp\":", "null", "1e400", "\\ud800", "|", "\u202e", "[[[[", "{\"a\":", "9223372036854775808");

    public override IReadOnlyList<string> Scope => ["Belfry.Core.Journal.EventData", "Belfry.Core.Journal.EventEnvelope", "Belfry.Client.BelfryEvent"];

    public override bool Run(byte[] input)
    {
        if (input.Length == 0) return false;
        return input[0] % 3 == 2 ? ReadAsClient(input[1..]) : WriteAndRead(input[0], Encoding.UTF8.GetString(input.AsSpan(1)).Split('|'));
    }

    static bool WriteAndRead(byte shape, string[] texts)
    {
        string Text(int place) => texts[place % texts.Length];
        var number = texts[0].Length * 7L;
        var data = new EventData
        {
            Kind = (EventKind)(1 + texts[0].Length % 12),
            Profile = Profile,
            From = Text(0),
            To = Text(1),
            Address = Text(2),
            Amount = number,
            Fee = -number,
            Reason = Text(3),
            Detail = Text(4),
            Source = Text(5),
            Block = (shape & 4) == 0 ? null : new BlockRef(number, default),
            State = TxState.Seen,
            CauseTransaction = (shape & 8) == 0 ? null : default(TxHash),
            PaysYou = (shape & 8) == 0 ? null : true,
            Timestamp = DateTimeOffset.UnixEpoch.AddSeconds(number),
        };
        var written = data.ToJson();
        var entry = new JournalEntry(number, Profile.Id, new PendingEvent(Text(0), data.Kind, null, Text(2), null, null, written, data.Timestamp));
        var envelope = new ArrayBufferWriter<byte>();
        EventEnvelope.Write(entry, envelope);
        var read = JsonSerializer.Deserialize(envelope.WrittenSpan, WireJson.Default.BelfryEvent)!;
        Expect(read.Data.FromAddress == Clean(Text(0)) && read.Data.ToAddress == Clean(Text(1)) && read.Data.Address == Clean(Text(2)), "a client reads the addresses that the server wrote");
        Expect(read.Sequence == number && read.Data.Event == data.Kind.Name() && read.Id == Clean(Text(0)), "a client reads the kind and the place that the server wrote");
        Expect(envelope.WrittenSpan.IndexOfAny((byte)'\n', (byte)'\r') < 0, "an event is one line");
        return true;
    }

    // Half a surrogate pair cannot be written: it becomes the replacement character.
    static string Clean(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));

    // What a server says steers the client: nothing but "that is no JSON" may come of it.
    static bool ReadAsClient(byte[] message)
    {
        try
        {
            JsonSerializer.Deserialize(message, WireJson.Default.ServerMessage);
            JsonSerializer.Deserialize(message, WireJson.Default.BelfryEvent);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
