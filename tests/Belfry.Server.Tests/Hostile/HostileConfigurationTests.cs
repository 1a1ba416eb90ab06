using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Hosting;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin;
using Belfry.TestKit.Hostile;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Shouldly;

namespace Belfry.Server.Tests.Hostile;

/// <summary>Settings that are nearly right, in the environment and in files.</summary>
public sealed class HostileConfigurationTests(ITestOutputHelper output)
{
    static readonly (string Name, string Value)[] Valid =
    [
        ("Urls", "http://127.0.0.1:8081"), ("Data", "./belfry-data"), ("ApiKey", "bf_live_0123456789abcdef"), ("ApiKeys", "bf_live_0123456789abcdef,bf_live_fedcba9876543210"), ("AllowedOrigins", "https://wallet.example"), ("ApiKeys:0", "bf_live_0123456789abcdef"),
        ("Chains:btc:Network", "regtest"), ("Chains:btc:Rpc", "http://user:secretpassword@127.0.0.1:18443"), ("Chains:btc:Zmq", "tcp://127.0.0.1:28332"), ("Chains:ltc:Peer", "127.0.0.1:9333"), ("Chains:ltc:Rpc", "http://127.0.0.1:9332"),
        ("Chains:btc:Milestones", "1,3,6"), ("Chains:btc:FinalAfter", "6"), ("Chains:btc:AuditInterval", "00:00:30"), ("Chains:btc:PollInterval", "00:00:00.5"), ("Chains:btc:BehindGrace", "00:01:00"), ("Chains:bch:Enabled", "true"), ("Chains:doge:Milestones:0", "3"),
        ("Limits:MessageBytes", "65536"), ("Limits:LimitLoopback", "true"), ("Limits:KeepAliveInterval", "00:00:20"), ("Limits:MinPaceGrace", "00:00:05"), ("Limits:TcpConnectionsPerAddress", "256"), ("Delivery:WindowBytes", "67108864"), ("Delivery:StallToClose", "00:01:00"),
        ("TlsCertificate", "/nonexistent/cert.pem"),
    ];

    static readonly string[] Values =
    [
        "", " ", "0", "-1", "1", "2147483647", "2147483648", "9223372036854775807", "9223372036854775808", "1e9", "0x10", "NaN", "true", "yes", "null", "00:00:00", "-00:00:01", "10675199.02:48:05.4775807", "25.00:00:00", "00:00:00.0000001", "24:00:00", "60",
        "\u0000", "a\u0000b", "\u001b[31m", "a\r\nb", "\u202e", "\ud800", ",", ",,,", "1,,2", "1,x", "0,1", "http://", "http://*:80", "http://+:80", "http://0.0.0.0:80", "http://127.0.0.1:99999", "http://127.0.0.1:80/path", "https://127.0.0.1:443", "http://[::1]:80",
        "http://[::1", "ftp://x", "unix:/tmp/x", "http://user:secretpassword@127.0.0.1:80", "tcp://", "tcp://127.0.0.1", "tcp://127.0.0.1:0", "ipc:///tmp/x", ":::::", "main", "mainnet", "simnet", "Regtest", "short", new string('a', 5000), new string('9', 400), "*", "https://*", "null,null", "../../etc",
    ];

    static readonly string[] Names = ["Url", "urls", "Chains", "Chains:", "Chains:btc", "Chains:BTC:Rpc", "Chains:b t c:Rpc", "Chains:\u212a:Network", "Chains:k:Network", "Chains:btc:Rpcc", "Limits", "Limits:", "Limits:MessageBytes:0", "Limits:messagebytes", "Delivery:X", ":", "::", "Chains:btc:Rpc:0", "Data:x"];

    static readonly BitcoinChainFactory Factory = new(TcpNetwork.Instance, TimeProvider.System, SystemEntropy.Instance, NullLoggerFactory.Instance);

    [Fact]
    public async Task Each_setting_is_used_or_refused_by_its_name_with_what_was_expected()
    {
        output.WriteLine($"seed {Storm.Seed}");
        int refused = 0, taken = 0, made = 0;
        await Storm.RunAsync(Storm.Count(10_000), lanes: 2, [], () => ValueTask.FromResult(new Nothing()), async (_, number, mutator) =>
        {
            var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
            for (var count = 1 + mutator.Below(6); count > 0; count--)
            {
                var (name, value) = mutator.Pick(Valid);
                if (mutator.Once(8)) name = mutator.Pick(Names);
                settings["Belfry:" + name] = mutator.Once(2) ? value : mutator.Pick(Values);
            }

            if (!TryRead(new ConfigurationBuilder().AddInMemoryCollection(settings).Build(), out var options))
            {
                Interlocked.Increment(ref refused);
                return;
            }

            Interlocked.Increment(ref taken);
            if (TryMakeChains(options)) Interlocked.Increment(ref made);
            // What was taken can be started: now and then it is built.
            if (number % 50 == 0) await BuildAsync(options);
        });
        output.WriteLine($"{refused} refused, {taken} taken, of these {made} with usable chains");
        refused.ShouldBeGreaterThan(Storm.Count(10_000) / 4);
        taken.ShouldBeGreaterThan(Storm.Count(10_000) / 20);
    }

