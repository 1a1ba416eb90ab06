using System.Globalization;
using System.Text;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Hosting;
using Belfry.Core.Ledger;
using Belfry.Core.Listeners;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Core.Watches;
using Belfry.Nodes.Bitcoin.Encodings;
using Belfry.Nodes.Bitcoin.Readers;
using Belfry.TestKit;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Belfry.Server.Tests.EndToEnd;

/// <summary>A real block of the main network through the real pipeline: what it does to hundreds of addresses is what the file says, recomputed here by other code.</summary>
public sealed class PublishedBlockTests
{
    const int Watched = 600;
    static readonly ChainId Btc = new("btc");
    static readonly BitcoinAddressCodec Codec = new(BitcoinNetworks.Find(Btc, "main"));

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Block_866342_gives_sender_direction_fee_and_balances_that_match_the_file()
    {
        var block = PublishedBlock.Read();
        (block.Transactions.Count, block.Transactions.Skip(1).Sum(static spend => spend.Fee)).ShouldBe((4864, 5_026_183));
        var watched = Choose(block);
        await using var store = new MemoryStore();
        await using var source = new PublishedBlockSource(block);
        var before = await PrepareAsync(store, block, source, watched);
        await FollowAsync(store, source);

        var journal = (await store.Journal.ReadAsync(0, 100_000, null, Token)).Entries;
        var told = journal.Select(static entry => JsonElement.Parse(Encoding.UTF8.GetString(entry.Event.Data.Span))).ToList();
        var expected = 0;
        var (directions, after) = (new Dictionary<string, int>(), new Dictionary<string, long>(before));
        var stories = told.Where(static data => data.GetProperty("tx_hash").ValueKind == JsonValueKind.String)
            .ToLookup(static data => (data.GetProperty("tx_hash").GetString()!, data.GetProperty("address").GetString()!));
        foreach (var spend in block.Transactions)
        {
            foreach (var script in spend.Outputs.Concat(spend.Spent).Select(static output => output.Script).Distinct().Where(watched.Contains))
            {
                expected++;
                var (received, sent) = (Sum(spend.Outputs, script), Sum(spend.Spent, script));
                after[script] = after.GetValueOrDefault(script) + received - sent;
                Check([.. stories[(spend.Id, Spell(script))]], spend, script, received, sent, directions);
            }
        }

        stories.Count.ShouldBe(expected);
        foreach (var kind in new[] { "in", "out", "self" }) directions[kind].ShouldBeGreaterThan(5, kind);
        foreach (var script in watched)
        {
            var view = await store.Reader.ReadAddressAsync(Btc, Script.Parse(script), Token);
            (view.Balance.Confirmed + view.Balance.Immature).Units.ShouldBe(after[script], script);
        }

        TestContext.Current.SendDiagnosticMessage($"{expected} movements of {watched.Count} scripts: {string.Join(", ", directions)}");
    }

    static void Check(List<JsonElement> story, RawSpend spend, string script, long received, long sent, Dictionary<string, int> directions)
    {
        var isCoinbase = spend.Spent.Count == 0;
        var first = story.Single(static data => data.GetProperty("event").GetString() == "new_transaction");
        var direction = received < sent ? "out" : sent == 0 ? "in" : "self";
        directions[direction] = directions.GetValueOrDefault(direction) + 1;
        first.GetProperty("direction").GetString().ShouldBe(direction, spend.Id);
        Units(first.GetProperty("amount")).ShouldBe(Math.Abs(received - sent), spend.Id);
        Units(first.GetProperty("received")).ShouldBe(received, spend.Id);
        Units(first.GetProperty("sent")).ShouldBe(sent, spend.Id);
        if (isCoinbase) first.GetProperty("fee").ValueKind.ShouldBe(JsonValueKind.Null);
        else Units(first.GetProperty("fee")).ShouldBe(spend.Fee, spend.Id);
        var sender = direction == "out" ? Spell(script) : spend.Spent.Select(static output => SpellOrNull(output.Script)).FirstOrDefault(static address => address is not null);
        first.GetProperty("from_address").GetString().ShouldBe(sender, spend.Id);
        if (direction != "out") first.GetProperty("to_address").GetString().ShouldBe(Spell(script), spend.Id);
        story.Count(static data => data.GetProperty("event").GetString() == "new_payment").ShouldBe(received > sent ? 1 : 0, spend.Id);
        var verified = story.Single(static data => data.GetProperty("event").GetString() == "verified_tx");
        (verified.GetProperty("confirmations").GetInt32(), verified.GetProperty("block_height").GetInt64()).ShouldBe((1, PublishedBlock.Height));
    }

