using System.CommandLine;
using Belfry.Cli.Completion;
using Belfry.Cli.Diagnosis;
using Belfry.Cli.Triggering;
using Belfry.Core.Hosting;

namespace Belfry.Cli;

/// <summary>The <c>belfry</c> command.</summary>
public static class BelfryCommand
{
    /// <summary>EPIPE.</summary>
    const int BrokenPipe = 32;

    /// <summary>Runs one command line.</summary>
    /// <param name="args">As typed, without the program's name.</param>
    /// <param name="terminal">Where to read and write.</param>
    /// <param name="cancellationToken">Ends it as Ctrl-C does.</param>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal, CancellationToken cancellationToken = default)
    {
        var parsed = Build(terminal).Parse(args);
        await using var plain = new PlainWriter(terminal.Error);
        var output = new InvocationConfiguration
        {
            Output = terminal.Out,
            Error = plain,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = TimeSpan.FromSeconds(15),
        };
        try
        {
            var code = await parsed.InvokeAsync(output, cancellationToken);
            return parsed.Errors.Count > 0 ? ExitCodes.Usage : code;
        }
        catch (IOException gone) when (gone.HResult == BrokenPipe)
        {
            // whoever read has what it wanted: head, a closed pager
            return ExitCodes.Done;
        }
        catch (Exception problem) when (Explain(problem) is var explained)
        {
            await plain.WriteLineAsync("belfry: " + explained.Message);
            return explained.Code;
        }
    }

    static RootCommand Build(Terminal terminal)
    {
        var root = new RootCommand("Belfry follows blockchains, watches addresses, and tells every payment, confirmation, replacement and reorg: in order, and never lost.");
        TeachingHelp.Install(
            root,
            "belfry up                                   # start with a simulated chain, nothing else needed",
            "belfry listen                               # see its events, in another terminal",
            "belfry watch add btc bc1q…                  # watch an address",
            "belfry trigger payment --rbf                # make a payment happen on a simulated or regtest chain",
            "belfry search 75bcbc5b…                     # a hash, id, height or address: what was told of it?",
            "belfry decode address --chain ltc M8x…      # what is this address?",
            "belfry doctor                               # is everything well? what to do?");
        root.Subcommands.Add(ServeCommand.BuildUp(terminal));
        root.Subcommands.Add(ServeCommand.BuildServe(terminal));
        root.Subcommands.Add(ServeCommand.BuildDemo(terminal));
        root.Subcommands.Add(ListenCommand.Build(terminal));
        root.Subcommands.Add(TriggerCommand.Build(terminal));
        root.Subcommands.Add(WatchCommand.Build(terminal));
        root.Subcommands.Add(AddressCommand.Build(terminal));
        root.Subcommands.Add(SearchCommand.Build(terminal));
        root.Subcommands.Add(ReplayCommand.Build(terminal));
        root.Subcommands.Add(DecodeCommand.Build(terminal));
        root.Subcommands.Add(DoctorCommand.Build(terminal));
        root.Subcommands.Add(BackupCommand.Build(terminal));
        root.Subcommands.Add(BackupCommand.BuildRestore(terminal));
        root.Subcommands.Add(DatabaseCommand.Build(terminal));
        root.Subcommands.Add(CompletionCommand.Build(terminal));
        return root;
    }

    /// <summary>What a person can do something about; anything else is a fault of ours and shows its trace.</summary>
    static (string Message, int Code) Explain(Exception problem) => problem switch
    {
        UsageException usage => (usage.Message, ExitCodes.Usage),
        // an argument that its type cannot hold, found only when it is asked for: an empty path
        InvalidOperationException { Source: "System.CommandLine" } unreadable => (unreadable.Message, ExitCodes.Usage),
        RefusedException refused => (refused.Message, ExitCodes.Refused),
        ConfigurationException configuration => (configuration.Message, ExitCodes.Configuration),
        Client.BelfryException no => (no.Message, ExitCodes.Refused),
        Core.Runtime.BelfryException outage => (outage.Message, ExitCodes.Configuration),
        HttpRequestException unreachable => ($"the server does not answer: {unreachable.Message} Is it running? Start one with: belfry up", ExitCodes.Unreachable),
        TaskCanceledException { InnerException: TimeoutException } => ("the server does not answer in time", ExitCodes.Unreachable),
        OperationCanceledException => ("stopped", ExitCodes.Done),
        // appsettings.json; the inner message says where
        InvalidDataException file => ($"{file.Message} {file.GetBaseException().Message}", ExitCodes.Configuration),
        IOException file => (file.Message, ExitCodes.Configuration),
        UnauthorizedAccessException file => (file.Message, ExitCodes.Configuration),
        // Told like everything else, with its trace: scripts rely on the exit code, and an unhandled exception would end the process with a signal.
        _ => ($"this is a fault of Belfry's own, please report it:\n{problem}", ExitCodes.Fault),
    };
}
