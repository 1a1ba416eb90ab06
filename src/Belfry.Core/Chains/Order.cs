namespace Belfry.Core.Chains;

/// <summary>Orders scripts by their bytes: hash codes differ from process to process, so anything that is walked through must not go by them.</summary>
public sealed class ScriptOrder : IComparer<Script>
{
    /// <summary>The one instance.</summary>
    public static ScriptOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(Script? x, Script? y) => x is null || y is null ? (x is null ? 0 : 1) - (y is null ? 0 : 1) : x.Span.SequenceCompareTo(y.Span);
}

/// <summary>Orders outpoints by transaction, then index.</summary>
public sealed class OutPointOrder : IComparer<OutPoint>
{
    /// <summary>The one instance.</summary>
    public static OutPointOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(OutPoint x, OutPoint y) =>
        x.Transaction == y.Transaction ? x.Index.CompareTo(y.Index) : x.Transaction.Value.CompareTo(y.Transaction.Value);
}

/// <summary>Orders transaction ids as they are written.</summary>
public sealed class TxHashOrder : IComparer<TxHash>
{
    /// <summary>The one instance.</summary>
    public static TxHashOrder Instance { get; } = new();

    /// <inheritdoc/>
    public int Compare(TxHash x, TxHash y) => x.Value.CompareTo(y.Value);
}
