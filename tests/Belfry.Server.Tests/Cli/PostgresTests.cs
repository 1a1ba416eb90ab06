using Belfry.Server.Tests.EndToEnd;
using Belfry.TestKit.Nodes;
using Belfry.TestKit.Postgres;
using Shouldly;

namespace Belfry.Server.Tests.Cli;

/// <summary>docs/operate/postgres.md: a server moves from its data folder to PostgreSQL, and goes on.</summary>
public sealed class PostgresTests
{
    [Fact]
    public async Task A_server_moves_to_postgres_and_its_clients_go_on_where_they_were()
    {
        await using var node = await LitecoindNode.StartNewAsync(new LitecoindOptions { WithoutMweb = true });
        await using var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        var postgres = $"postgres://belfry@127.0.0.1:{database.Server.EndPoint.Port}/{database.Name}";
        await node.FundAsync();
        await using var server = await BelfryProcess.StartAsync(new ChainSetup(node));
        var till = await node.NewAddressAsync();
        await server.WatchAsync("ltc", till);
        await node.SendAsync(till, "1");
        await node.GenerateAsync(2);
        await server.AtTipOfAsync(node);
        await WithBalanceAsync(server, till, "1");
        await server.StopAsync();
        var before = await CopyAsync(server.Data, postgres);

        server.Environment["DATABASE_URL"] = postgres;
        server.Launch();
        await server.AtTipOfAsync(node);
        var told = await server.JournalAsync();
        told.Count.ShouldBeGreaterThanOrEqualTo(before);
        await node.SendAsync(till, "2");
        await node.GenerateAsync(1);
        await WithBalanceAsync(server, till, "3");
        await server.KillAsync();
        server.Launch();
        await server.AtTipOfAsync(node);
        var after = await server.JournalAsync();
        after.Take(told.Count).Select(entry => entry.ToString()).ShouldBe(told.Select(entry => entry.ToString()));
        after.Select(entry => entry.Id).ShouldBeUnique();
        (await server.AddressAsync("ltc", till)).GetProperty("balance").GetProperty("confirmed").GetString().ShouldBe("3");
        ((long)(await database.ExecuteAsync("SELECT max(seq) FROM belfry.journal"))!).ShouldBeGreaterThanOrEqualTo(after.Count);
    }

    [Fact]
    public async Task The_tables_are_made_by_a_command_and_the_doctor_sees_them()
    {
        await using var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync();
        var environment = new Dictionary<string, string> { ["BELFRY__Postgres"] = $"postgres://belfry@127.0.0.1:{database.Server.EndPoint.Port}/{database.Name}" };
        (await DoctorAsync(environment)).ShouldContain("it has no tables of Belfry's yet");
        await using var migrate = await Typed.EndedAsync(["db", "migrate"], environment);
        migrate.ExitCode.ShouldBe(0, migrate.Error);
        migrate.Out.ShouldMatch(@"PostgreSQL \d+\.\d+  schema \d+, was 0");
        await using var again = await Typed.EndedAsync(["db", "migrate"], environment);
        again.Out.ShouldContain(", as before");
        (await DoctorAsync(environment)).ShouldMatch(@"ok +postgres: \d+\.\d+ at postgres://127.0.0.1:\d+/test_\d+, schema \d+");
        await using var absent = await Typed.EndedAsync(["db", "migrate", "--postgres", "postgres://belfry:secret-word@127.0.0.1:1/x"]);
        absent.ExitCode.ShouldBe(Belfry.Cli.ExitCodes.Configuration);
        absent.Error.ShouldBe("belfry: postgres://127.0.0.1:1/x: cannot be reached: ConnectionRefused; is the server running, and are host and port right? (setting Belfry:Postgres)");
    }

    static async Task<string> DoctorAsync(Dictionary<string, string> environment)
    {
        await using var doctor = await Typed.EndedAsync(["doctor"], environment);
        return doctor.Out;
    }

    static async Task<int> CopyAsync(string data, string postgres)
    {
        await using var copy = await Typed.EndedAsync(["db", "copy", "--data", data, "--postgres", postgres]);
        copy.ExitCode.ShouldBe(0, copy.Error);
        copy.Out.ShouldContain("are equal in every row");
        return int.Parse(copy.Lines.Single(line => line.StartsWith("journal  ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]);
    }

    static Task WithBalanceAsync(BelfryProcess server, string address, string confirmed) => TestKit.Eventually.HoldsAsync(
        async () => (await server.AddressAsync("ltc", address)).GetProperty("balance").GetProperty("confirmed").GetString() == confirmed);
}
