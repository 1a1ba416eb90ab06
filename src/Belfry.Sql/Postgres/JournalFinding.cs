using Belfry.Core.Journal;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>What a statement that reads the end of the journal answers.</summary>
/// <param name="Epoch">The word of the journal.</param>
/// <param name="Timeline">The word of its last restore, or null.</param>
/// <param name="Sequence">The last number.</param>
readonly record struct JournalEnd(string Epoch, string? Timeline, long Sequence);

/// <summary>Reads journal rows, each verified against the hash chain.</summary>
static class JournalFinding
{
    /// <summary>The end of the journal, verified, from the rows of <c>journal_head</c>; goes on to the next rows.</summary>
    public static async ValueTask<JournalEnd> HeadAsync(string store, NpgsqlDataReader row, CancellationToken cancellationToken)
    {
        if (!await row.ReadAsync(cancellationToken)) throw new Core.Runtime.StoreException(store, "the journal has no head; restore a backup");
        var (epoch, sequence, hash) = (row.GetString(0), row.GetInt64(1), row.Bytes(2));
        var held = sequence == 0 ? JournalChain.Genesis(epoch) : row.IsNull(3) ? [] : row.Bytes(3);
        if (!hash.AsSpan().SequenceEqual(held) || (row.Number(4) ?? 0) != sequence) throw JournalRows.Broken(store, sequence);
        var end = new JournalEnd(epoch, row.Text(5), sequence);
        await row.NextResultAsync(cancellationToken);
        return end;
    }

    /// <summary>The hash before a run of rows, from the rows of <c>journal_hash</c>; goes on to the next rows.</summary>
    public static async ValueTask<byte[]> HashBeforeAsync(string store, NpgsqlDataReader row, string epoch, long sequence, CancellationToken cancellationToken)
    {
        var hash = await row.ReadAsync(cancellationToken) ? row.Bytes(0) : null;
        await row.NextResultAsync(cancellationToken);
        return sequence == 0 ? JournalChain.Genesis(epoch) : hash ?? throw JournalRows.Broken(store, sequence);
    }

    /// <summary>A run of rows without a gap, chained to the hash before it.</summary>
    public static async ValueTask<List<JournalEntry>> RunAsync(string store, NpgsqlDataReader row, long after, byte[] previous, CancellationToken cancellationToken)
    {
        var entries = new List<JournalEntry>();
        while (await row.ReadAsync(cancellationToken))
        {
            var entry = JournalRows.Entry(store, row, after + entries.Count + 1);
            var hash = JournalChain.Hash(previous, entry);
            if (!hash.AsSpan().SequenceEqual(row.Bytes(11))) throw JournalRows.Broken(store, entry.Sequence);
            previous = hash;
            entries.Add(entry);
        }

        return entries;
    }

    /// <summary>Rows that stand alone, each beside the hash of the one before.</summary>
    public static async ValueTask<List<JournalEntry>> SingleAsync(string store, NpgsqlDataReader row, string epoch, CancellationToken cancellationToken)
    {
        var entries = new List<JournalEntry>();
        while (await row.ReadAsync(cancellationToken))
            entries.Add(JournalRows.Verified(store, row, row.GetInt64(0), row.GetInt64(0) == 1 ? null : JournalRows.PreviousHash, epoch));
        return entries;
    }
}
