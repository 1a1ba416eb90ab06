using System.Text.Json;
using Belfry.Nodes.Bitcoin.Decoding;
using Belfry.Nodes.Bitcoin.Encodings;

namespace Belfry.Fuzz.Targets;

/// <summary>Locking scripts as templates and addresses, and what inputs claim to spend.</summary>
sealed class ScriptTarget : FuzzTarget
{
    static readonly BitcoinAddressCodec[] Codecs = [.. BitcoinNetworks.All.Select(network => new BitcoinAddressCodec(network))];

    public override IReadOnlyList<byte[]> Seeds =>
    [
        [0, 0x76, 0xa9, 20, .. new byte[20], 0x88, 0xac], [1, 0xa9, 20, .. new byte[20], 0x87], [2, 0, 20, .. new byte[20]],
        [0, 0, 32, .. new byte[32]], [5, 0x51, 32, .. new byte[32]], [0, 0x51, 2, 0x4e, 0x73], [9, 0xaa, 32, .. new byte[32], 0x87], [0, 0x6a, 4, 1, 2, 3, 4],
        [0, 33, 2, .. Convert.FromHexString("c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"), 0xac],
        [0, 0x51, 33, 2, .. Convert.FromHexString("c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"), 0x51, 0xae],
        [0, 0x48, 0x30, 0x45, 2, 0x21, 0, .. Convert.FromHexString("c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5"), 2, 32, .. new byte[31], 1, 1, 33, 2, .. Convert.FromHexString("c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5")],
        [0, 0xff, 22, 0, 20, .. new byte[20], 0xff, 2, 3, 1, 2, 3, 33, 2, .. new byte[32]],
    ];

    public override IReadOnlyList<byte[]> Dictionary { get; } = [[0x76, 0xa9, 0x14], [0x88, 0xac], [0xa9, 0x14], [0x87], [0x00, 0x14], [0x00, 0x20], [0x51, 0x20], [0xae], [0x6a], [0x4c], [0x4d], [0x4e], [0x30, 0x44, 2, 32]];

    public override IReadOnlyList<string> Scope => ["Belfry.Nodes.Bitcoin.Encodings.Script", "Belfry.Nodes.Bitcoin.Encodings.Multisig", "Belfry.Nodes.Bitcoin.Encodings.Signature",
        "Belfry.Nodes.Bitcoin.Encodings.PublicKey", "Belfry.Nodes.Bitcoin.Decoding.ScriptDecoding"];

    public override bool Run(byte[] input)
    {
        if (input.Length < 2) return false;
        var codec = Codecs[input[0] % Codecs.Length];
        var script = input.AsSpan(1);
        var allocation = Allocation.Start();
        var template = ScriptTemplate.Match(script, codec.Network.Rules);
        var address = codec.Write(script);
        allocation.Check(input.Length);
        Expect(template.Name.Length > 0, "every script has a type");
        var canonical = codec.WriteCanonical(script);
        var reading = codec.Read(canonical);
        Expect(reading.IsValid && reading.Script!.Span.SequenceEqual(script), "the canonical spelling of a script reads as this script");
        Expect(reading.Canonical == canonical && reading.Type == template.Name, "it is canonical, and of the same type");
        Infer(script, codec.Network.Rules);
        CheckSaid(script, codec, address);
        return address is not null;
    }

    // scriptSig and witness divided by a byte; the witness may be any bytes: malformed ones tell nothing and never throw.
    static void Infer(ReadOnlySpan<byte> bytes, ScriptRules rules)
    {
        var divide = bytes.LastIndexOf((byte)0xff);
        var signature = divide < 0 ? bytes : bytes[..divide];
        var witness = divide < 0 ? default : bytes[(divide + 1)..];
        var first = ScriptInference.FromInput(signature, witness, rules);
        Expect(Equals(first, ScriptInference.FromInput(signature, witness, rules)), "the same input claims the same script");
        if (first is not null) Expect(ScriptTemplate.Match(first.Span, rules).Type != ScriptType.Nonstandard, "what is claimed is a template");
    }

    static void CheckSaid(ReadOnlySpan<byte> script, BitcoinAddressCodec codec, string? address)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer)) ScriptDecoding.Write(writer, Convert.ToHexString(script), codec.Network.Chain, codec.Network.Name);
        using var said = JsonDocument.Parse(buffer.ToArray());
        Expect(said.RootElement.GetProperty("ok").GetBoolean() && said.RootElement.GetProperty("address").GetString() == address, "the command line and the codec agree");
    }
}