    [Fact]
    public async Task Each_file_is_read_or_refused_with_the_place_of_its_fault()
    {
        output.WriteLine($"seed {Storm.Seed}");
        const string Sound = """{"Belfry":{"Urls":"http://127.0.0.1:8081","Chains":{"btc":{"Rpc":"http://127.0.0.1:8332","Milestones":[1,3,6],"AuditInterval":"00:00:30"}},"Limits":{"MessageBytes":65536,"LimitLoopback":false},"ApiKeys":["bf_live_0123456789abcdef"]}}""";
        int refused = 0, unreadable = 0;
        await Storm.RunAsync(Storm.Count(10_000), lanes: 2, [], () => ValueTask.FromResult(new Nothing()), (_, _, mutator) =>
        {
            using var file = new MemoryStream(JsonMutator.Mutate(mutator, Sound, 20_000));
            IConfigurationRoot root;
            try
            {
                root = new ConfigurationBuilder().AddJsonStream(file).Build();
            }
            catch (Exception problem) when (problem is FormatException or System.Text.Json.JsonException or InvalidOperationException)
            {
                // The file's own reader wraps them and names the file: see BelfryCommand.
                problem.Message.ShouldNotBeNullOrWhiteSpace();
                Interlocked.Increment(ref unreadable);
                return Task.CompletedTask;
            }

            if (!TryRead(root, out _)) Interlocked.Increment(ref refused);
            return Task.CompletedTask;
        });
        output.WriteLine($"{unreadable} unreadable, {refused} refused");
        (refused + unreadable).ShouldBeGreaterThan(Storm.Count(10_000) / 3);
        refused.ShouldBeGreaterThan(100);
    }

    [Theory]
    [InlineData("Chains:btc:PollInterval", "00:00:00", "Belfry:Chains:btc:PollInterval is 00:00:00: expected a time above 0")]
    [InlineData("Chains:btc:AuditInterval", "1000.00:00:00", "Belfry:Chains:btc:AuditInterval is 1000.00:00:00: expected a time above 0 and at most 24 days")]
    [InlineData("Chains:btc:FinalAfter", "0", "Belfry:Chains:btc:FinalAfter is 0: expected a number above 0")]
    [InlineData("Chains:btc:BehindGrace", "-00:00:01", "Belfry:Chains:btc:BehindGrace is -00:00:01: expected")]
    [InlineData("Limits:MinPaceGrace", "00:00:01", "Belfry:Limits:MinPaceGrace is 00:00:01: expected more than one second")]
    [InlineData("Limits:HeaderBytes", "2000000", "Belfry:Limits:HeaderBytes is 2000000: expected at most 1048576")]
    [InlineData("Delivery:PageSize", "x\u001b[31m", "expected a whole number")]
    public void A_number_or_time_that_cannot_be_used_is_told_at_start(string name, string value, string fault)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new($"Belfry:{name}", value), new("Belfry:Chains:btc:Rpc", "http://127.0.0.1:1")]).Build();
        var told = Should.Throw<ConfigurationException>(() => BelfryConfiguration.Read(configuration, out _)).Faults;
        told.ShouldContain(line => line.Contains(fault, StringComparison.Ordinal), string.Join('\n', told));
        told.ShouldAllBe(line => !line.Contains('\u001b'));
    }

    static bool TryRead(IConfiguration configuration, out BelfryOptions options)
    {
        try
        {
            options = BelfryConfiguration.Read(configuration, out var warnings);
            foreach (var warning in warnings) JudgeText(warning);
            return true;
        }
        catch (ConfigurationException problem)
        {
            options = null!;
            problem.Faults.ShouldNotBeEmpty();
            foreach (var fault in problem.Faults)
            {
                JudgeText(fault);
                fault.ShouldStartWith("Belfry:");
                (fault.Contains("expected", StringComparison.Ordinal) || fault.Contains("set BELFRY__", StringComparison.Ordinal)).ShouldBeTrue(fault);
            }

            return false;
        }
    }

    static bool TryMakeChains(BelfryOptions options)
    {
        var usable = options.Chains.Count > 0;
        foreach (var (id, chain) in options.Chains)
        {
            try
            {
                usable &= Factory.Create(new ChainId(id), chain) is not null;
            }
            catch (EndpointException problem)
            {
                usable = false;
                JudgeText(problem.Message);
                problem.Message.ShouldContain($"Chains:{id}:");
            }
        }

        return usable;
    }

    static async Task BuildAsync(BelfryOptions options)
    {
        try
        {
            await using var server = BelfryServer.Create(options, _ => { }, logging => logging.SetMinimumLevel(LogLevel.None));
        }
        catch (ConfigurationException problem)
        {
            // A certificate that cannot be read.
            foreach (var fault in problem.Faults) JudgeText(fault);
        }
    }

    static void JudgeText(string text)
    {
        text.Length.ShouldBeInRange(10, 1000, text);
        text.Any(char.IsControl).ShouldBeFalse(Encoding.ASCII.GetString(Encoding.ASCII.GetBytes(text)));
        text.ShouldNotContain("secretpassword");
    }

    sealed class Nothing : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
