using System.Buffers.Binary;
using System.Security.Cryptography;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.Nodes.Bitcoin.Readers.Hashing;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Nodes.Tests.Readers;

public sealed class HashingTests
{
    // Width one is what a processor without vectors does; it is forced here, as is eight on a processor that could do more.
    public static TheoryData<int> Widths =>
        [.. new[] { Sha256LaneWidth.One, Sha256LaneWidth.Eight, Sha256LaneWidth.ThirtyTwo }.Where(width => width <= Sha256Batch.Widest).Select(width => (int)width)];

    [Theory]
    [MemberData(nameof(Widths))]
    public void A_batch_of_messages_of_any_length_hashes_as_the_platform_does(int width) =>
        Prop.ForAll(ArbMap.Default.ArbFor<(ushort Length, bool Long, int Seed)[]>(), messages =>
        {
            var lengths = messages.Select(message => 8 + (message.Length % (message.Long ? 20_000 : 300)));
            CheckBatch((Sha256LaneWidth)width, [.. lengths.Zip(messages, (length, message) => Bytes(length, message.Seed))]);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [MemberData(nameof(Widths))]
    public void A_batch_hashes_messages_of_every_length_up_to_a_few_blocks(int width) =>
        CheckBatch((Sha256LaneWidth)width, [.. Enumerable.Range(8, 600).Select(length => Bytes(length, length))]);

    [Theory]
    [MemberData(nameof(Widths))]
    public void A_batch_that_is_larger_than_its_buffer_hashes_as_the_platform_does(int width) =>
        CheckBatch((Sha256LaneWidth)width, [.. Enumerable.Range(0, 3000).Select(i => Bytes(8 + (i * 7919 % 900) + (i % 97 == 0 ? i * 7 : 0), i))]);

    [Theory]
    [MemberData(nameof(Widths))]
    public void Pairs_hash_as_the_platform_does(int width)
    {
        foreach (var count in new[] { 1, 2, 7, 8, 9, 16, 17, 31, 32, 33, 64, 100 })
        {
            var source = Bytes(64 * count, count);
            var hashes = new byte[32 * count];
            Sha256Batch.DoubleHashPairs(source, hashes, (Sha256LaneWidth)width);
            for (var i = 0; i < count; i++)
            {
                hashes.AsSpan(32 * i, 32).ToArray().ShouldBe(SHA256.HashData(SHA256.HashData(source.AsSpan(64 * i, 64))), $"{width} lanes, {i} of {count}");
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(16)]
    [InlineData(33)]
    [InlineData(4864)]
    public void The_merkle_root_is_that_of_a_plain_computation(int count)
    {
        var ids = Enumerable.Range(0, count).Select(i => new TxHash(new Hash256(Bytes(32, i)))).ToArray();
        var wire = new byte[32 * count];
        for (var i = 0; i < count; i++) ids[i].Value.CopyToWire(wire.AsSpan(32 * i));
        var root = new byte[32];
        new MerkleTree().TryComputeRoot(wire, root).ShouldBeTrue();
        Hash256.FromWire(root).ShouldBe(TransactionWriter.MerkleRoot(ids));
    }

    [Fact]
    public void A_repeated_end_has_the_same_root_and_is_told_apart()
    {
        var ids = Bytes(32 * 3, 1);
        var tree = new MerkleTree();
        var (honest, forged) = (new byte[32], new byte[32]);
        tree.TryComputeRoot(ids, honest).ShouldBeTrue();
        tree.TryComputeRoot([.. ids, .. ids[64..]], forged).ShouldBeFalse();
        forged.ShouldBe(honest);
    }

    // The published test vectors: input byte i is i % 251.
    [Theory]
    [InlineData(0, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")]
    [InlineData(1, "2d3adedff11b61f14c886e35afa036736dcd87a74d27b5c1510225d0f592e213")]
    [InlineData(1024, "42214739f095a406f3fc83deb889744ac00df831c10daa55189b5d121c855af7")]
    [InlineData(1025, "d00278ae47eb27b34faecf67b4fe263f82d5412916c1ffd97c8cb7fb814b8444")]
    [InlineData(3073, "7124b49501012f81cc7f11ca069ec9226cecb8a2c850cfe644e327d22d3e1cd3")]
    public void Blake3_matches_its_vectors(int length, string expected)
    {
        var hash = new byte[32];
        Blake3.Hash(Enumerable.Range(0, length).Select(i => (byte)(i % 251)).ToArray(), hash);
        Convert.ToHexStringLower(hash).ShouldBe(expected);
    }

    static void CheckBatch(Sha256LaneWidth width, byte[][] messages)
    {
        var batch = new Sha256Batch(width);
        for (var round = 0; round < 2; round++)
        {
            var hashes = new byte[32 * messages.Length];
            batch.Clear();
            foreach (var message in messages)
            {
                var (head, tail) = (BinaryPrimitives.ReadUInt32LittleEndian(message), BinaryPrimitives.ReadUInt32LittleEndian(message.AsSpan(message.Length - 4)));
                batch.Add(head, message.AsSpan(4, message.Length - 8), tail, hashes);
            }

            batch.Flush(hashes);
            hashes.ShouldBe([.. messages.SelectMany(message => SHA256.HashData(SHA256.HashData(message)))]);
        }
    }

    static byte[] Bytes(int length, int seed)
    {
        var bytes = new byte[length];
        var state = ((uint)seed * 2) + 1;
        for (var i = 0; i < length; i++)
        {
            state = (state * 1664525) + 1013904223;
            bytes[i] = (byte)(state >> 24);
        }

        return bytes;
    }
}
