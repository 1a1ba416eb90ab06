using System.Globalization;
using Belfry.Core.Hosting;
using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection;

/// <summary>Reads the variables that other programs of this kind use. A pure function: what it reads is handed in.</summary>
public static class RedisVariables
{
    /// <summary>The URL, as <see cref="RedisOptions"/> describes it.</summary>
    public const string Url = "REDIS_URL";

    /// <summary>The same under another name; when both are set they must be equal.</summary>
    public const string ConnectionUri = "REDIS_CONNECTION_URI";

    /// <summary>The password, when it is not to stand in the URL.</summary>
    public const string Password = "REDIS_PASSWORD";

    /// <summary>Here: sockets for ordinary commands to each server (<see cref="RedisOptions.Connections"/>). Each carries any number of commands at once; the 20 or 50 of a pool are never needed, but do no harm.</summary>
    public const string MaxConnections = "REDIS_MAX_CONNECTIONS";

    /// <summary>Seconds until a command must be answered (<see cref="RedisOptions.CommandTimeout"/>); a fraction is allowed.</summary>
    public const string Timeout = "REDIS_TIMEOUT";

    /// <summary>The options that the variables describe, or null when none of them names a server.</summary>
    /// <param name="read">A variable's value; null when it is not set. An empty one counts as not set.</param>
    /// <param name="defaults">What no variable tells.</param>
    /// <exception cref="ConfigurationException">Something cannot be used; lists every fault, without passwords.</exception>
    public static RedisOptions? Read(Func<string, string?> read, RedisOptions? defaults = null)
    {
        string? Get(string name) => read(name) is { } value && value.Trim().Length > 0 ? value.Trim() : null;

        var (url, uri) = (Get(Url), Get(ConnectionUri));
        if (url is null && uri is null) return null;
        var faults = new List<string>();
        if (url is not null && uri is not null && url != uri) faults.Add($"{Url} and {ConnectionUri} name different servers: set one of them, or both to the same.");
        var setting = url is not null ? Url : ConnectionUri;
        var options = RedisUrl.Parse(url ?? uri!, (defaults ?? new RedisOptions()) with { Setting = setting }, faults);
        options = ReadPassword(Get(Password), options, faults);
        options = ReadNumbers(Get, options, faults);
        // Numbers that were refused here would only be told twice.
        if (faults.Count == 0) faults.AddRange(options.Validate());
        return faults.Count == 0 ? options : throw new ConfigurationException(faults);
    }

    static RedisOptions ReadPassword(string? password, RedisOptions options, List<string> faults)
    {
        if (password is null || password == options.Password) return options;
        if (options.Password is null) return options with { Password = password };
        faults.Add($"{Password} and the password in {options.Setting} differ: set one of them.");
        return options;
    }

    static RedisOptions ReadNumbers(Func<string, string?> get, RedisOptions options, List<string> faults)
    {
        if (get(MaxConnections) is { } connections)
        {
            if (int.TryParse(connections, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 256) options = options with { Connections = number };
            else faults.Add($"{MaxConnections} is '{ForeignText.Clean(connections)}': expected a number of sockets from 1 to 256.");
        }

        if (get(Timeout) is { } timeout)
        {
            if (double.TryParse(timeout, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0.001 and <= 86_400) options = options with { CommandTimeout = TimeSpan.FromSeconds(seconds) };
            else faults.Add($"{Timeout} is '{ForeignText.Clean(timeout)}': expected seconds, for instance 5 or 0.5.");
        }

        return options;
    }
}
