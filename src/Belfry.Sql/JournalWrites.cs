using Belfry.Core.Chains;
using Belfry.Core.Journal;

namespace Belfry.Sql;

/// <summary>How events go into the journal, within the writer's transaction.</summary>
static class JournalWrites
{
    /// <summary>Appends events; those whose id exists are left out.</summary>
    /// <returns>How many were left out.</returns>
    public static int Append(WriteTurn turn, ChainId chainId, long chain, IReadOnlyList<PendingEvent> events)
    {
        var session = turn.Session;
        var duplicates = 0;
        foreach (var told in events)
        {
            if (session.Scalar("journal_has", told.Id) is not null)
            {
                duplicates++;
                continue;
            }

            var entry = new JournalEntry(turn.Head + 1, chainId, told);
            var hash = JournalChain.Hash(turn.HeadHash, entry);
            long? script = null;
            object? address = told.Address;
            if (told.Script is not null)
            {
                (script, var known) = turn.ScriptKey(chain, told.Script, told.Address);
                address = told.Address is null ? 0L : told.Address == known ? null : told.Address;
            }

            session.Execute("journal_add", entry.Sequence, chain, (long)told.Kind, script, address, told.Transaction?.Value.ToArray(), told.Height, told.Id,
                Columns.Of(told.At), told.Data.ToArray(), hash);
            turn.Append(entry, hash);
        }

        return duplicates;
    }
}
