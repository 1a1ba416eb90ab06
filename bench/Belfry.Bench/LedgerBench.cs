using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Core.Watches;
using Belfry.Sql.Sqlite;

namespace Belfry.Bench;

/// <summary>The embedded store: group commit against one commit per sync, bytes on disk, and the import of a million watches.</summary>
static class LedgerBench
{
    const int EventsPerCommit = 10;
    static readonly StringBuilder Table = new();
    static readonly DateTimeOffset Time = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public static async Task RunAsync(string[] args)
    {
        var folder = Directory.CreateTempSubdirectory("belfry-bench-").FullName;
        try
        {
            Table.AppendLine("# The embedded store").AppendLine();
            Table.AppendLine("`dotnet run -c Release --project bench/Belfry.Bench -- ledger`; " + Workplace.Machine()).AppendLine();
            Table.AppendLine($"SQLite {SqliteStore.EngineVersion}, journal_mode=WAL, synchronous=FULL, {EventsPerCommit} events and 1 transaction a commit");
            Table.AppendLine();
            Table.AppendLine("| writers | commits/s | events/s | of one writer |");
            Table.AppendLine("|---|---|---|---|");
            double alone = 0;
            foreach (var writers in new[] { 1, 8, 64 })
            {
                var perSecond = await CommitsAsync(Path.Combine(folder, $"w{writers}"), writers, commits: writers == 1 ? 3000 : 12_000);
                if (writers == 1) alone = perSecond;
                Table.AppendLine($"| {writers}{(writers == 1 ? " (one commit per sync)" : "")} | {perSecond:F0} | {perSecond * EventsPerCommit:F0} | {perSecond / alone:F1} |");
            }

            Table.AppendLine();
            await JournalBytesAsync(Path.Combine(folder, "journal"));
            await WatchesAsync(Path.Combine(folder, "watches"), args.Length > 0 ? int.Parse(args[0]) : 1_000_000);
            Workplace.Publish("ledger.md", Table.ToString());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static async Task<double> CommitsAsync(string folder, int writers, int commits)
    {
        await using var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder });
        await store.Ledger.CommitAsync(Batch(new ChainId("warm"), 0, 1), default);
        var time = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, writers).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; i < commits / writers; i++) await store.Ledger.CommitAsync(Batch(new ChainId($"c{writer}"), i, EventsPerCommit), default);
        })));
        return commits / time.Elapsed.TotalSeconds;
    }

    static async Task JournalBytesAsync(string folder)
    {
        const int Events = 100_000;
        long before, after, data;
        await using (var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder })) before = 0;
        before = Size(folder);
        await using (var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder }))
        {
            var time = Stopwatch.StartNew();
            for (var i = 0; i < Events / 1000; i++)
                await store.Ledger.CommitAsync(new LedgerBatch { Chain = new ChainId("btc"), Events = [.. Enumerable.Range(i * 1000, 1000).Select(Event)] }, default);
            data = Event(1).Data.Length;
            Table.AppendLine($"- journal appended: {Events / time.Elapsed.TotalSeconds:F0} events/s, 1000 a commit");
            time.Restart();
            var verified = await store.VerifyAsync(1, Events, default);
            Table.AppendLine($"- journal read and verified: {verified / time.Elapsed.TotalSeconds:F0} rows/s");
        }

        after = Size(folder);
        Table.AppendLine($"- bytes on disk per journal event: {(after - before) / Events} (of them {data} the event's own JSON)");
    }

    static async Task WatchesAsync(string folder, int count)
    {
        const int Chunk = 10_000;
        await using (var store = await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder }))
        {
            var time = Stopwatch.StartNew();
            for (var i = 0; i < count; i += Chunk) await store.Watches.AddAsync([.. Enumerable.Range(i, Math.Min(Chunk, count - i)).Select(Watch)], default);
            Table.AppendLine($"- {count:N0} watches imported in {time.Elapsed.TotalSeconds:F1} s ({count / time.Elapsed.TotalSeconds:F0}/s, {Chunk} a call)");
            time.Restart();
            long read = 0;
            await foreach (var script in store.Watches.ReadScriptsAsync(new ChainId("btc"), active: true, default)) read += script.Script.Length > 0 ? 1 : 0;
            Table.AppendLine($"- {read:N0} scripts streamed at start in {time.Elapsed.TotalSeconds:F1} s");
        }

        Table.AppendLine($"- bytes on disk per watch: {Size(folder) / count}");
    }

    static LedgerBatch Batch(ChainId chain, int number, int events) => new()
    {
        Chain = chain,
        Transactions =
        [
            new LedgerTransaction
            {
                Chain = chain,
                Id = new TxHash(Hash(number)),
                State = TxState.Seen,
                FirstSeen = Time,
                Inputs = [new OutPoint(new TxHash(Hash(-number - 1)), 0)],
                Movements = [new Movement(Script(number), Address(number), 1000, 0, null, Address(number))],
                Coins = [new Coin(new OutPoint(new TxHash(Hash(number)), 0), Script(number), 1000)],
            },
        ],
        Events = [.. Enumerable.Range(0, events).Select(i => Event(((long)number * events) + i) with { Id = $"{chain}:{number}:{i}" })],
    };

    static PendingEvent Event(int number) => Event((long)number);

    internal static PendingEvent Event(long number) => new(
        Hash(number).ToString()[..32], EventKind.NewTransaction, Script(number % 5000), Address(number % 5000), new TxHash(Hash(number)), 800_000,
        Encoding.UTF8.GetBytes(
            $$"""{"currency":"BTC","txid":"{{Hash(number)}}","address":"{{Address(number)}}","amount":"0.00001000","direction":"incoming","confirmations":0}"""), Time);

    static Watch Watch(int number) => new(
        $"w_{Hash(number).ToString()[..20]}", "bench", new ChainId("btc"), Script(number), Address(number), Address(number), null, null, Active: true, Time);

    // Spread like real hashes: neighbours in number are not neighbours in the index.
    static Hash256 Hash(long number)
    {
        Span<byte> bytes = stackalloc byte[Hash256.Size];
        var word = (ulong)number;
        for (var i = 0; i < 4; i++)
        {
            word = (word + 0x9E3779B97F4A7C15) * 0xBF58476D1CE4E5B9;
            word ^= word >> 29;
            BinaryPrimitives.WriteUInt64BigEndian(bytes[(8 * i)..], word);
        }

        return new Hash256(bytes);
    }

    static Script Script(long number)
    {
        Span<byte> bytes = stackalloc byte[22];
        bytes[1] = 20;
        Hash(number).ToArray().AsSpan(0, 20).CopyTo(bytes[2..]);
        return new Script(bytes);
    }

    static string Address(long number) => "bc1q" + Hash(number).ToString()[..38];

    static long Size(string folder) => Directory.EnumerateFiles(folder).Sum(file => new FileInfo(file).Length);
}
