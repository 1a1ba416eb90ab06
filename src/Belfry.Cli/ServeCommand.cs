using System.CommandLine;

namespace Belfry.Cli;

/// <summary><c>belfry up</c>, <c>serve</c> and <c>demo</c>: one server in three degrees of readiness.</summary>
static class ServeCommand
{
    public static Command BuildUp(Terminal terminal) => Build(
        terminal, "up", "Start a server. Without a configured chain it follows a simulated one, so that there is something to see at once.", demo: null,
        "belfry up",
        "belfry up --urls http://127.0.0.1:9000 --data /var/lib/belfry",
        "BELFRY__Chains__btc__Network=regtest BELFRY__Chains__btc__Rpc=http://user:password@127.0.0.1:18443 belfry up");

    public static Command BuildServe(Terminal terminal) => Build(
        terminal, "serve", "Start a server that follows the configured chains and nothing else. For services: no banner.", demo: false,
        "belfry serve",
        "BELFRY__Chains__btc__Rpc=http://user:password@127.0.0.1:8332 BELFRY__Chains__btc__Zmq=tcp://127.0.0.1:28332 belfry serve");

    public static Command BuildDemo(Terminal terminal) => Build(
        terminal, "demo", "Start a server on a simulated chain, whatever else is configured. Its data are thrown away.", demo: true,
        "belfry demo",
        "belfry demo --urls http://127.0.0.1:9000");

    static TeachingCommand Build(Terminal terminal, string name, string description, bool? demo, params IReadOnlyList<string> examples)
    {
        var command = new TeachingCommand(name, description, examples);
        var urls = new Option<string?>("--urls") { Description = "Where to listen (BELFRY__Urls); anything but loopback needs an API key", HelpName = "url" };
        var data = new Option<string?>("--data") { Description = "Folder of the store (BELFRY__Data)", HelpName = "folder" };
        command.Options.Add(urls);
        command.Options.Add(data);
        command.SetAction((parsed, cancellationToken) =>
            new ServerRun(terminal, new ServeRequest(demo, name != "serve", parsed.GetValue(urls), parsed.GetValue(data))).RunAsync(cancellationToken));
        return command;
    }
}

/// <summary>What a command line asks of a server.</summary>
/// <param name="Demo">True: simulated chain; false: the configured chains; null: simulated when none is configured.</param>
/// <param name="Banner">Whether to greet.</param>
/// <param name="Urls">Where to listen; null: as configured.</param>
/// <param name="Data">Folder of the store; null: as configured.</param>
sealed record ServeRequest(bool? Demo, bool Banner, string? Urls, string? Data);
