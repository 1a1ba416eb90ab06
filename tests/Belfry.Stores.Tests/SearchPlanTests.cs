using Belfry.Sql;
using Belfry.Sql.Sqlite;
using Microsoft.Data.Sqlite;
using Shouldly;

namespace Belfry.Stores.Tests;

/// <summary>What people search for is found by an index: asked of SQLite's own planner, on the schema that this program makes.</summary>
public sealed class SearchPlanTests : IDisposable
{
    readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("journal_page_of_tx", "journal_by_tx")]
    [InlineData("journal_page_of_height", "journal_by_height")]
    [InlineData("journal_page_of_block", "journal_by_block")]
    [InlineData("journal_by_id", "journal_by_id")]
    [InlineData("journal_page_of_script", "journal_by_script")]
    [InlineData("journal_page", "PRIMARY KEY")]
    [InlineData("tx_id", "transactions_by_hash")]
    [InlineData("watch_by_id", "watches_by_id")]
    public async Task A_search_uses_its_index_and_reads_no_table_from_end_to_end(string statement, string index)
    {
        await (await SqliteStore.OpenAsync(new SqliteStoreOptions { Folder = folder.Path })).DisposeAsync();
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(folder.Path, "belfry.db")};Pooling=False");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + SqlText.Statements[statement];
        for (var number = 1; command.CommandText.Contains($"${number}"); number++) command.Parameters.AddWithValue($"${number}", 1L);
        await using var rows = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var plan = new List<string>();
        while (await rows.ReadAsync(TestContext.Current.CancellationToken)) plan.Add(rows.GetString(3));
        plan[0].ShouldStartWith("SEARCH");
        plan[0].ShouldContain(index);
        plan.ShouldAllBe(step => !step.StartsWith("SCAN"));
    }
}
