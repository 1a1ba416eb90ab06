using System.CommandLine;
using Belfry.Client;

namespace Belfry.Cli;

/// <summary>Which server a command talks to; the same two options on every command that does.</summary>
sealed class ServerOptions
{
    const string Default = "http://127.0.0.1:8081";

    public Option<string> Server { get; } = new("--server", "-s")
    {
        Description = "The server to talk to (environment BELFRY__Urls)",
        HelpName = "url",
        DefaultValueFactory = _ => (Environment.GetEnvironmentVariable("BELFRY__Urls") ?? Default).Split(';')[0],
    };

    public Option<string?> Key { get; } = new("--key")
    {
        Description = "API key, where the server asks for one (environment BELFRY__ApiKey keeps it out of the process list)",
        HelpName = "key",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(Server);
        command.Options.Add(Key);
    }

    public BelfryClient Open(ParseResult parsed, BelfryClientOptions? options = null)
    {
        var text = parsed.GetValue(Server)!;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new UsageException($"--server '{text}' is not an address: expected for instance {Default}.");
        // A key read from a file often brings the file's last line end along.
        var key = (parsed.GetValue(Key) ?? Environment.GetEnvironmentVariable("BELFRY__ApiKey"))?.Trim();
        if (key is not null && key.Any(char.IsControl)) throw new UsageException("the API key holds a line break or another character that no key has: give it in one line.");
        return new BelfryClient(address, string.IsNullOrEmpty(key) ? null : key, options);
    }
}

/// <summary>The command line asks for something that does not exist; the message says what does.</summary>
sealed class UsageException(string message) : Exception(message);
