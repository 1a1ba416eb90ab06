namespace Belfry.Nodes.Tests.Encodings;

/// <summary>Walks a raw Bitcoin block the plain way, sharing no code with the readers under test elsewhere.</summary>
static class RawBlock
{
    /// <summary>Unlocking script and serialised witness (empty where there is none) of each input but the coinbase's, in block order.</summary>
    public static IEnumerable<(byte[] ScriptSig, byte[] Witness)> Inputs(byte[] block)
    {
        var at = 80;
        var transactions = (int)Size(block, ref at);
        for (var index = 0; index < transactions; index++)
        {
            at += 4;
            var hasWitness = block[at] == 0;
            if (hasWitness) at += 2;
            var scripts = new byte[Size(block, ref at)][];
            for (var i = 0; i < scripts.Length; i++)
            {
                at += 36;
                scripts[i] = Take(block, ref at);
                at += 4;
            }

            var outputs = (int)Size(block, ref at);
            for (var i = 0; i < outputs; i++)
            {
                at += 8;
                Take(block, ref at);
            }

            foreach (var script in scripts)
            {
                var start = at;
                if (hasWitness)
                {
                    var items = (int)Size(block, ref at);
                    for (var i = 0; i < items; i++) Take(block, ref at);
                }

                if (index > 0) yield return (script, block[start..at]);
            }

            at += 4;
        }
    }

    static byte[] Take(byte[] block, ref int at)
    {
        var length = (int)Size(block, ref at);
        at += length;
        return block[(at - length)..at];
    }

    static uint Size(byte[] block, ref int at)
    {
        var first = block[at++];
        if (first < 0xFD) return first;
        var width = first == 0xFD ? 2 : 4;
        at += width;
        return width == 2 ? BitConverter.ToUInt16(block, at - 2) : BitConverter.ToUInt32(block, at - 4);
    }
}
