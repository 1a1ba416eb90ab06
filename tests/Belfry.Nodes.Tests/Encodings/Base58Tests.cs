using System.Buffers;
using System.Text.Json;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.TestKit;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Nodes.Tests.Encodings;

public sealed class Base58Tests
{
    [Fact]
    public void Bitcoin_Core_vectors_hold_both_ways()
    {
        using var vectors = JsonDocument.Parse(File.ReadAllBytes(SharedData.Path("btc/core-json/base58_encode_decode.json")));
        var count = 0;
        foreach (var vector in vectors.RootElement.EnumerateArray())
        {
            var data = Convert.FromHexString(vector[0].GetString()!);
            var text = vector[1].GetString()!;
            Base58.Encode(data).ShouldBe(text);
            Decode(text).ShouldBe(data);
            count++;
        }

        count.ShouldBe(21);
    }

    [Fact]
    public void Any_bytes_come_back() =>
        Prop.ForAll<byte[]>(data => Decode(Base58.Encode(data)).AsSpan().SequenceEqual(data)).QuickCheckThrowOnFailure();

    [Fact]
    public void Leading_zeros_are_ones() => Base58.Encode([0, 0, 0, 1]).ShouldBe("1112");

    [Theory]
    [InlineData("0")]
    [InlineData("2g ")]
    [InlineData("O")]
    [InlineData("I")]
    [InlineData("l")]
    [InlineData("é")]
    public void A_foreign_character_is_refused(string text)
    {
        Base58.Decode(text, new byte[64], out _).ShouldBe(OperationStatus.InvalidData);
        Base58.IndexOfForeign(text).ShouldBeGreaterThanOrEqualTo(0);
    }

    [Fact]
    public void Length_is_bounded_both_ways()
    {
        Base58.Decode(new string('z', Base58.MaxTextLength + 1), new byte[2000], out _).ShouldBe(OperationStatus.InvalidData);
        Base58.Decode(new string('z', Base58.MaxTextLength), new byte[2000], out var written).ShouldBe(OperationStatus.Done);
        written.ShouldBe(528); // 720 log 58 / log 256 = 527.2
        Base58.Decode("zzzzz", new byte[3], out _).ShouldBe(OperationStatus.DestinationTooSmall);
        Should.Throw<ArgumentException>(() => Base58.Encode(new byte[Base58.MaxDataLength + 1]));
    }

    [Fact]
    public void The_checksum_finds_a_wrong_character_and_tells_faults_apart()
    {
        var buffer = new byte[64];
        Base58Check.Decode("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", buffer, out var length).ShouldBe(Base58Fault.None);
        length.ShouldBe(21);
        Base58Check.Decode("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN3", buffer, out _).ShouldBe(Base58Fault.Checksum);
        Base58Check.Decode("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN0", buffer, out _).ShouldBe(Base58Fault.BadCharacter);
        Base58Check.Decode("1111", buffer, out _).ShouldBe(Base58Fault.TooShort);
        Base58Check.Decode(new string('z', 300), buffer, out _).ShouldBe(Base58Fault.TooLong);
    }

    static byte[] Decode(string text)
    {
        var buffer = new byte[600];
        Base58.Decode(text, buffer, out var written).ShouldBe(OperationStatus.Done);
        return buffer[..written];
    }
}
