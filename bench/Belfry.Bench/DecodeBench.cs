using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Readers;

namespace Belfry.Bench;

/// <summary>Block 866342 (1,581,623 bytes, 4,864 transactions) decoded and matched, beside bitcoinjs-lib on the same bytes in the same run.</summary>
static class DecodeBench
{
    const int Rounds = 60, WarmUp = 30, Watched = 1_000_000;

    public static async Task<int> RunAsync()
    {
        var path = Workplace.Data("btc/mainnet_866342.raw");
        var raw = await File.ReadAllBytesAsync(path);
        var decoder = new BitcoinDecoder(TransactionFormat.Segwit, NoInference.Instance);
        var empty = new WatchIndex(new FingerprintKey(SystemEntropy.Instance));
        var unrelated = Fill(new WatchIndex(new FingerprintKey(SystemEntropy.Instance)));
        var watched = WatchSome(Fill(new WatchIndex(new FingerprintKey(SystemEntropy.Instance))), raw);

        using var rival = await Rival.StartAsync("decode.mjs", path);
        var runs = new Dictionary<string, List<double>>();
        for (var round = 0; round < WarmUp + Rounds; round++)
        {
            // Taken in turns, so that a busy moment of the machine falls on both.
            await TheirsAsync("parse");
            Ours("structure", () => ReadStructure(raw));
            if (round % 5 == 0) await TheirsAsync("ids"); // slow: half a second each
            Ours("decode", () => decoder.MatchBlock(raw, empty).TransactionCount);
            Ours("match", () => decoder.MatchBlock(raw, unrelated).TransactionCount);
            Ours("hits", () => decoder.MatchBlock(raw, watched).TransactionCount);

            async Task TheirsAsync(string work) => Record(round, "their " + work, await rival.RunAsync(work));
            void Ours(string name, Func<int> work)
            {
                var start = Stopwatch.GetTimestamp();
                var count = work();
                Record(round, name, (Stopwatch.GetElapsedTime(start).TotalMilliseconds, count));
            }
        }

        var allocated = Allocated(decoder, raw, unrelated);
        Workplace.Publish("decode.md", Table(rival.Name, runs, allocated, decoder.MatchBlock(raw, watched).Matches.Count));
        return allocated <= 64 * 1024 ? 0 : 1;

        void Record(int round, string name, (double Milliseconds, int Count) run)
        {
            if (run.Count != 4864) throw new InvalidOperationException($"{name} read {run.Count} transactions, not 4864");
            if (round < WarmUp) return;
            if (!runs.TryGetValue(name, out var list)) runs[name] = list = [];
            list.Add(run.Milliseconds);
        }
    }

    static string Table(string rival, Dictionary<string, List<double>> runs, long allocated, int hits)
    {
        var text = new StringBuilder();
        text.Append("# Block 866342: decode and match\n\n");
        text.Append(CultureInfo.InvariantCulture, $"`dotnet run -c Release --project bench/Belfry.Bench -- decode` · {Workplace.Machine()} · {rival} · best of {Rounds} runs each (median in brackets), taken in turns in one run; milliseconds are of this machine, the ratios are what counts.\n\n");
        text.Row("Belfry", "bitcoinjs-lib", "ms", "their ms", "times faster", "goal");
        text.Append("|---|---|---:|---:|---:|---:|\n");
        Line("structure only: every field checked, nothing hashed", "`Block.fromBuffer` (hashes nothing)", "structure", "their parse", "25");
        Line("decoded: structure, all ids, block hash, merkle root checked, every script and outpoint fingerprinted", "`Block.fromBuffer` (hashes nothing)", "decode", "their parse", "25");
        Line("the same", "`fromBuffer` + `getHash` of each + `checkTxRoots`", "decode", "their ids", "–");
        Line("decoded and matched against 1 M scripts and 1 M outpoints, nothing found", "`Block.fromBuffer` (hashes nothing, matches nothing)", "match", "their parse", "8");
        Line($"the same with {hits} of its transactions found and built", "`Block.fromBuffer`", "hits", "their parse", "8");
        text.Append(CultureInfo.InvariantCulture, $"\nAllocated per block when nothing matches: **{allocated} bytes** (goal: at most 65,536).\n");
        return text.ToString();

        void Line(string ours, string theirs, string our, string their, string goal)
        {
            var (a, b) = (Workplace.Best(runs[our]), Workplace.Best(runs[their]));
            var (am, bm) = (Workplace.Median(runs[our]), Workplace.Median(runs[their]));
            text.Row(ours, theirs, F($"{a:F3} ({am:F3})"), F($"{b:F1} ({bm:F1})"), F($"**{b / a:F1}** ({bm / am:F1})"), goal);
        }

        static string F(FormattableString value) => value.ToString(CultureInfo.InvariantCulture);
    }

    static int ReadStructure(byte[] raw)
    {
        var block = new BlockReader(raw, TransactionFormat.Segwit);
        var count = 0;
        while (block.MoveNext()) count++;
        return count;
    }

    static long Allocated(BitcoinDecoder decoder, byte[] raw, WatchIndex index)
    {
        decoder.MatchBlock(raw, index);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10; i++) decoder.MatchBlock(raw, index);
        return (GC.GetAllocatedBytesForCurrentThread() - before) / 10;
    }

    static WatchIndex Fill(WatchIndex index)
    {
        var script = new byte[22];
        script[1] = 20;
        for (var i = 0; i < Watched; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(script.AsSpan(2), i);
            index.Add(new Script(script));
            index.Add(new OutPoint(new TxHash(TransactionWriter.DoubleHash(script)), (uint)(i & 3)));
        }

        return index;
    }

    // One script in a hundred of the block's own.
    static WatchIndex WatchSome(WatchIndex index, byte[] raw)
    {
        var seen = new HashSet<Script>();
        var block = new BlockReader(raw, TransactionFormat.Segwit);
        while (block.MoveNext())
        {
            foreach (var output in block.Current.Outputs)
            {
                var script = new Script(output.Script);
                if (seen.Add(script) && seen.Count % 100 == 0) index.Add(script);
            }
        }

        return index;
    }

    sealed class NoInference : IScriptInference
    {
        public static NoInference Instance { get; } = new();

        public Script? Infer(InputView input) => null;
    }
}
