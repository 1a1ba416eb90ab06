using System.Text.Json;
using Belfry.Server.Watches;
using Belfry.Server.Wire;

namespace Belfry.Fuzz.Targets;

/// <summary>What clients say: messages on the socket, and watches over REST.</summary>
sealed class MessageTarget : FuzzTarget
{
    readonly AddressReader reader = new(new KnownChains());

    public override IReadOnlyList<byte[]> Seeds => Words(
        """{"type":"subscribe","id":7,"events":["new_transaction","new_payment"],"currencies":["BTC","ltc"],"addresses":["1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"],"filter":{"amount":">=0.5 && <10"},"after":12,"epoch":"00112233"}""",
        """{"type":"subscribe","events":[],"currency":"BCH","addresses":["bitcoincash:qpm2qsznhks23z7629mms6s7cwef74vcwvy22gdx6a","btc:bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",7]}""",
        """{"type":"add_addresses","chain":"doge","addresses":[]}""", """{"chain":"btc","address":"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4","from_height":5,"label":"x"}""",
        """{"chain":"ltc","address":"script:0014","from_height":null,"label":null}""", """{"from_height":7}""", """{"type":"ping","id":"a"}""");

    public override IReadOnlyList<byte[]> Dictionary { get; } = Words(
        "\"type\":", "\"events\":", "\"currencies\":", "\"addresses\":", "\"filter\":", "\"after\":", "\"epoch\":", "\"id\":", "\"chain\":", "\"address\":", "\"from_height\":", "\"label\":", "null", "true", "[]", "{}",
        "\\ud800", "\\udc00", "\\u0000", "1e400", "-1", "9223372036854775808", "\"new_payment\"", "\"BTC\"", "btc:", "[[[[[[[[[[[[[[[[[", ",", ":", "\u202e", "\\u0061");

    public override IReadOnlyList<string> Scope => ["Belfry.Server.Wire.SubscribeMessage", "Belfry.Server.Wire.Bodies", "Belfry.Server.Watches.AddressReader", "Belfry.Server.Watches.WatchBodies"];

    public override bool Run(byte[] input)
    {
        var allocation = Allocation.Start();
        var accepted = ReadSocketMessage(input);
        var (watch, fault) = WatchBodies.Read(input, reader);
        // Each address is asked of four chains.
        allocation.Check(input.Length * 4);
        Expect((watch is null) == (fault is not null), "a watch or a fault");
        if (fault is not null)
        {
            ExpectReadable(fault.Where);
            ExpectReadable(fault.Problem);
            if (fault.Expected is not null) ExpectReadable(fault.Expected);
        }

        return accepted || watch is not null;
    }

    bool ReadSocketMessage(byte[] input)
    {
        try
        {
            using var document = JsonDocument.Parse(input, new JsonDocumentOptions { MaxDepth = 16 });
            if (document.RootElement.ValueKind != JsonValueKind.Object) return false;
            var message = SubscribeMessage.Read(document.RootElement, reader, out var error);
            Expect((message is null) == (error is not null), "a message or an error");
            if (error is not null) ExpectReadable(error);
            if (message?.Addresses is { } addresses) foreach (var address in addresses.EnumerateArray()) ReadAddress(address);
            return message is not null;
        }
        catch (Exception problem) when (EventMessages.IsNoJson(problem))
        {
            return false;
        }
    }

    void ReadAddress(JsonElement address)
    {
        var found = reader.Read(address.ValueKind == JsonValueKind.String ? address.GetString()! : address.GetRawText(), reader.Chains, out var error);
        Expect((found.Count == 0) == (error is not null), "an address or an error");
        if (error is not null) ExpectReadable(error);
    }
}
