using Belfry.Core.Chains;
using Belfry.Core.Journal;

namespace Belfry.Sql;

/// <summary>What the one writer carries from write to write: its session, the journal's end, and the keys it has looked up.</summary>
sealed class WriteTurn(string store, SqlSession session, ICrashPoints crashPoints)
{
    readonly Dictionary<ChainId, long> chains = [];
    readonly List<JournalEntry> appended = [];
    (long Head, byte[] Hash, int Appended) mark = (0, [], 0);

    public string Store => store;

    public SqlSession Session => session;

    public ICrashPoints CrashPoints => crashPoints;

    /// <summary>Sequence number of the last entry written, durable or not.</summary>
    public long Head { get; private set; }

    /// <summary>Hash of that entry.</summary>
    public byte[] HeadHash { get; private set; } = [];

    /// <summary>Entries of this turn, to be told after the sync.</summary>
    public IReadOnlyList<JournalEntry> Appended => appended;

    public void Start(long head, byte[] hash) => (Head, HeadHash) = (head, hash);

    public void Begin()
    {
        appended.Clear();
        Mark();
    }

    /// <summary>Remembers where <see cref="Rewind"/> goes back to.</summary>
    public (long Head, byte[] Hash, int Appended) Mark() => mark = (Head, HeadHash, appended.Count);

    /// <summary>Forgets what was rolled back.</summary>
    public void Rewind((long Head, byte[] Hash, int Appended) to)
    {
        (Head, HeadHash, mark) = (to.Head, to.Hash, to);
        appended.RemoveRange(to.Appended, appended.Count - to.Appended);
        chains.Clear();
    }

    public void Append(JournalEntry entry, byte[] hash)
    {
        (Head, HeadHash) = (entry.Sequence, hash);
        appended.Add(entry);
    }

    public long ChainKey(ChainId chain)
    {
        if (chains.TryGetValue(chain, out var key)) return key;
        key = LedgerReads.ChainKey(session, chain) ?? (long)session.Scalar("chain_add", chain.Value)!;
        chains.Add(chain, key);
        return key;
    }

    /// <summary>The key of a script and the address stored with it; adds it when it is new, and its address when that was not known.</summary>
    public (long Key, string Address) ScriptKey(long chain, Script script, string? address)
    {
        var bytes = script.Span.ToArray();
        long key;
        string known;
        using (var row = session.Query("script", chain, bytes))
        {
            if (!row.Read()) return (AddScript(chain, bytes, address ?? ""), address ?? "");
            (key, known) = (row.GetInt64(0), row.GetString(1));
        }

        if (known.Length > 0 || string.IsNullOrEmpty(address)) return (key, known);
        session.Execute("script_address", key, address);
        return (key, address);
    }

    long AddScript(long chain, byte[] script, string address) => (long)session.Scalar("script_add", chain, script, address, 0, 0, null, null)!;
}
