using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Ledger;
using Belfry.Core.Watches;

namespace Belfry.Contracts;

/// <summary>Small invented data: the same number is always the same thing.</summary>
public static class Samples
{
    public static readonly DateTimeOffset Time = new DateTimeOffset(2026, 3, 4, 5, 6, 7, TimeSpan.Zero).AddTicks(1234567);

    public static Hash256 Hash(string what, long number) =>
        new(SHA256.HashData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{what} {number}"))));

    public static TxHash Tx(long number) => new(Hash("tx", number));

    public static BlockHash BlockId(long height, int branch = 0) => new(Hash($"block {branch}", height));

    public static BlockRef At(long height, int branch = 0) => new(height, BlockId(height, branch));

    public static BlockHeader Header(long height, int branch = 0) =>
        new(At(height, branch), BlockId(height - 1, branch), Time.AddMinutes(height), (height + 1) * new System.Numerics.BigInteger(ulong.MaxValue) * 77, InBestChain: true);

    public static ChainPosition Position(long height, string network = "main", int branch = 0) =>
        new(network, BlockId(0), Header(height, branch), Header(height, branch).Work + 5, Disconnects: height * 3, Gap: height % 2 == 0 ? null : "frame_gap");

    public static Script Script(long number)
    {
        Span<byte> bytes = stackalloc byte[22];
        bytes[1] = 20;
        BinaryPrimitives.WriteInt64BigEndian(bytes[8..], number);
        return new Script(bytes);
    }

    public static string Address(long number) => string.Create(CultureInfo.InvariantCulture, $"bc1q{number:x16}");

    public static OutPoint Foreign(long number, uint index = 0) => new(new TxHash(Hash("foreign", number)), index);

    /// <summary>A transaction that pays a script from a foreign outpoint of the same number.</summary>
    public static LedgerTransaction Payment(ChainId chain, long number, long script, Amount value, TxState state = TxState.Seen, BlockRef? block = null, int position = -1) => new()
    {
        Chain = chain,
        Id = Tx(number),
        State = state,
        Block = block,
        Position = position,
        FirstSeen = Time.AddSeconds(number),
        Fee = 210,
        Inputs = [Foreign(number)],
        Movements = [new Movement(Script(script), Address(script), value, 0, "bc1qsender", Address(script))],
        Coins = [new Coin(new OutPoint(Tx(number), 1), Script(script), value)],
    };

    public static PendingEvent Event(string id, EventKind kind = EventKind.NewTransaction, long? script = 1, TxHash? transaction = null, long? height = null) => new(
        id, kind, script is { } number ? Script(number) : null, script is { } same ? Address(same) : null, transaction, height,
        Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","amount":"0.00000210"}"""), Time.AddTicks(id.Length));

    public static LedgerBatch Events(ChainId chain, params IReadOnlyList<PendingEvent> events) => new() { Chain = chain, Events = events };

    public static Watch Watch(string id, long script, string account = "alice", ChainId? chain = null, long? fromHeight = null, bool active = true, string? label = null) => new(
        id, account, chain ?? new ChainId("btc"), Script(script), Address(script), Address(script).ToUpperInvariant(), label, fromHeight, active, Time.AddSeconds(script));

    public static async Task<List<T>> ToListAsync<T>(this IAsyncEnumerable<T> items)
    {
        var list = new List<T>();
        await foreach (var item in items) list.Add(item);
        return list;
    }

    /// <summary>Everything in a transaction as text, so that two can be compared to the last field.</summary>
    public static string Text(this LedgerTransaction transaction) => string.Join(" | ",
        transaction with { Inputs = default, Movements = default, Coins = default },
        string.Join(", ", transaction.Inputs), string.Join(", ", transaction.Movements), string.Join(", ", transaction.Coins));

    /// <summary>Everything in an entry as text.</summary>
    public static string Text(this JournalEntry entry) => string.Join(" | ",
        entry.Sequence, entry.Chain, entry.Event with { Data = default }, entry.Event.At.UtcTicks, Convert.ToHexString(entry.Event.Data.Span));
}
