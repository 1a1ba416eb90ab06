using System.Text;
using System.Text.Json;
using Belfry.Cli;
using Belfry.Client;
using Belfry.Server.Tests.Client;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

public sealed class CommandTests
{
    readonly StringWriter output = new();
    readonly StringWriter errors = new();

    [Theory]
    [InlineData("--help", "Exit codes:")]
    [InlineData("listen --help", "belfry listen --json --after 0")]
    [InlineData("decode address --help", "belfry decode address")]
    [InlineData("up --help", "BELFRY__Chains__btc__Rpc")]
    public async Task Help_teaches_by_example(string line, string example)
    {
        (await RunAsync(line)).ShouldBe(ExitCodes.Done);
        output.ToString().ShouldContain(example);
    }

    [Fact]
    public async Task One_good_address_is_decoded_and_a_bad_one_ends_with_one()
    {
        (await RunAsync("decode address --chain btc bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4")).ShouldBe(ExitCodes.Done);
        (await RunAsync("decode address --chain btc bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5")).ShouldBe(ExitCodes.Refused);
        Lines().Select(line => line.GetProperty("ok").GetBoolean()).ShouldBe([true, false]);
    }

    [Fact]
    public async Task Bad_lines_are_values_in_their_place()
    {
        const string Input = "{\"in\":\"0014751e76e8199196d454941c45d1b3a323f1433bd6\"}\r\n\nnonsense\n{\"in\":7}\n{\"in\":\"5\"}\n[]\n{\"in\":\"6a\"}";
        (await RunAsync("decode script", Input)).ShouldBe(ExitCodes.Done);
        Lines().Select(line => line.GetProperty("ok").GetBoolean()).ShouldBe([true, false, false, false, false, true]);
    }

    [Theory]
    [InlineData("decode address --chain no_such! x", ExitCodes.Usage)]
    [InlineData("listen --bogus", ExitCodes.Usage)]
    [InlineData("address btc x --server http://127.0.0.1:1", ExitCodes.Unreachable)]
    [InlineData("address btc x --server nonsense", ExitCodes.Usage)]
    public async Task Failures_have_their_exit_code_and_no_trace(string line, int code)
    {
        (await RunAsync(line)).ShouldBe(code);
        errors.ToString().ShouldNotContain("   at ");
        errors.ToString().ShouldNotBeEmpty();
    }

    [Fact]
    public async Task Listen_prints_what_the_server_sent_and_ends_after_the_count()
    {
        await using var server = await ScriptedServer.StartAsync(async act =>
        {
            await act.ConfirmAsync(0);
            await act.TellAsync(1, 2, 3);
            await act.HoldAsync();
        });
        (await RunAsync($"listen --json --count 2 --event new_payment --currency btc --server {server.Address}")).ShouldBe(ExitCodes.Done);
        Lines().Select(line => line.GetProperty("seq").GetInt64()).ShouldBe([1, 2]);
        server.Said.TryPeek(out var said).ShouldBeTrue();
        said.GetProperty("events")[0].GetString().ShouldBe("new_payment");
        said.GetProperty("currencies")[0].GetString().ShouldBe("BTC");
    }

    [Fact]
    public void A_line_for_people_says_what_a_replacement_means_and_lets_no_control_character_through()
    {
        var happened = new BelfryEvent
        {
            Timestamp = 1.5,
            Data = new BelfryEventData
            {
                Event = "transaction_replaced",
                Currency = "BTC",
                Amount = "1",
                Direction = "in",
                Address = "bc1q\e[31m",
                TransactionHash = new string('a', 64),
                Others = new() { ["pays_you"] = JsonDocument.Parse("false").RootElement },
            },
        };
        var plain = EventLine.Render(happened, Terminal(""));
        plain.ShouldContain("pays somebody else");
        plain.ShouldNotContain('\e');
    }

    async Task<int> RunAsync(string line, string input = "") => await BelfryCommand.RunAsync(line.Split(' '), Terminal(input), TestContext.Current.CancellationToken);

    Terminal Terminal(string input) => new()
    {
        Out = output,
        Error = errors,
        OpenInput = () => new MemoryStream(Encoding.UTF8.GetBytes(input)),
        InputRedirected = true,
    };

    List<JsonElement> Lines() => [.. output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];
}
