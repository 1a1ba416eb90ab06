using System.Net;
using Belfry.Contracts;
using Belfry.Core.Chains;
using Belfry.Core.Hosting;
using Belfry.Core.Runtime;
using Belfry.Sql;
using Belfry.Sql.Postgres;
using Belfry.TestKit;
using Belfry.TestKit.Nodes;
using Belfry.TestKit.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using Shouldly;

namespace Belfry.Stores.Tests;

/// <summary>What cannot be used is said in one line that names the server and the setting, and never the password.</summary>
public sealed class PostgresRefusalTests
{
    const string Secret = "s3cr/et p@ss";
    static readonly ChainId Btc = new("btc");

    [Fact]
    public async Task A_wrong_password_an_absent_database_and_an_absent_server_are_told_without_the_password()
    {
        var server = await PostgresServer.SharedAsync();
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("DO $$ BEGIN CREATE ROLE somebody LOGIN PASSWORD 'another'; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
        using var free = FreePort.Lease();
        await RefusedAsync(Url("somebody", server.EndPoint, database.Name), $"postgres://127.0.0.1:{server.EndPoint.Port}/{database.Name}: the server refuses user and password; correct them (setting DATABASE_URL)");
        await RefusedAsync(Url("belfry", server.EndPoint, "nowhere"), $"postgres://127.0.0.1:{server.EndPoint.Port}/nowhere: the database does not exist; create it with: createdb nowhere (setting DATABASE_URL)");
        await RefusedAsync(Url("belfry", free.EndPoint, "x"), $"postgres://127.0.0.1:{free.Number}/x: cannot be reached: ConnectionRefused; is the server running, and are host and port right? (setting DATABASE_URL)");
    }

    [Fact]
    public async Task A_user_without_rights_an_old_server_and_settings_that_lose_data_are_refused()
    {
        var server = await PostgresServer.SharedAsync();
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync($"DO $$ BEGIN CREATE ROLE guest LOGIN PASSWORD '{Secret}'; EXCEPTION WHEN duplicate_object THEN NULL; END $$");
        (await RefusedAsync(Url("guest", server.EndPoint, database.Name))).ShouldContain("the user may not do this");
        var old = await Should.ThrowAsync<StoreException>(() => OpenAsync(new PostgresStoreOptions { Connection = database.ConnectionString, OldestServer = 99 }));
        old.Message.ShouldContain("the server is PostgreSQL 1");
        old.Message.ShouldEndWith("Belfry needs 99 or newer (setting Belfry:Postgres)");
        await database.ExecuteAsync($"ALTER DATABASE {database.Name} SET synchronous_commit = off");
        (await RefusedAsync(database.ConnectionString)).ShouldContain("synchronous_commit=off");
    }

    [Theory]
    [InlineData("postgres://u:s3cr/et p@ss@h/db")]
    [InlineData("Host=h;Password=s3cr/et p@ss;Nonsense=1")]
    [InlineData("postgres://u:s3cr@h/db?sslmode=perhaps")]
    [InlineData("Username=u;Password=s3cr")]
    public void A_connection_that_cannot_be_read_is_told_by_its_setting(string text)
    {
        var error = Should.Throw<ConfigurationException>(() => PostgresConnection.Read(text, "DATABASE_URL"));
        error.Message.ShouldContain("DATABASE_URL");
        error.Message.ShouldNotContain("s3cr");
    }

    [Fact]
    public void A_url_and_a_list_of_settings_mean_the_same()
    {
        var url = PostgresConnection.Read("postgresql://us%40er:s3cr%2Fet@db.example:6543/my%20db?sslmode=require&connect_timeout=7", "x");
        (url.Host, url.Port, url.Username, url.Password, url.Database, url.SslMode, url.Timeout)
            .ShouldBe(("db.example", 6543, "us@er", "s3cr/et", "my db", SslMode.Require, 7));
        PostgresConnection.Name(url).ShouldBe("postgres://db.example:6543/my db");
        PostgresConnection.Name(PostgresConnection.Read("Host=h;Username=u", "x")).ShouldBe("postgres://h:5432/u");
    }

    [Fact]
    public void The_variables_of_other_programs_are_understood_and_the_own_setting_comes_first()
    {
        Find(("DATABASE_URL", "postgres://h/db"), ("DB_USER", "u"), ("DB_PASS", "p@")).ShouldBe(("postgres://u:p%40@h/db", "DATABASE_URL"));
        Find(("DATABASE_URL", "postgres://a:b@h/db"), ("DB_USER", "u")).ShouldBe(("postgres://a:b@h/db", "DATABASE_URL"));
        Find(("DATABASE_URL", "mysql://h/db")).ShouldBeNull();
        Find(("DB_USER", "u")).ShouldBeNull();
        Find(("Belfry:Postgres", "postgres://own/db"), ("DATABASE_URL", "postgres://h/db")).ShouldBe(("postgres://own/db", "Belfry:Postgres"));
        var parts = Find(("POSTGRES_HOST", "h"), ("POSTGRES_PORT", "7"), ("POSTGRES_DB", "d"), ("DB_USER", "u"), ("DB_PASS", "a;b'c")).ShouldNotBeNull();
        var read = PostgresConnection.Read(parts.Connection, parts.Setting);
        (read.Host, read.Port, read.Database, read.Username, read.Password).ShouldBe(("h", 7, "d", "u", "a;b'c"));
    }

    [Fact]
    [Trait("Fault", "P05")]
    public async Task Commits_that_meet_in_a_deadlock_are_tried_again()
    {
        await using var database = await PostgresTemplate.CreateAsync();
        await using var store = await PostgresUnderTest.OpenAsync(database);
        await store.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("a")), default);
        await database.ExecuteAsync("CREATE TABLE belfry.other (x int); INSERT INTO belfry.other VALUES (1)");
        // Each commit touches the other table behind the head; the rival holds it and then wants the head.
        await database.ExecuteAsync("""
            CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 FROM belfry.other FOR UPDATE; RETURN NEW; END $$;
            CREATE TRIGGER meet AFTER UPDATE ON belfry.journal_head FOR EACH ROW EXECUTE FUNCTION meet()
            """);
        await using var rival = new NpgsqlConnection(database.ConnectionString);
        await rival.OpenAsync();
        await ExecuteAsync(rival, "SET deadlock_timeout = '10min'; BEGIN; SELECT 1 FROM belfry.other FOR UPDATE");
        var commit = store.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("b")), default).AsTask();
        await Eventually.HoldsAsync(async () => (long)(await database.ExecuteAsync("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))! == 1);
        // The rival closes the ring; the commit, whose patience is the shorter, is the one that is refused.
        var ring = ExecuteAsync(rival, "SELECT 1 FROM belfry.journal_head FOR UPDATE");
        await ring.WaitAsync(TimeSpan.FromSeconds(30));
        await ExecuteAsync(rival, "COMMIT");
        (await commit).Head.ShouldBe(2);
        (await store.VerifyAsync(1, 2, default)).ShouldBe(2);
    }

    [Fact]
    [Trait("Fault", "P05")]
    public async Task A_server_without_a_connection_left_is_told_and_used_again_when_there_is_one()
    {
        await using var server = await PostgresServer.StartAsync("max_connections=14", "superuser_reserved_connections=1");
        await using var database = await server.CreateDatabaseAsync();
        await database.ExecuteAsync("CREATE ROLE owner LOGIN PASSWORD 'p'");
        await database.ExecuteAsync($"GRANT CREATE ON DATABASE {database.Name} TO owner");
        var connection = new NpgsqlConnectionStringBuilder(database.ConnectionString) { Username = "owner", Password = "p" }.ConnectionString;
        await using var store = await PostgresUnderTest.OpenAsync(connection, patience: TimeSpan.FromMilliseconds(100));
        var others = new List<NpgsqlConnection>();
        NpgsqlException? full = null;
        while (full is null)
        {
            var other = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connection) { Pooling = false }.ConnectionString);
            others.Add(other);
            try
            {
                await other.OpenAsync();
            }
            catch (NpgsqlException problem)
            {
                full = problem;
            }
        }

        (await Should.ThrowAsync<StoreException>(async () => await store.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("a")), default))).Message.ShouldContain("no connection left");
        foreach (var other in others) await other.DisposeAsync();
        await Eventually.HoldsAsync(async () => (await store.Ledger.CommitAsync(Samples.Events(Btc, Samples.Event("a")), default)).Head == 1);
    }

    static async Task<string> RefusedAsync(string connection, string? message = null)
    {
        var error = await Should.ThrowAsync<StoreException>(() => OpenAsync(new PostgresStoreOptions { Connection = connection, Setting = "DATABASE_URL", Patience = TimeSpan.FromMilliseconds(50) }));
        if (message is not null) error.Message.ShouldBe(message);
        error.ToString().ShouldNotContain(Secret);
        return error.Message;
    }

    static Task<PostgresStore> OpenAsync(PostgresStoreOptions options) =>
        PostgresStore.OpenAsync(new StoreParts(options, TimeProvider.System, SystemEntropy.Instance, NoCrashPoints.Instance, NullLogger.Instance), default);

    static string Url(string user, IPEndPoint endPoint, string database) => $"postgres://{user}:{Uri.EscapeDataString(Secret)}@127.0.0.1:{endPoint.Port}/{database}";

    static (string Connection, string Setting)? Find(params (string Name, string Value)[] variables) => PostgresVariables.Find(
        new ConfigurationBuilder().AddInMemoryCollection(variables.Select(pair => new KeyValuePair<string, string?>(pair.Name, pair.Value))).Build());

    static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // the text is the test's own
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }
}