    /// <summary>Scripts that have an address, some of each behaviour: those that spend first, then those that only receive, in an order that nobody chose.</summary>
    static HashSet<string> Choose(PublishedBlock block)
    {
        var spending = block.Transactions.SelectMany(static spend => spend.Spent).Select(static output => output.Script);
        var receiving = block.Transactions.SelectMany(static spend => spend.Outputs).Select(static output => output.Script);
        string[] InOrder(IEnumerable<string> scripts) =>
            [.. scripts.Distinct().Where(static script => SpellOrNull(script) is not null).OrderBy(static script => script[^8..], StringComparer.Ordinal)];
        var coinbase = block.Transactions[0].Outputs.First(static output => SpellOrNull(output.Script) is not null).Script;
        return [coinbase, .. InOrder(spending).Take(Watched / 2), .. InOrder(receiving).Take(Watched / 2)];
    }

    /// <summary>The ledger as it stands one block earlier: the coins of the watched scripts that the block spends.</summary>
    static async Task<Dictionary<string, long>> PrepareAsync(MemoryStore store, PublishedBlock block, PublishedBlockSource source, HashSet<string> watched)
    {
        var watches = watched.Select(static (script, number) => new Watch(
            number.ToString(CultureInfo.InvariantCulture), "default", Btc, Script.Parse(script), Spell(script), Spell(script), null, null, true, DateTimeOffset.UnixEpoch));
        await store.Watches.AddAsync([.. watches], Token);
        var inside = block.Transactions.Select(static spend => spend.Id).ToHashSet();
        var coins = block.Transactions
            .SelectMany(static spend => spend.Inputs.Zip(spend.Spent))
            .Where(spent => !inside.Contains(spent.First.Id) && watched.Contains(spent.Second.Script))
            .Select(static spent => new Coin(new OutPoint(TxHash.Parse(spent.First.Id), spent.First.Index), Script.Parse(spent.Second.Script), spent.Second.Value)).ToList();
        var balances = coins.GroupBy(static coin => coin.Script).ToDictionary(
            static own => own.Key, static own => Total(own) is var sum ? Balance.Empty with { Confirmed = sum, Received = sum, Transactions = own.Select(static coin => coin.OutPoint.Transaction).Distinct().Count() } : Balance.Empty);
        var earlier = coins.GroupBy(static coin => coin.OutPoint.Transaction).Select(made => new LedgerTransaction
        {
            Chain = Btc,
            Id = made.Key,
            State = TxState.Final,
            Block = new BlockRef(source.Below.Block.Height - 1, default),
            Position = 1,
            ToldConfirmations = 6,
            FirstSeen = DateTimeOffset.UnixEpoch,
            Movements = [.. made.GroupBy(static coin => coin.Script).Select(static own => new Movement(own.Key, Spell(own.Key.ToString()), Total(own), 0, null, null))],
            Coins = [.. made],
        });
        await store.Ledger.CommitAsync(
            new LedgerBatch
            {
                Chain = Btc,
                Position = new ChainPosition("main", BitcoinNetworks.Find(Btc, "main").Genesis, source.Below, source.Below.Work),
                Connected = [source.Below],
                Transactions = [.. earlier],
                Balances = balances,
            },
            Token);
        return watched.ToDictionary(static script => script, script => (long)(balances.GetValueOrDefault(Script.Parse(script)) ?? Balance.Empty).Confirmed.Units);
    }

    static async Task FollowAsync(MemoryStore store, PublishedBlockSource source)
    {
        var network = BitcoinNetworks.Find(Btc, "main");
        await using var services = new ServiceCollection().AddMetrics().AddSingleton<TrackingMetrics>().BuildServiceProvider();
        var parts = new ChainParts(network.Profile, Codec, new BitcoinDecoder(network), source);
        await using var tracker = new ChainTracker(
            new TrackerParts(parts, new ChainOptions(), store.Ledger, store.Watches, new ActiveAddresses(), TimeProvider.System),
            SystemEntropy.Instance, services.GetRequiredService<TrackingMetrics>(), NullLogger<ChainTracker>.Instance);
        await tracker.StartAsync(Token);
        await Eventually.HoldsAsync(() => tracker.Status.State == ChainState.Live);
        source.Arrive();
        await Eventually.HoldsAsync(() => tracker.Status.Tip?.Height == PublishedBlock.Height);
    }

    static Amount Total(IEnumerable<Coin> coins) => coins.Aggregate(Amount.Zero, static (sum, coin) => sum + coin.Value);

    static long Sum(IReadOnlyList<RawOutput> outputs, string script) => outputs.Where(output => output.Script == script).Sum(static output => output.Value);

    static long Units(JsonElement amount) => (long)(Told.Number(amount) * 100_000_000m);

    static string Spell(string script) => SpellOrNull(script) ?? throw new InvalidOperationException($"{script} has no address.");

    static string? SpellOrNull(string script) => Codec.Write(Convert.FromHexString(script));
}
