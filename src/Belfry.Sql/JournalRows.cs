using System.Data.Common;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Runtime;

namespace Belfry.Sql;

/// <summary>Rows of the journal, as every statement that reads them names their columns, and the check against the hash chain.</summary>
static class JournalRows
{
    /// <summary>Where statements that read single rows have the hash of the row before.</summary>
    public const int PreviousHash = 12;

    /// <summary>The entry of a row that stands alone: its own hash in column 11 is made again from the hash before it.</summary>
    public static JournalEntry Verified(string store, DbDataReader row, long sequence, int? previousColumn, string epoch)
    {
        var entry = Entry(store, row, sequence);
        var previous = previousColumn is { } column ? row.IsDBNull(column) ? [] : row.Bytes(column) : JournalChain.Genesis(epoch);
        return JournalChain.Hash(previous, entry).AsSpan().SequenceEqual(row.Bytes(11)) ? entry : throw Broken(store, sequence);
    }

    /// <summary>The entry of a row that must have this number.</summary>
    public static JournalEntry Entry(string store, DbDataReader row, long expected)
    {
        try
        {
            if (row.GetInt64(0) != expected) throw Broken(store, expected);
            var script = row.IsDBNull(3) ? null : new Script(row.Bytes(3));
            var address = row.GetValue(5) switch
            {
                DBNull => script is null ? null : row.Text(4),
                string text => text,
                _ => null,
            };
            return new JournalEntry(expected, new ChainId(row.GetString(1)), new PendingEvent(
                row.GetString(8), (EventKind)row.GetInt64(2), script, address, row.IsDBNull(6) ? null : new TxHash(row.Hash(6)), row.Number(7), row.Bytes(10), row.Time(9)));
        }
        catch (Exception problem) when (problem is InvalidCastException or FormatException or ArgumentException or InvalidOperationException or OverflowException)
        {
            throw Broken(store, expected, problem);
        }
    }

    public static StoreException Broken(string store, long sequence, Exception? inner = null) =>
        new(store, $"journal entry {sequence} does not verify against the hash chain: the file is damaged; restore a backup", inner);
}
