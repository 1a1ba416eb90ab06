using System.Data.Common;
using System.Globalization;
using System.Numerics;
using Belfry.Core.Chains;
using Belfry.Core.Ledger;
using Belfry.Core.Watches;

namespace Belfry.Sql;

/// <summary>How values of the domain lie in columns.</summary>
static class Columns
{
    /// <summary>A 64-bit integer when it fits, otherwise decimal text.</summary>
    public static object Of(Amount amount) =>
        amount.Units >= long.MinValue && amount.Units <= long.MaxValue ? (long)amount.Units : amount.Units.ToString(CultureInfo.InvariantCulture);

    public static byte[] Of(BigInteger work) => work.ToByteArray(isUnsigned: true, isBigEndian: true);

    public static long Of(DateTimeOffset time) => time.UtcTicks;

    public static byte[] Wire(OutPoint outPoint)
    {
        var wire = new byte[OutPoint.WireSize];
        outPoint.CopyToWire(wire);
        return wire;
    }

    public static Amount Amount(this DbDataReader row, int column) => row.GetValue(column) switch
    {
        long units => units,
        string text => new Amount(BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture)),
        var other => throw new FormatException($"An amount cannot be a {other.GetType().Name}."),
    };

    public static BigInteger Work(this DbDataReader row, int column) => new(row.Bytes(column), isUnsigned: true, isBigEndian: true);

    public static Hash256 Hash(this DbDataReader row, int column) =>
        row.Bytes(column) is { Length: Hash256.Size } bytes ? new Hash256(bytes) : throw new FormatException("A hash has 32 bytes.");

    public static DateTimeOffset Time(this DbDataReader row, int column) => new(row.GetInt64(column), TimeSpan.Zero);

    public static byte[] Bytes(this DbDataReader row, int column) =>
        row.GetValue(column) as byte[] ?? throw new FormatException($"Column {column} holds no bytes.");

    /// <summary>Whether a column of a row that has been read is null; rows are never read piece by piece here, so that this waits for nothing.</summary>
    public static bool IsNull(this DbDataReader row, int column) => row.IsDBNull(column);

    /// <summary>A value of a row that has been read.</summary>
    public static T Value<T>(this DbDataReader row, int column) => row.GetFieldValue<T>(column);

    public static string? Text(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    public static long? Number(this DbDataReader row, int column) => row.IsDBNull(column) ? null : row.GetInt64(column);

    /// <summary>The order in which <c>position</c> and <c>position_set</c> name their columns.</summary>
    public static ChainPosition Position(this DbDataReader row) => new(
        row.GetString(0),
        new BlockHash(row.Hash(1)),
        new BlockHeader(new BlockRef(row.GetInt64(2), new BlockHash(row.Hash(3))), new BlockHash(row.Hash(4)), row.Time(5), row.Work(6), row.GetInt64(7) != 0),
        row.Work(8),
        row.GetInt64(9),
        row.Text(10));

    public static BlockHeader Block(this DbDataReader row) =>
        new(new BlockRef(row.GetInt64(0), new BlockHash(row.Hash(1))), new BlockHash(row.Hash(2)), row.Time(3), row.Work(4), row.GetInt64(5) != 0);

    public static Balance Balance(this DbDataReader row) =>
        new(row.Amount(0), row.Amount(1), row.Amount(2), row.Amount(3), row.Amount(4), row.GetInt64(5));

    public static Watch Watch(this DbDataReader row, string account)
    {
        var address = row.GetString(3);
        return new Watch(row.GetString(0), account, new ChainId(row.GetString(1)), new Script(row.Bytes(2)), address, row.Text(4) ?? address, row.Text(5),
            row.Number(6), row.GetInt64(7) != 0, row.Time(8));
    }
}
