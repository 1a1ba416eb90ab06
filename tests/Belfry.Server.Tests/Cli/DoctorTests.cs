using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Belfry.Cli;
using Belfry.TestKit.Nodes;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary><c>belfry doctor</c>: what it finds on real nodes, folders and ports, and what it advises.</summary>
public sealed class DoctorTests(DemoServer demo) : IClassFixture<DemoServer>
{
    [Fact]
    public async Task A_healthy_node_is_found_healthy_and_one_that_only_promises_to_publish_is_not()
    {
        await using var node = await LitecoindNode.StartNewAsync();
        await node.GenerateAsync(1);
        using var silent = FreePort.Lease();
        var well = await ExamineAsync(ExitCodes.Done, ("Chains__ltc__Network", "regtest"), ("Chains__ltc__Rpc", node.RpcSetting), ("Chains__ltc__Peer", node.PeerEndPoint.ToString()));
        Verdict(well, "ltc node").ShouldBe("ok");
        Message(well, "ltc node").ShouldContain("LitecoinCore");
        Verdict(well, "ltc clock").ShouldBe("ok");
        Message(well, "ltc peer").ShouldStartWith("shakes hands: /LitecoinCore");
        foreach (var subject in (string[])["sqlite", "data folder", "disk space", "disk sync", "open files", "port"]) Verdict(well, subject).ShouldBe("ok", subject);

        var deaf = await ExamineAsync(ExitCodes.Refused, ("Chains__ltc__Network", "regtest"), ("Chains__ltc__Rpc", node.RpcSetting), ("Chains__ltc__Zmq", $"tcp://{silent}"));
        Verdict(deaf, "ltc zmq").ShouldBe("failure");
        Advice(deaf, "ltc zmq").ShouldContain("Peer");

        var wrong = await ExamineAsync(ExitCodes.Refused, ("Chains__ltc__Network", "main"), ("Chains__ltc__Rpc", node.RpcSetting));
        Message(wrong, "ltc node").ShouldContain("is on another network");
        Advice(wrong, "ltc node").ShouldContain("BELFRY__Chains__ltc__Network");

        var shut = await ExamineAsync(ExitCodes.Refused, ("Chains__ltc__Network", "regtest"), ("Chains__ltc__Rpc", node.RpcSetting.Replace(node.Password, "wrong-word")));
        Advice(shut, "ltc node").ShouldContain("password");
        JsonSerializer.Serialize(shut).ShouldNotContain("wrong-word");
    }

    [Fact]
    public async Task What_a_node_really_publishes_is_heard_and_its_silence_is_judged_by_what_it_did_meanwhile()
    {
        await using var publisher = await BcoinNode.StartNewAsync();
        await using var mute = await LitecoindNode.StartNewAsync(new LitecoindOptions { WithoutMweb = true });
        (string, string)[] settings = [("Chains__btc__Network", "regtest"), ("Chains__btc__Rpc", publisher.RpcSetting), ("Chains__btc__Zmq", publisher.ZmqEndPoint!)];
        var quiet = await ExamineAsync(ExitCodes.Done, [("--wait", "300ms"), .. settings]);
        Verdict(quiet, "btc zmq").ShouldBe("unknown");
        Advice(quiet, "btc zmq").ShouldContain("--wait");

        await using var busy = Start([("--wait", "3s"), .. settings]);
        await MineAsync(publisher, busy);
        await busy.EndAsync();
        Verdict(busy.Json, "btc zmq").ShouldBe("ok", busy.Out);
        Message(busy.Json, "btc zmq").ShouldContain("hashblock");

        // the node that moves is not the one that listens there
        await using var fooled = Start([("--wait", "3s"), ("Chains__ltc__Network", "regtest"), ("Chains__ltc__Rpc", mute.RpcSetting), ("Chains__ltc__Zmq", publisher.ZmqEndPoint!)]);
        await MineAsync(mute, fooled);
        await fooled.EndAsync();
        Message(fooled.Json, "ltc zmq").ShouldContain("publishes nothing", customMessage: fooled.Out);
        fooled.ExitCode.ShouldBe(ExitCodes.Refused);
    }

