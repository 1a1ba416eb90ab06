using System.Data.Common;
using Microsoft.Extensions.Configuration;

namespace Belfry.Core.Hosting;

/// <summary>
/// Where PostgreSQL is configured: <c>Belfry:Postgres</c>, or the variables that other programs use, <c>DATABASE_URL</c>, or <c>POSTGRES_HOST</c>, <c>POSTGRES_PORT</c> and
/// <c>POSTGRES_DB</c> with <c>DB_USER</c> and <c>DB_PASS</c>.
/// </summary>
public static class PostgresVariables
{
    /// <summary>The setting that comes before all others.</summary>
    public const string Setting = "Belfry:Postgres";

    /// <summary>The connection, and where it stands, for messages; null where no PostgreSQL is configured.</summary>
    public static (string Connection, string Setting)? Find(IConfiguration root)
    {
        ArgumentNullException.ThrowIfNull(root);
        if (root[Setting] is { Length: > 0 } own) return (own, Setting);
        // The variable is of many programs: that of another kind of database is not meant for us.
        if (root["DATABASE_URL"] is { Length: > 0 } url && IsConnection(url)) return (WithUser(url, root), "DATABASE_URL");
        if (root["POSTGRES_HOST"] is not { Length: > 0 } && root["POSTGRES_DB"] is not { Length: > 0 }) return null;
        var parts = new DbConnectionStringBuilder
        {
            ["Host"] = Text(root, "POSTGRES_HOST") ?? "127.0.0.1",
            ["Username"] = Text(root, "DB_USER") ?? Text(root, "POSTGRES_USER") ?? "belfry",
            ["Database"] = Text(root, "POSTGRES_DB") ?? "belfry",
        };
        if (Text(root, "POSTGRES_PORT") is { } port) parts["Port"] = port;
        if ((Text(root, "DB_PASS") ?? Text(root, "POSTGRES_PASSWORD")) is { } password) parts["Password"] = password;
        return (parts.ConnectionString, Text(root, "POSTGRES_HOST") is null ? "POSTGRES_DB" : "POSTGRES_HOST");
    }

    /// <summary>Whether a text can be meant as PostgreSQL's: a URL of its scheme, or a list of settings with a host.</summary>
    public static bool IsConnection(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase)
            || text.Split(';').Any(part => part.TrimStart().StartsWith("Host=", StringComparison.OrdinalIgnoreCase) || part.TrimStart().StartsWith("Server=", StringComparison.OrdinalIgnoreCase));
    }

    // User and password may stand apart, so that the URL can be shown.
    static string WithUser(string url, IConfiguration root)
    {
        if (Text(root, "DB_USER") is not { } user || !url.Contains("://", StringComparison.Ordinal) || url.Contains('@', StringComparison.Ordinal)) return url;
        var password = Text(root, "DB_PASS") is { } word ? ":" + Uri.EscapeDataString(word) : "";
        var start = url.IndexOf("://", StringComparison.Ordinal) + 3;
        return $"{url[..start]}{Uri.EscapeDataString(user)}{password}@{url[start..]}";
    }

    static string? Text(IConfiguration root, string name) => root[name] is { Length: > 0 } text ? text : null;
}
