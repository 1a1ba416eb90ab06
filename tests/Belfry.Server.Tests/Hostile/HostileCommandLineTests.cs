using System.Text;
using Belfry.Cli;
using Belfry.TestKit.Hostile;
using Shouldly;

namespace Belfry.Server.Tests.Hostile;

/// <summary>Command lines that are nearly right. Commands that start a server are only ever given a line that cannot be understood.</summary>
public sealed class HostileCommandLineTests(ITestOutputHelper output)
{
    // What starts a process cannot hand a NUL over: none is tried. Port 1 refuses: whatever is asked of a server ends with "it does not answer".
    const string Nobody = "http://127.0.0.1:1";

    static readonly string[][] Lines =
    [
        ["decode", "address", "--chain", "btc", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"], ["decode", "script", "76a914000000000000000000000000000000000000000088ac", "--network", "regtest"], ["decode", "tx", "--chain", "ltc", "0200"],
        ["decode", "block", "-c", "doge", "00"], ["decode", "block", "--file", "/nonexistent/block.raw"], ["decode", "address", "--chain", "bch"], ["watch", "add", "btc", "bc1qx", "--from-height", "5", "--label", "note", "--server", Nobody],
        ["watch", "remove", "w_1", "--server", Nobody], ["watch", "list", "--chain", "btc", "--json", "--server", Nobody], ["watch", "import", "--server", Nobody], ["watch", "import", "/nonexistent/x.ndjson", "--server", Nobody],
        ["address", "btc", "bc1qx", "--limit", "5", "--json", "--server", Nobody, "--key", "bf_live_0123456789abcdef"], ["search", "7", "--server", Nobody], ["replay", "--from-seq", "1", "--to-seq", "2", "--server", Nobody],
        ["completion", "bash"], ["backup", "/nonexistent/copy.db", "--data", "/nonexistent"], ["serve", "--bogus"], ["up", "--bogus", "--urls", "http://127.0.0.1:0"], ["--help"], ["--version"], ["nothing"],
    ];

    static readonly string[] Tokens =
    [
        "", " ", "--", "-", "---", "-c", "--chain", "--chain=", "--json", "--json=maybe", "--limit", "-1", "0", "99999999999999999999", "1e3", "0x10", "NaN", "\u0001", "\u001b[31mred", "a\r\nb", "\u202egnp", "\ud800", "\ud83d\ude00",
        "@", "@/nonexistent/response", "@@", "%s%n", "$(id)", "`id`", "*", "?", "~", "/", "/nonexistent", "/proc/self/mem", "..", "http://", "http://127.0.0.1:99999", "http://[::1", "ftp://127.0.0.1", "127.0.0.1:1", "ws://127.0.0.1:1",
        "http://user:secretpassword@127.0.0.1:1", "btc", "BTC", "b tc", "[suggest]", "[parse]", "[suggest:99999999999]", "--help", "-?", "/?", "help", new string('a', 300), new string('9', 5000), "--" + new string('x', 200), "script:", "script:zz", "{\"in\":", "=",
    ];

    [Fact]
    public async Task Each_is_done_or_refused_with_an_exit_code_of_its_own_and_a_sentence()
    {
        output.WriteLine($"seed {Storm.Seed}");
        using var faults = new UnobservedFaults();
        var codes = new int[256];
        await Storm.RunAsync(Storm.Count(10_000), lanes: 2, [], () => ValueTask.FromResult(new Nothing()), async (_, _, mutator) =>
        {
            var line = Change(mutator, [.. mutator.Pick(Lines)]);
            var (said, errors) = (new StringWriter(), new StringWriter());
            var terminal = new Terminal { Out = said, Error = errors, OpenInput = () => new MemoryStream(Input(mutator)), InputRedirected = true };
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            int code;
            try
            {
                code = await BelfryCommand.RunAsync(line, terminal, patience.Token);
            }
            catch (Exception problem)
            {
                throw new InvalidOperationException($"belfry {Show(line)}: {problem}", problem);
            }

            Interlocked.Increment(ref codes[code]);
            var text = errors.ToString();
            code.ShouldBeOneOf([ExitCodes.Done, ExitCodes.Refused, ExitCodes.Usage, ExitCodes.Unreachable, ExitCodes.Configuration], $"belfry {Show(line)}: {text}");
            if (code != ExitCodes.Done) (text.Length + said.ToString().Length).ShouldBePositive($"belfry {Show(line)} says nothing");
            text.ShouldNotContain("   at ", customMessage: $"belfry {Show(line)}");
            text.Any(letter => char.IsControl(letter) && letter is not ('\n' or '\r' or '\t')).ShouldBeFalse($"belfry {Show(line)}: {Show([text])}");
            // Where an address belongs its password is hidden; given as a file's name it is none.
            if (code != ExitCodes.Usage && line.IndexOf("--server") is var at and >= 0 && at + 1 < line.Count && line[at + 1].Contains("secretpassword", StringComparison.Ordinal)) text.ShouldNotContain("secretpassword", customMessage: $"belfry {Show(line)}");
        });
        output.WriteLine(string.Join(", ", codes.Select((count, code) => (count, code)).Where(pair => pair.count > 0).Select(pair => $"{pair.code}: {pair.count}")));
        codes[ExitCodes.Usage].ShouldBePositive();
        codes[ExitCodes.Unreachable].ShouldBePositive();
        codes[ExitCodes.Refused].ShouldBePositive();
        faults.Find().ShouldBeEmpty();
    }

    static List<string> Change(Mutator mutator, List<string> line)
    {
        for (var steps = 1 + mutator.Below(3); steps > 0; steps--)
        {
            // The command itself stays: without it every line is the same refusal. What would start a server keeps the word that prevents it.
            var at = 1 + mutator.Below(Math.Max(1, line.Count - 1));
            if (at >= line.Count || line[at] == "--bogus") line.Add(mutator.Pick(Tokens));
            else if (mutator.Once(4)) line.RemoveAt(at);
            else if (mutator.Once(2)) line.Insert(at, mutator.Pick(Tokens));
            else line[at] = mutator.Pick(Tokens);
        }

        if (line[0] is "serve" or "up" && !line.Contains("--bogus")) line.Insert(1, "--bogus");
        // The default server is somebody's real one.
        if (line[0] is "watch" or "address" or "search" or "replay" && !line.Contains(Nobody)) line.AddRange(["--server", Nobody]);
        return line;
    }

    static byte[] Input(Mutator mutator) =>
        [.. Enumerable.Range(0, mutator.Below(4)).SelectMany(_ => (byte[])[.. JsonMutator.Mutate(mutator, """{"in":"bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4","chain":"btc","address":"x"}""", 5000), (byte)'\n'])];

    static string Show(IEnumerable<string> line) => string.Join(' ', line.Select(token => Encoding.ASCII.GetString(Encoding.ASCII.GetBytes(System.Text.Json.JsonSerializer.Serialize(token.Length > 100 ? token[..100] : token)))));

    sealed class Nothing : IAsyncDisposable
    {
        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
