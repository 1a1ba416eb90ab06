using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Belfry.Load.Node;

/// <summary>A chain of real size: every block has the transactions of one real block behind a header of its own, so that ids and merkle root are right and the links fit.</summary>
sealed class BenchChain
{
    readonly List<byte[]> headers = [];
    readonly List<string> hashes = [];
    readonly Dictionary<string, int> heights = [];
    readonly byte[] restHex;
    readonly byte[] model;
    readonly Lock gate = new();

    /// <summary>A chain with its genesis block only.</summary>
    /// <param name="genesis">Its hash in display form.</param>
    /// <param name="block">The block whose transactions all have; null: no blocks can be added.</param>
    public BenchChain(string genesis, byte[]? block)
    {
        model = block?[..80] ?? [];
        restHex = block is null ? [] : Encoding.ASCII.GetBytes(Convert.ToHexStringLower(block.AsSpan(80)));
        headers.Add([]);
        hashes.Add(genesis);
        heights[genesis] = 0;
    }

    public int Height
    {
        get { lock (gate) return hashes.Count - 1; }
    }

    public void Extend(int count)
    {
        lock (gate)
        {
            for (var i = 0; i < count; i++)
            {
                var header = (byte[])model.Clone();
                var previous = Convert.FromHexString(hashes[^1]);
                Array.Reverse(previous);
                previous.CopyTo(header, 4);
                BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(68), (uint)(1_700_000_000 + (headers.Count * 600)));
                var hash = SHA256.HashData(SHA256.HashData(header));
                Array.Reverse(hash);
                headers.Add(header);
                hashes.Add(Convert.ToHexStringLower(hash));
                heights[hashes[^1]] = hashes.Count - 1;
            }
        }
    }

    public string HashAt(int height)
    {
        lock (gate) return height < hashes.Count ? hashes[height] : throw new RpcRefusal(-8, "Block height out of range");
    }

    /// <summary>What <c>getblockheader</c> tells.</summary>
    public string Describe(string hash)
    {
        lock (gate)
        {
            if (!heights.TryGetValue(hash, out var height)) throw new RpcRefusal(-5, "Block not found");
            var previous = height == 0 ? "" : $",\"previousblockhash\":\"{hashes[height - 1]}\"";
            return $$"""{"hash":"{{hash}}","confirmations":{{hashes.Count - height}},"height":{{height}},"time":{{1_700_000_000 + (height * 600)}},"chainwork":"{{2 * (height + 1):x64}}"{{previous}}}""";
        }
    }

    /// <summary>The block as a JSON string of hex.</summary>
    public byte[] Raw(string hash)
    {
        lock (gate)
        {
            if (!heights.TryGetValue(hash, out var height) || height == 0) throw new RpcRefusal(-5, "Block not found");
            return [(byte)'"', .. Encoding.ASCII.GetBytes(Convert.ToHexStringLower(headers[height])), .. restHex, (byte)'"'];
        }
    }
}
