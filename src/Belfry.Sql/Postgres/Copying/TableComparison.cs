using System.Buffers.Binary;
using System.Data.Common;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Belfry.Sql.Postgres.Copying;

/// <summary>What a comparison found.</summary>
/// <param name="Table">The table.</param>
/// <param name="Rows">How many rows both have, when they are equal; otherwise how many the source has.</param>
/// <param name="Digest">SHA-256 over all rows of the source in order of their key.</param>
/// <param name="Difference">The first thing that differs, in words; null when nothing does.</param>
public sealed record TableComparison(string Table, long Rows, string Digest, string? Difference);

/// <summary>Reads a table from both engines, each in the order of its key, row by row.</summary>
sealed class TableComparer(CopiedTable table) : IDisposable
{
    readonly IncrementalHash source = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    readonly IncrementalHash target = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    string? difference;
    long sourceRows, targetRows;

    public async Task<TableComparison> CompareAsync(DbDataReader sqlite, DbDataReader postgres, CancellationToken cancellationToken)
    {
        while (true)
        {
            var here = await sqlite.ReadAsync(cancellationToken) ? CopiedRows.OfSqlite(sqlite, table) : null;
            var there = await postgres.ReadAsync(cancellationToken) ? CopiedRows.OfPostgres(postgres, table) : null;
            if (here is null && there is null) break;
            if (here is not null) Add(source, here, ref sourceRows);
            if (there is not null) Add(target, there, ref targetRows);
            difference ??= Difference(here, there);
        }

        var (sum, copied) = (Convert.ToHexStringLower(source.GetHashAndReset()), Convert.ToHexStringLower(target.GetHashAndReset()));
        if (sourceRows != targetRows) difference = $"{sourceRows} rows in SQLite, {targetRows} in PostgreSQL; {difference}";
        else if (sum != copied) difference ??= $"digest {sum} in SQLite, {copied} in PostgreSQL";
        return new TableComparison(table.Name, sourceRows, sum, difference);
    }

    public void Dispose()
    {
        source.Dispose();
        target.Dispose();
    }

    string? Difference(object?[]? here, object?[]? there)
    {
        if (here is null || there is null) return $"{Key((here ?? there)!)} is only in {(there is null ? "SQLite" : "PostgreSQL")}";
        for (var i = 0; i < here.Length; i++)
        {
            if (!Same(here[i], there[i])) return $"{Key(here)}: {table.Columns[i].Name} is {CopiedRows.Show(here[i])} in SQLite, {CopiedRows.Show(there[i])} in PostgreSQL";
        }

        return null;
    }

    string Key(object?[] row) => "row " + string.Join(", ", table.Columns.Take(table.Key).Select((column, i) => $"{column.Name} {CopiedRows.Show(row[i])}"));

    static bool Same(object? here, object? there) => here is byte[] left && there is byte[] right ? left.AsSpan().SequenceEqual(right) : Equals(here, there);

    static void Add(IncrementalHash hash, object?[] row, ref long count)
    {
        count++;
        foreach (var value in row)
        {
            switch (value)
            {
                case null: Add(hash, 0, []); break;
                case long number: Add(hash, 1, Bytes(number)); break;
                case bool flag: Add(hash, 2, [flag ? (byte)1 : (byte)0]); break;
                case string text: Add(hash, 3, Encoding.UTF8.GetBytes(text)); break;
                case byte[] bytes: Add(hash, 4, bytes); break;
                case BigInteger amount: Add(hash, 5, amount.ToByteArray()); break;
            }
        }
    }

    // Length and kind first, so that no two rows run into each other.
    static void Add(IncrementalHash hash, byte kind, byte[] bytes)
    {
        hash.AppendData([kind]);
        hash.AppendData(Bytes(bytes.Length));
        hash.AppendData(bytes);
    }

    static byte[] Bytes(long number)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, number);
        return bytes;
    }
}
