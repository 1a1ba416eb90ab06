using System.Data.Common;
using System.Globalization;
using System.Numerics;
using Belfry.Core.Journal;
using Belfry.Core.Runtime;
using Npgsql;
using NpgsqlTypes;

namespace Belfry.Sql.Postgres.Copying;

/// <summary>Rows in one shape for both engines: long, bool, string, byte[] or BigInteger, or null.</summary>
static class CopiedRows
{
    /// <summary>A row as SQLite has it.</summary>
    public static object?[] OfSqlite(DbDataReader row, CopiedTable table)
    {
        var values = new object?[table.Columns.Count];
        for (var i = 0; i < values.Length; i++)
        {
            var raw = row.GetValue(i);
            values[i] = raw is DBNull ? null : (table.Columns[i].Kind, raw) switch
            {
                (ColumnKind.Long or ColumnKind.Int, long number) => number,
                (ColumnKind.Flag, long number) => number != 0,
                (ColumnKind.Text, string text) => text,
                (ColumnKind.Bytes, byte[] bytes) => bytes,
                (ColumnKind.Amount, long number) => new BigInteger(number),
                (ColumnKind.Amount, string text) => BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
                _ => throw new FormatException($"{table.Name}.{table.Columns[i].Name} holds a {raw.GetType().Name}."),
            };
        }

        if (table.Name == "journal") values[^1] = BlockOf(values);
        return values;
    }

    /// <summary>A row as PostgreSQL has it.</summary>
    public static object?[] OfPostgres(DbDataReader row, CopiedTable table)
    {
        var values = new object?[table.Columns.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = row.IsDBNull(i) ? null : table.Columns[i].Kind switch
            {
                ColumnKind.Long => row.GetInt64(i),
                ColumnKind.Int => (long)row.GetInt32(i),
                ColumnKind.Flag => row.GetBoolean(i),
                ColumnKind.Text => row.GetString(i),
                ColumnKind.Bytes => row.GetFieldValue<byte[]>(i),
                _ => BigInteger.Parse(row.GetString(i), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture),
            };
        }

        return values;
    }

    /// <summary>Sends a row.</summary>
    public static async Task WriteAsync(NpgsqlBinaryImporter importer, CopiedTable table, object?[] values, CancellationToken cancellationToken)
    {
        await importer.StartRowAsync(cancellationToken);
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] is not { } value) await importer.WriteNullAsync(cancellationToken);
            else if (table.Columns[i].Kind == ColumnKind.Int) await importer.WriteAsync(checked((int)(long)value), NpgsqlDbType.Integer, cancellationToken);
            else await WriteAsync(importer, value, cancellationToken);
        }
    }

    /// <summary>A value in a message.</summary>
    public static string Show(object? value) => value switch
    {
        null => "nothing",
        byte[] bytes => "0x" + Convert.ToHexStringLower(bytes.AsSpan(0, Math.Min(bytes.Length, 24))) + (bytes.Length > 24 ? "…" : ""),
        string text => "'" + ForeignText.Clean(text) + "'",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    static Task WriteAsync(NpgsqlBinaryImporter importer, object value, CancellationToken cancellationToken) => value switch
    {
        long number => importer.WriteAsync(number, NpgsqlDbType.Bigint, cancellationToken),
        bool flag => importer.WriteAsync(flag, NpgsqlDbType.Boolean, cancellationToken),
        string text => importer.WriteAsync(text, NpgsqlDbType.Text, cancellationToken),
        byte[] bytes => importer.WriteAsync(bytes, NpgsqlDbType.Bytea, cancellationToken),
        BigInteger amount => importer.WriteAsync(amount, NpgsqlDbType.Numeric, cancellationToken),
        _ => throw new InvalidOperationException($"A {value.GetType().Name} is not copied."),
    };

    // SQLite finds it in the data by an index; PostgreSQL has it in a column of its own.
    static byte[]? BlockOf(object?[] values) => JournalRules.BlockOf(
        new PendingEvent((string)values[8]!, (EventKind)(long)values[2]!, null, null, null, null, (byte[])values[10]!, default))?.Value.ToArray();
}
