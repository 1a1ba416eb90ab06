using System.Text.Json;
using Belfry.Cli;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary><c>belfry search</c>, <c>replay</c> and <c>address</c>, the built program against a built server.</summary>
public sealed class SearchTests(DemoServer demo) : IClassFixture<DemoServer>
{
    [Fact]
    public async Task A_transaction_is_found_with_all_that_was_told_of_it()
    {
        var told = (await EventsAsync("event=verified_tx&limit=1"))[0];
        var id = told.GetProperty("data").GetProperty("tx_hash").GetString()!;
        var seen = await Typed.EndedAsync(["search", id, "--json", "--server", demo.Url]);
        seen.ExitCode.ShouldBe(ExitCodes.Done, seen.Error);
        seen.Json[0].GetProperty("kind").GetString().ShouldBe("transaction");
        seen.Json[0].GetProperty("transaction").GetProperty("tx_hash").GetString().ShouldBe(id);
        var events = seen.Json.Skip(1).ToList();
        events.ShouldAllBe(entry => entry.GetProperty("data").GetProperty("tx_hash").GetString() == id);
        events.Select(entry => entry.GetProperty("seq").GetInt64()).ShouldBeInOrder();
        events.ShouldContain(entry => entry.GetProperty("seq").GetInt64() == told.GetProperty("seq").GetInt64());

        var plain = await Typed.EndedAsync(["search", id.ToUpperInvariant(), "--server", demo.Url]);
        plain.Out.ShouldContain($"btc transaction {id}");
        plain.Out.ShouldContain("verified_tx");
    }

    [Fact]
    public async Task A_block_is_found_by_hash_and_by_height_also_one_that_left()
    {
        await demo.Http.PostAsync("/api/v1/chains/btc/simulate", new StringContent("""{"deed":"mine","blocks":3}"""), TestContext.Current.CancellationToken);
        using var reorg = await demo.Http.PostAsync("/api/v1/chains/btc/simulate", new StringContent("""{"deed":"reorg","depth":2}"""), TestContext.Current.CancellationToken);
        reorg.EnsureSuccessStatusCode();
        await Eventually.HoldsAsync(async () => (await EventsAsync("event=block_disconnected&limit=10")).Count >= 2);
        var left = (await EventsAsync("event=block_disconnected&limit=1"))[0].GetProperty("data");
        var (hash, height) = (left.GetProperty("block_hash").GetString()!, left.GetProperty("block_height").GetInt64());

        var gone = await Typed.EndedAsync(["search", hash, "--json", "--server", demo.Url]);
        gone.Json[0].GetProperty("block").GetProperty("in_best_chain").GetBoolean().ShouldBeFalse();
        gone.Json.Skip(1).Select(entry => entry.GetProperty("data").GetProperty("event").GetString()).ShouldBe(["new_block", "block_disconnected"]);

        var both = await Typed.EndedAsync(["search", height.ToString(), "--chain", "btc", "--json", "--limit", "500", "--server", demo.Url]);
        var blocks = both.Json.Where(found => found.TryGetProperty("block", out _)).Select(found => found.GetProperty("block").GetProperty("in_best_chain").GetBoolean()).ToList();
        blocks.Count.ShouldBeGreaterThanOrEqualTo(2);
        blocks.Count(best => best).ShouldBe(1);
        (await Typed.EndedAsync(["search", height.ToString(), "--server", demo.Url])).Out.ShouldContain("no longer in the best chain");
    }

    [Fact]
    public async Task An_event_is_found_by_id_and_by_place_and_an_address_in_any_spelling()
    {
        var first = (await EventsAsync("limit=1"))[0];
        foreach (var text in (string[])[first.GetProperty("id").GetString()!, "seq:1"])
            (await Typed.EndedAsync(["search", text, "--json", "--server", demo.Url])).Json[^1].GetProperty("id").GetString().ShouldBe(first.GetProperty("id").GetString());
        var address = await demo.BusyAddressAsync();
        var seen = await Typed.EndedAsync(["search", address.ToUpperInvariant(), "--json", "--limit", "5", "--server", demo.Url]);
        seen.Json[0].GetProperty("address").GetProperty("address").GetString().ShouldBe(address);
        seen.Json.Skip(1).ShouldAllBe(entry => entry.GetProperty("data").GetProperty("address").GetString() == address);
        seen.Error.ShouldContain("there is more: --after ");
        var rest = await Typed.EndedAsync(["search", address, "--json", "--limit", "5", "--after", seen.Error.Split(' ')[^1].Trim(), "--server", demo.Url]);
        rest.Json[1].GetProperty("seq").GetInt64().ShouldBeGreaterThan(seen.Json[^1].GetProperty("seq").GetInt64());
    }

