using System.Buffers;

namespace Belfry.Core.Chains;

/// <summary>Lower-case id of one followed network, as used in keys and URLs: <c>btc</c>, <c>ltc</c>, <c>bch</c>, <c>doge</c>, <c>eth</c>, <c>trx</c>.</summary>
public readonly record struct ChainId : IComparable<ChainId>
{
    static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    readonly string? value;

    /// <summary>Takes a valid id.</summary>
    /// <exception cref="ArgumentException">Not 1 to 16 characters of a–z, 0–9 and '-'.</exception>
    public ChainId(string value) => this.value = IsValid(value)
        ? value
        : throw new ArgumentException($"'{value}' is not a chain id: expected 1 to 16 characters of a-z, 0-9 and '-', for instance 'btc'.", nameof(value));

    /// <summary>The id, for instance <c>btc</c>.</summary>
    public string Value => value ?? "";

    /// <summary>Whether <paramref name="text"/> can be a chain id.</summary>
    public static bool IsValid(string? text) =>
        text is { Length: >= 1 and <= 16 } && text.AsSpan().IndexOfAnyExcept(Allowed) < 0;

    /// <inheritdoc/>
    public int CompareTo(ChainId other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;

    public static bool operator <(ChainId left, ChainId right) => left.CompareTo(right) < 0;
    public static bool operator >(ChainId left, ChainId right) => left.CompareTo(right) > 0;
    public static bool operator <=(ChainId left, ChainId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(ChainId left, ChainId right) => left.CompareTo(right) >= 0;
}
