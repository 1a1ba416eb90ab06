using System.Globalization;
using Belfry.Core.Hosting;
using Npgsql;

namespace Belfry.Sql.Postgres;

/// <summary>How to reach a database: <c>postgres://user:password@host:5432/name?sslmode=require</c>, or <c>Host=…;Username=…</c>.</summary>
public static class PostgresConnection
{
    /// <summary>Reads a URL or a list of settings.</summary>
    /// <param name="text">As configured.</param>
    /// <param name="setting">Where it was configured, for messages.</param>
    /// <exception cref="ConfigurationException">It is neither; the password does not appear in the message.</exception>
    public static NpgsqlConnectionStringBuilder Read(string text, string setting)
    {
        ArgumentNullException.ThrowIfNull(text);
        try
        {
            var builder = IsUrl(text) ? OfUrl(text) : new NpgsqlConnectionStringBuilder(text);
            if (string.IsNullOrEmpty(builder.Host)) throw new FormatException("no host is named");
            if (string.IsNullOrEmpty(builder.Database)) builder.Database = builder.Username;
            return string.IsNullOrEmpty(builder.Database) ? throw new FormatException("no database is named") : builder;
        }
        catch (Exception problem) when (problem is ArgumentException or FormatException or KeyNotFoundException or NotSupportedException or OverflowException)
        {
            // What stands there may be a password: only what was thrown by this program's own checks is repeated.
            var reason = problem is FormatException && problem.TargetSite?.DeclaringType == typeof(PostgresConnection) ? problem.Message : "it cannot be read";
            throw new ConfigurationException([$"{setting}: {reason}; expected postgres://user:password@host:5432/database or Host=…;Username=…;Password=…;Database=…"]);
        }
    }

    /// <summary>Host, port and database, without user and password.</summary>
    public static string Name(NpgsqlConnectionStringBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return string.Create(CultureInfo.InvariantCulture, $"postgres://{builder.Host}:{builder.Port}/{builder.Database}");
    }

    static bool IsUrl(string text) => text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase);

    static NpgsqlConnectionStringBuilder OfUrl(string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url)) throw new FormatException("it is not a URL; a password with characters such as / or @ must be percent-encoded");
        var builder = new NpgsqlConnectionStringBuilder { Host = Uri.UnescapeDataString(url.Host), Database = Uri.UnescapeDataString(url.AbsolutePath.Trim('/')) };
        if (url.Port > 0) builder.Port = url.Port;
        var user = url.UserInfo.Split(':', 2);
        if (user[0].Length > 0) builder.Username = Uri.UnescapeDataString(user[0]);
        if (user.Length > 1) builder.Password = Uri.UnescapeDataString(user[1]);
        foreach (var pair in url.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2);
            if (parts.Length < 2) throw new FormatException("a parameter has no value");
            Set(builder, Uri.UnescapeDataString(parts[0]).ToLowerInvariant(), Uri.UnescapeDataString(parts[1]));
        }

        return builder;
    }

    // The names are libpq's, in which such URLs are written; a few of them are spelt otherwise here.
    static void Set(NpgsqlConnectionStringBuilder builder, string name, string value)
    {
        switch (name)
        {
            case "sslmode":
                builder.SslMode = Enum.TryParse<SslMode>(value.Replace("-", "", StringComparison.Ordinal), ignoreCase: true, out var mode) ? mode : throw new FormatException("its sslmode is unknown");
                break;
            case "connect_timeout":
                builder.Timeout = int.Parse(value, NumberStyles.None, CultureInfo.InvariantCulture);
                break;
            case "sslrootcert":
                builder.RootCertificate = value;
                break;
            case "sslcert":
                builder.SslCertificate = value;
                break;
            case "sslkey":
                builder.SslKey = value;
                break;
            case "host":
                builder.Host = value;
                break;
            case "application_name" or "schema":
                // the first is Belfry's own, the second of other programs
                break;
            default:
                builder[name.Replace('_', ' ')] = value;
                break;
        }
    }
}
