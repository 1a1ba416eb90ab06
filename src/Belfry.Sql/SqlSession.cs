using System.Data.Common;

namespace Belfry.Sql;

/// <summary>One connection with its prepared statements. Used by one caller at a time.</summary>
sealed class SqlSession(DbConnection connection) : IDisposable
{
    readonly Dictionary<string, DbCommand> commands = [];

    public DbConnection Connection => connection;

    /// <summary>Runs a statement without rows.</summary>
    /// <returns>How many rows it changed.</returns>
    public int Execute(string statement, params ReadOnlySpan<object?> values) => Bind(statement, values).ExecuteNonQuery();

    /// <summary>Runs a query; the caller disposes the rows before the statement runs again.</summary>
    public DbDataReader Query(string statement, params ReadOnlySpan<object?> values) => Bind(statement, values).ExecuteReader();

    /// <summary>The first column of the first row, or null without a row or value.</summary>
    public object? Scalar(string statement, params ReadOnlySpan<object?> values) => Bind(statement, values).ExecuteScalar() is { } value and not DBNull ? value : null;

    /// <summary>Runs SQL that is not one of the named statements.</summary>
#pragma warning disable CA2100 // the text is the program's own, from an embedded file
    public int Run(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }

    /// <summary>First column of the first row of SQL that is not one of the named statements.</summary>
    public object? Ask(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is { } value and not DBNull ? value : null;
    }

    public void Dispose()
    {
        foreach (var command in commands.Values) command.Dispose();
        connection.Dispose();
    }

    DbCommand Bind(string statement, ReadOnlySpan<object?> values)
    {
        if (!commands.TryGetValue(statement, out var command))
        {
            command = connection.CreateCommand();
            command.CommandText = SqlText.Statements[statement];
            commands.Add(statement, command);
        }
#pragma warning restore CA2100

        while (command.Parameters.Count < values.Length)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = $"${command.Parameters.Count + 1}";
            command.Parameters.Add(parameter);
        }

        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i] ?? DBNull.Value;
        return command;
    }
}