    [Theory]
    [InlineData("0000000000000000000000000000000000000000000000000000000000000000", ExitCodes.Refused, "nothing in the journal")]
    [InlineData("00000000000000000000000000000000", ExitCodes.Refused, "nothing in the journal")]
    [InlineData("999999999", ExitCodes.Refused, "nothing in the journal")]
    [InlineData("seq:99999999", ExitCodes.Refused, "nothing in the journal")]
    [InlineData("seq:x", ExitCodes.Refused, "nothing in the journal")]
    [InlineData("hello", ExitCodes.Refused, "nothing that can be searched for")]
    [InlineData("1 --chain xmr", ExitCodes.Refused, "not a followed chain")]
    [InlineData("1 --limit 0", ExitCodes.Refused, "1 to 500")]
    [InlineData("1 --after 99999999", ExitCodes.Refused, "after")]
    public async Task What_is_not_there_is_said_so(string line, int code, string told)
    {
        var seen = await Typed.EndedAsync(["search", .. line.Split(' '), "--server", demo.Url]);
        seen.ExitCode.ShouldBe(code, seen.Out + seen.Error);
        seen.Error.ShouldContain(told);
    }

    [Fact]
    public async Task A_replay_tells_the_same_again_from_a_place_or_a_block()
    {
        await Eventually.HoldsAsync(async () => await demo.HeadAsync() >= 25);
        var seen = await Typed.EndedAsync(["replay", "--from-seq", "5", "--to-seq", "25", "--json", "--server", demo.Url]);
        seen.ExitCode.ShouldBe(ExitCodes.Done, seen.Error);
        seen.Lines.ShouldBe((await EventsAsync("after=4&limit=21")).Select(told => told.GetRawText()));

        await demo.Http.PostAsync("/api/v1/chains/btc/simulate", new StringContent("""{"deed":"mine","blocks":3}"""), TestContext.Current.CancellationToken);
        await Eventually.HoldsAsync(async () => (await EventsAsync("event=new_block&limit=4")).Count >= 3);
        var block = (await EventsAsync("event=new_block&limit=4")).Select(told => (Seq: told.GetProperty("seq").GetInt64(), Height: told.GetProperty("data").GetProperty("block_height").GetInt64())).ToList();
        var one = await Typed.EndedAsync(["replay", "--from-block", block[1].Height.ToString(), "--to-block", block[1].Height.ToString(), "--json", "--server", demo.Url]);
        one.Json[0].GetProperty("seq").GetInt64().ShouldBe(block[1].Seq);
        one.Json[^1].GetProperty("seq").GetInt64().ShouldBe(block[2].Seq - 1);

        var chosen = await Typed.EndedAsync(["replay", "--from-seq", "1", "--event", "new_payment", "--event", "verified_tx", "--filter", "amount>=1", "--json", "--server", demo.Url]);
        chosen.Json.Count.ShouldBeGreaterThan(0);
        chosen.Json.ShouldAllBe(told => decimal.Parse(told.GetProperty("data").GetProperty("amount").GetString()!) >= 1);
    }

    [Fact]
    public async Task A_replay_is_posted_and_says_that_it_is_one()
    {
        await Eventually.HoldsAsync(async () => await demo.HeadAsync() >= 6);
        await using var receiver = await Receiver.StartAsync();
        var seen = await Typed.EndedAsync(["replay", "--from-seq", "2", "--to-seq", "6", "--forward-to", receiver.Url, "--server", demo.Url]);
        seen.ExitCode.ShouldBe(ExitCodes.Done, seen.Error);
        receiver.Posts.Select(post => post.Sequence).ShouldBe([2, 3, 4, 5, 6]);
        receiver.Posts.ShouldAllBe(post => post.Replay == "true");
        seen.Error.ShouldContain("5 events replayed");
    }

    [Theory]
    [InlineData("", ExitCodes.Usage, "--from-seq or --from-block")]
    [InlineData("--from-seq 1 --from-block 1", ExitCodes.Usage, "--from-seq or --from-block")]
    [InlineData("--from-seq 99999999", ExitCodes.Refused, "there is no event 99999999")]
    [InlineData("--from-seq 0", ExitCodes.Refused, "there is no event 0")]
    [InlineData("--from-block 99999999", ExitCodes.Refused, "no block 99999999")]
    [InlineData("--from-seq 1 --speed 0", ExitCodes.Usage, "--speed")]
    public async Task A_replay_of_nothing_is_refused(string line, int code, string told)
    {
        var seen = await Typed.EndedAsync(["replay", .. line.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--server", demo.Url]);
        seen.ExitCode.ShouldBe(code, seen.Out + seen.Error);
        seen.Error.ShouldContain(told);
    }

    [Fact]
    public async Task An_address_has_balance_and_a_whole_history()
    {
        var address = await demo.BusyAddressAsync();
        var plain = await Typed.EndedAsync(["address", "btc", address, "--limit", "2", "--server", demo.Url]);
        plain.ExitCode.ShouldBe(ExitCodes.Done, plain.Error);
        plain.Lines[0].ShouldBe(address);
        plain.Out.ShouldMatch(@"confirmed +\d+(\.\d+)? BTC");
        plain.Lines.Count(line => line.StartsWith("  ") && line.Length > 90).ShouldBe(2);
        var all = await Typed.EndedAsync(["address", "btc", address, "--all", "--json", "--server", demo.Url]);
        all.Json.Skip(1).Select(entry => entry.GetProperty("tx_hash").GetString()).ShouldBeUnique();
        ((long)all.Json.Count - 1).ShouldBeGreaterThanOrEqualTo(all.Json[0].GetProperty("transactions").GetInt64());
    }

    async Task<List<JsonElement>> EventsAsync(string query) => [.. (await demo.GetAsync("/api/v1/events?" + query)).GetProperty("events").EnumerateArray()];
}
