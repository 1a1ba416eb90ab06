using System.Text;
using Belfry.Nodes.Bitcoin.Encodings;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Nodes.Tests.Encodings;

public sealed class Ripemd160Tests
{
    // The vectors of the authors' paper and page.
    [Theory]
    [InlineData("", "9c1185a5c5e9fc54612808977ee8f548b2258d31")]
    [InlineData("a", "0bdc9d2d256b3ee9daae347be6f4dc835a467ffe")]
    [InlineData("abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc")]
    [InlineData("message digest", "5d0689ef49d2fae572b881b123a85ffa21595f36")]
    [InlineData("abcdefghijklmnopqrstuvwxyz", "f71c27109c692c1b56bbdceb5b9d2865b3708dbc")]
    [InlineData("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "12a053384a9c0c88e405a06c27dcf49ada62eb2b")]
    [InlineData("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "b0e20b6e3116640286ed3a87a5713079b21f5189")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345678901234567890", "9b752e45573d4b39f4dbd3323cab82bf63326bfb")]
    public void Published_vectors_hold(string message, string expected) => Hash(Encoding.ASCII.GetBytes(message)).ShouldBe(expected);

    [Fact]
    public void A_million_times_a_holds() => Hash(Enumerable.Repeat((byte)'a', 1_000_000).ToArray()).ShouldBe("52783243c1697bdbe16d37f97f68f08325dc1528");

    [Fact]
    public void Any_difference_in_length_around_a_block_changes_the_hash() =>
        Enumerable.Range(0, 200).Select(length => Hash(new byte[length])).Distinct().Count().ShouldBe(200);

    [Fact]
    public void Too_little_room_is_misuse() => Should.Throw<ArgumentException>(() => Ripemd160.Hash([], new byte[19]));

    [Fact]
    public void It_is_a_function_of_the_bytes_alone() =>
        Prop.ForAll<byte[]>(data => Hash(data) == Hash([.. data])).QuickCheckThrowOnFailure();

    static string Hash(byte[] data)
    {
        var hash = new byte[Ripemd160.Size];
        Ripemd160.Hash(data, hash);
        return Convert.ToHexStringLower(hash);
    }
}
