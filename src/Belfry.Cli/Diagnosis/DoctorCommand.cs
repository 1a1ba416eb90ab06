using System.CommandLine;
using System.Text.Encodings.Web;
using System.Text.Json;
using Belfry.Cli.Triggering;
using Belfry.Core.Hosting;
using Belfry.Core.Runtime;

namespace Belfry.Cli.Diagnosis;

/// <summary><c>belfry doctor</c>: looks at everything that a server needs, before or beside one, and says what to do about what is wrong.</summary>
static class DoctorCommand
{
    static readonly CliJson Lines = new(new JsonSerializerOptions(CliJson.Default.Options) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });

    public static Command Build(Terminal terminal)
    {
        var command = new TeachingCommand(
            "doctor", "Look at everything that a server needs (settings, nodes, push feeds, clock, disk, ports), and say what to do about what is wrong. Changes nothing.",
            "belfry doctor",
            "BELFRY__Chains__btc__Rpc=http://user:password@127.0.0.1:8332 BELFRY__Chains__btc__Zmq=tcp://127.0.0.1:28332 belfry doctor --wait 10s",
            "belfry doctor --json | jq 'select(.verdict != \"ok\")'");
        var urls = new Option<string?>("--urls") { Description = "Where the server would listen (BELFRY__Urls)", HelpName = "url" };
        var data = new Option<string?>("--data") { Description = "Folder of the store (BELFRY__Data)", HelpName = "folder" };
        var wait = new Option<string>("--wait") { Description = "How long to listen to what a node publishes", HelpName = "time", DefaultValueFactory = _ => "3s" };
        var json = new Option<bool>("--json") { Description = "One JSON object a line: subject, verdict (ok, unknown, warning, failure), message, advice" };
        foreach (var option in (Option[])[urls, data, wait, json]) command.Options.Add(option);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var worst = Verdict.Ok;
            var request = new ServeRequest(Demo: false, Banner: false, parsed.GetValue(urls), parsed.GetValue(data));
            await foreach (var finding in ExamineAsync(request, Knobs.Time("--wait", parsed.GetValue(wait)!), cancellationToken))
            {
                if (finding.Verdict > worst) worst = finding.Verdict;
                await terminal.Out.WriteLineAsync(parsed.GetValue(json) ? JsonSerializer.Serialize(FindingLine.Of(finding), Lines.FindingLine) : Render(finding, terminal));
            }

            if (!parsed.GetValue(json)) await terminal.Out.WriteLineAsync(Sum(worst, terminal));
            return worst == Verdict.Failure ? ExitCodes.Refused : ExitCodes.Done;
        });
        return command;
    }

    static async IAsyncEnumerable<Finding> ExamineAsync(
        ServeRequest request, TimeSpan wait, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (settings, findings) = Read(request);
        foreach (var finding in findings) yield return finding;
        var options = settings?.Options ?? new BelfryOptions();
        yield return settings?.Postgres is { } setting ? await DatabaseChecks.PostgresAsync(options, setting, cancellationToken) : MachineChecks.Engine();
        yield return MachineChecks.Folder(options.Data);
        foreach (var finding in MachineChecks.Disk(options.Data, TimeProvider.System)) yield return finding;
        yield return MachineChecks.OpenFiles();
        var examination = new Examination(options, TcpNetwork.Instance, TimeProvider.System, SystemEntropy.Instance, wait);
        foreach (var finding in await MachineChecks.PortsAsync(examination, cancellationToken)) yield return finding;
        // the chains wait for their nodes at the same time
        var chains = options.Chains.Select(chain => new NodeChecks(examination, chain.Key, chain.Value).RunAsync(cancellationToken)).ToList();
        foreach (var chain in chains)
            foreach (var finding in await chain) yield return finding;
    }

    static (ServeSettings? Settings, IReadOnlyList<Finding> Findings) Read(ServeRequest request)
    {
        try
        {
            var settings = ServeSettings.Read(request);
            List<Finding> findings = [.. settings.Warnings.Select(warning => Finding.Warning("settings", warning, "correct the name; an unknown setting does nothing"))];
            if (settings.Options.Chains.Count == 0) findings.Add(Finding.Warning("settings", "no chain is configured", "set for instance BELFRY__Chains__btc__Rpc; without one 'belfry serve' follows nothing and 'belfry up' a simulated chain"));
            else findings.Add(Finding.Ok("settings", "can be used; chains: " + string.Join(", ", settings.Options.Chains.Keys)));
            return (settings, findings);
        }
        catch (ConfigurationException problem)
        {
            return (null, [.. problem.Faults.Select(fault => Finding.Failure("settings", fault, "correct it in appsettings.json or the environment"))]);
        }
        catch (InvalidDataException problem)
        {
            return (null, [Finding.Failure("settings", $"{problem.Message} {problem.GetBaseException().Message}", "correct the JSON in appsettings.json")]);
        }
    }

    static string Render(Finding finding, Terminal terminal)
    {
        var (word, ink) = finding.Verdict switch
        {
            Verdict.Ok => ("ok     ", Ink.Green),
            Verdict.Unknown => ("?      ", Ink.Cyan),
            Verdict.Warning => ("warning", Ink.Yellow),
            _ => ("FAILS  ", Ink.Red),
        };
        var line = $"{terminal.Paint(ink, word)}  {finding.Subject}: {finding.Message}";
        return finding.Advice is null ? line : $"{line}\n         {terminal.Paint(Ink.Dim, "-> " + finding.Advice)}";
    }

    static string Sum(Verdict worst, Terminal terminal) => worst switch
    {
        Verdict.Failure => terminal.Paint(Ink.Red, "Something does not work: follow the arrows below FAILS."),
        Verdict.Warning => terminal.Paint(Ink.Yellow, "It works; better follow the arrows below the warnings."),
        _ => terminal.Paint(Ink.Green, "Everything is well."),
    };
}

/// <summary>A finding as JSON.</summary>
sealed record FindingLine(string Subject, string Verdict, string Message, string? Advice)
{
    public static FindingLine Of(Finding finding) => new(finding.Subject, finding.Verdict.ToString().ToLowerInvariant(), finding.Message, finding.Advice);
}
