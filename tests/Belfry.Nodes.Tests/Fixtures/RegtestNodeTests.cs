using System.Diagnostics;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Nodes.Tests.Fixtures;

/// <summary>The private nodes do what the tests built on them rely on.</summary>
public sealed class RegtestNodeTests
{
    [Fact]
    public async Task Litecoind_replaces_a_payment_by_one_to_a_stranger()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await node.FundAsync();
        var paid = await node.SendAsync(await node.NewAddressAsync("legacy"), "1.25", replaceable: true);
        var bumped = await node.BumpFeeAsync(paid);
        (await node.GetMempoolAsync()).ShouldBe([bumped]);
        var stolen = await node.ReplaceWithDoubleSpendAsync(bumped);
        (await node.GetMempoolAsync()).ShouldBe([stolen]);
        (await node.ReadOutputAsync(stolen, 0)).Address.ShouldBe(await node.StrangerAddressAsync());
    }

    [Fact]
    public async Task Litecoind_restarts_on_its_folder_after_kill_and_freezes_and_continues()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await node.FundAsync();
        var tip = await node.GetTipAsync();
        await node.RestartAsync();
        (await node.GetTipAsync()).ShouldBe(tip);
        await node.KillAsync();
        await node.StartAsync();
        (await node.GetHeightAsync()).ShouldBeInRange(0, 101);

        node.Freeze();
        // The signal is delivered when each thread next enters the kernel: only then is the node frozen.
        await Eventually.HoldsAsync(() => File.ReadAllText($"/proc/{node.ProcessId}/stat").Contains(") T ", StringComparison.Ordinal));
        var call = node.GetHeightAsync();
        // The request has come as far as the node's socket, and lies there.
        await Eventually.HoldsAsync(() => HasUnread(node.RpcUrl.Port));
        call.IsCompleted.ShouldBeFalse();
        node.Continue();
        await call;
    }

    [Fact]
    public async Task Litecoind_activates_mweb_and_can_do_without()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await node.ActivateMwebAsync();
        (await node.CallAsync("getblock", await node.GetTipAsync(), 1)).TryGetProperty("mweb", out _).ShouldBeTrue();

        await using var plain = await LitecoindNode.StartNewAsync(new LitecoindOptions { WithoutMweb = true });
        await plain.GenerateAsync(440);
        (await plain.GetHeightAsync()).ShouldBe(440);
    }

    [Fact]
    public async Task Linked_nodes_agree_and_unlinked_nodes_do_not()
    {
        await using var one = await LitecoindNode.StartNewAsync();
        await using var two = await LitecoindNode.StartNewAsync();
        await one.LinkAsync(two);
        await one.GenerateAsync(3);
        await Eventually.HoldsAsync(async () => await two.GetHeightAsync() == 3);
        await one.UnlinkAsync(two);
        await one.GenerateAsync(1);
        (await two.GetHeightAsync()).ShouldBe(3);
    }

    [Theory]
    [InlineData("ltc", 1)]
    [InlineData("ltc", 6)]
    [InlineData("btc", 2)]
    [InlineData("bch", 2)]
    public async Task A_longer_branch_with_a_double_spend_takes_over(string chain, int depth)
    {
        await using var node = await StartAsync(chain);
        await using var second = await StartAsync(chain);
        await node.FundAsync();
        var fork = await node.GetHeightAsync();
        await CompetingBranch.CopyAsync(node, second, fork);
        var paid = await node.SendAsync(await node.NewAddressAsync("legacy"), "2");
        var rival = await node.CraftDoubleSpendAsync(paid);
        rival.Id.ShouldNotBe(paid);
        await node.GenerateAsync(depth);
        (await node.GetMempoolAsync()).ShouldBeEmpty();

        var branch = await CompetingBranch.ReorganiseAsync(node, second, depth, transactions: [rival.Hex]);

        (await node.GetTipAsync()).ShouldBe(branch[^1]);
        (await node.GetHeightAsync()).ShouldBe(fork + depth + 1);
        var first = await node.CallAsync("getblock", branch[0], true);
        first.GetProperty("tx").EnumerateArray().Select(id => id.GetString()).ShouldContain(rival.Id);
    }

    [Fact]
    public async Task Bcoin_pays_witness_addresses()
    {
        await using var node = await BcoinNode.StartNewAsync();
        await node.FundAsync();
        var address = await node.NewAddressAsync("bech32");
        address.ShouldStartWith("rb1");
        (await node.GetMempoolAsync()).ShouldBeEmpty();
        var id = await node.SendAsync(address, "0.12345678");
        (await node.GetMempoolAsync()).ShouldBe([id]);
    }

    [Fact]
    public async Task Disposing_removes_the_process_and_the_folder()
    {
        var node = await LitecoindNode.StartNewAsync();
        var (id, folder) = (node.ProcessId, node.DataFolder);
        await node.DisposeAsync();
        Directory.Exists(folder).ShouldBeFalse();
        Should.Throw<ArgumentException>(() => Process.GetProcessById(id));
    }

    [Fact]
    public void Leased_ports_differ_and_come_back()
    {
        var ports = Enumerable.Range(0, 50).AsParallel().Select(_ => FreePort.Lease()).ToList();
        ports.Select(port => port.Number).Distinct().Count().ShouldBe(50);
        ports.ForEach(port => port.Dispose());
    }

    // "sl local_address rem_address st tx_queue:rx_queue …", numbers in hex
    static bool HasUnread(int port) => File.ReadLines("/proc/net/tcp").Skip(1).Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Any(columns => columns[1].EndsWith($":{port:X4}", StringComparison.Ordinal) && !columns[4].EndsWith(":00000000", StringComparison.Ordinal));

    static async Task<RegtestNode> StartAsync(string chain) => chain switch
    {
        "ltc" => await LitecoindNode.StartNewAsync(),
        "btc" => await BcoinNode.StartNewAsync(),
        _ => await BcashNode.StartNewAsync(),
    };
}
