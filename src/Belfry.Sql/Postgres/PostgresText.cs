using System.Collections.Frozen;

namespace Belfry.Sql.Postgres;

/// <summary>PostgreSQL's statements: those of every relational store, and those that it is told in other words.</summary>
static class PostgresText
{
    static readonly string[] Parts = ["tx", "tx_inputs", "tx_movements", "tx_coins"];

    /// <summary>Statements by name; the parts of transactions are named <c>tx_inputs of keys_open</c>.</summary>
    public static FrozenDictionary<string, string> Statements { get; } = Compose(
        SqlText.Parse("Ledger.sql", "Journal.sql", "Postgres/Ledger.sql", "Postgres/Journal.sql", "Postgres/Watches.sql"));

    // The parts of some transactions are asked for together with the question which they are: one way to the server and back.
    static FrozenDictionary<string, string> Compose(Dictionary<string, string> statements)
    {
        foreach (var keys in statements.Keys.Where(name => name.StartsWith("keys_", StringComparison.Ordinal)).ToList())
            foreach (var part in Parts) statements[$"{part} of {keys}"] = statements[part].Replace("{keys}", statements[keys], StringComparison.Ordinal);
        return statements.ToFrozenDictionary();
    }
}