    [Fact]
    public async Task A_port_and_a_folder_in_use_are_told_with_who_uses_them()
    {
        var mine = await ExamineAsync(ExitCodes.Done, ("Urls", demo.Url), ("--data", Path.Combine(demo.Folder, "belfry-data", "simnet")));
        Message(mine, "port").ShouldMatch(@"^Belfry \d+\.\d+\.\d+ answers at ");
        Message(mine, "data folder").ShouldMatch(@"in use by process \d+");

        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var taken = await ExamineAsync(ExitCodes.Refused, ("Urls", $"http://{other.LocalEndpoint}"), ("Data", "/proc/none"));
        Message(taken, "port").ShouldContain("in use by another program");
        Advice(taken, "port").ShouldContain("--urls");
        Verdict(taken, "data folder").ShouldBe("failure");
    }

    [Fact]
    public async Task Settings_that_cannot_be_used_are_all_told_and_unknown_ones_warned_of()
    {
        var wrong = await ExamineAsync(ExitCodes.Refused, ("Limits__MessageBytes", "many"), ("ApiKey", "short"), ("Chains__btc__Netwrok", "main"));
        wrong.Count(finding => finding.GetProperty("subject").GetString() == "settings" && finding.GetProperty("verdict").GetString() == "failure").ShouldBe(2);
        using var nobody = FreePort.Lease();
        var misspelled = await ExamineAsync(ExitCodes.Refused, ("Chains__btc__Netwrok", "main"), ("Chains__btc__Rpc", $"http://user:secret-word@{nobody}"), ("Chains__doge__Network", "moon"), ("Chains__ltc__Rpc", ""));
        misspelled.ShouldContain(finding => finding.GetProperty("verdict").GetString() == "warning" && finding.GetProperty("message").GetString()!.Contains("did you mean"));
        Message(misspelled, "btc node").ShouldContain("refused");
        Message(misspelled, "doge").ShouldContain("'moon' is no network of doge: expected main");
        JsonSerializer.Serialize(misspelled).ShouldNotContain("secret-word");
        var plain = await Typed.EndedAsync(["doctor", "--urls", "http://127.0.0.1:0"], folder: demo.Folder);
        plain.ExitCode.ShouldBe(ExitCodes.Done);
        plain.Out.ShouldContain("warning  settings: no chain is configured");
        plain.Out.ShouldContain("-> ");
    }

    static async Task MineAsync(RegtestNode node, Typed until)
    {
        while (!until.HasExited)
        {
            await node.GenerateAsync(1);
            // gently: the machine is shared with what is examined
            await Task.Delay(100);
        }
    }

    static string? Verdict(IReadOnlyList<JsonElement> findings, string subject) => Find(findings, subject).GetProperty("verdict").GetString();

    static string Message(IReadOnlyList<JsonElement> findings, string subject) => Find(findings, subject).GetProperty("message").GetString()!;

    static string Advice(IReadOnlyList<JsonElement> findings, string subject) => Find(findings, subject).GetProperty("advice").GetString()!;

    static JsonElement Find(IReadOnlyList<JsonElement> findings, string subject) =>
        findings.First(finding => finding.GetProperty("subject").GetString()!.StartsWith(subject, StringComparison.Ordinal));

    Typed Start(params (string Name, string Value)[] settings)
    {
        var flags = settings.Where(setting => setting.Name.StartsWith("--", StringComparison.Ordinal)).SelectMany(setting => new[] { setting.Name, setting.Value });
        var environment = settings.Where(setting => !setting.Name.StartsWith("--", StringComparison.Ordinal)).ToDictionary(setting => "BELFRY__" + setting.Name, setting => setting.Value);
        environment.TryAdd("BELFRY__Urls", "http://127.0.0.1:0");
        return Typed.Start(["doctor", "--json", .. flags], environment, demo.Folder);
    }

    async Task<IReadOnlyList<JsonElement>> ExamineAsync(int code, params (string Name, string Value)[] settings)
    {
        await using var seen = await Start(settings).EndAsync();
        seen.ExitCode.ShouldBe(code, seen.Out + seen.Error);
        return seen.Json;
    }
}
