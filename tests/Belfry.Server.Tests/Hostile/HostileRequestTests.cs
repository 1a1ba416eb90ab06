using System.Net;
using System.Text;
using System.Text.Json;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit.Hostile;
using Shouldly;

namespace Belfry.Server.Tests.Hostile;

/// <summary>Requests whose path, query, headers or body are nearly right, as bytes on a real socket.</summary>
public sealed class HostileRequestTests(ITestOutputHelper output)
{
    static readonly string[] Paths =
    [
        "/api/v1/chains", "/api/v1/chains/btc/start", "/api/v1/chains/btc/rescan", "/api/v1/watches", "/api/v1/watches?chain=btc&after=w_1&limit=5", "/api/v1/watches/w_0123456789abcdef0123456789abcdef",
        "/api/v1/addresses/btc/btc1alice", "/api/v1/addresses/btc/btc1alice/transactions?after=aa&limit=3", "/api/v1/transactions/btc/cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc",
        "/api/v1/events?after=0&limit=5&chain=btc&address=btc1alice&event=new_payment", "/api/v1/active-addresses/btc", "/health", "/health/ready", "/metrics", "/", "/openapi/v1.json", "/ws/events", "/ws/watch/btc/btc1alice",
    ];

    static readonly string[] Pieces =
    [
        "%00", "%0d%0a", "%2e%2e%2f", "../", "//", "%", "%zz", "%ff", "%c0%ae", "\\", "?", "&", "=", "limit=0", "limit=-1", "limit=99999999999999999999", "limit=1e3", "limit=", "after=-1", "after=9223372036854775807",
        "after=9223372036854775808", "after=%00", "after=x", "after=1&after=2", "event=new_paymen", "event=,,,", "event=%f0%9f%98%80", "chain=BTCC", "chain=", "address=btc1%00", "address=" + new string('a', 3000), new string('x', 3000),
        "%e2%80%ae", "btc", "doge", "{chain}", "*", "@", ":", ";", "#", "|", "<script>", "'", "\"", " ",
    ];

    static readonly string[] Bodies = ["""{"chain":"btc","address":"btc1alice","from_height":5,"label":"note"}""", """{"from_height":7}""", """{"chain":"ltc","address":"ltc1bob"}"""];

    static readonly string[] Methods = ["GET", "GET", "GET", "POST", "POST", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "HEAD", "TRACE", "get", "G\tET", "BREW"];

    static readonly string[] Headers =
    [
        "Content-Type: application/json\r\n", "Content-Type: text/plain; charset=\u00ff\r\n", "Content-Type: multipart/form-data\r\n", "Origin: http://evil.example\r\n", "Origin: null\r\n", "Host: evil.example\r\n", "Accept: \0\r\n",
        "X-Api-Key: \u00e9\r\n", "Authorization: Bearer\r\n", "Authorization: Basic %%%\r\n", "Cookie: a=b; c\r\n", "Expect: 100-continue\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n", "Content-Length: -1\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n", "Content-Encoding: gzip\r\n", "Upgrade: websocket\r\nConnection: Upgrade\r\n", "Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAA\r\n", "Range: bytes=0-0,-1\r\n",
        "If-None-Match: \"x\r\n", " folded: yes\r\n", "NoColon\r\n", ": empty\r\n", "A: " + new string('b', 5000) + "\r\n", "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n", "User-Agent: \u001b[31mred\r\n",
    ];

    [Fact]
    public async Task Each_is_served_or_refused_with_what_is_wrong_and_disturbs_nobody()
    {
        output.WriteLine($"seed {Storm.Seed}");
        await using var hearth = await Hearth.LightAsync();
        var statuses = new int[600];
        var silent = 0;
        await Storm.RunAsync(Storm.Count(10_000), lanes: 4, [.. Pieces.Select(Encoding.UTF8.GetBytes)], () => ValueTask.FromResult(new RawHttp(hearth.Server.Base)), async (http, number, mutator) =>
        {
            var request = Write(mutator, hearth.Server.Base.Authority);
            var answer = await http.AskAsync(request.Bytes, request.IsHead);
            if (request.Spoils) http.Close();
            if (answer is null) Interlocked.Increment(ref silent);
            else
            {
                Interlocked.Increment(ref statuses[answer.Status]);
                try
                {
                    Judge(answer, request.IsHead);
                }
                catch (ShouldAssertException problem)
                {
                    throw new InvalidOperationException($"{Encoding.Latin1.GetString(request.Bytes.AsSpan(0, Math.Min(request.Bytes.Length, 2000)))} -> {answer.Head}", problem);
                }
            }
        });
        output.WriteLine(string.Join(", ", statuses.Select((count, status) => (count, status)).Where(pair => pair.count > 0).Select(pair => $"{pair.status}: {pair.count}")) + $", closed without a word: {silent}");
        silent.ShouldBe(0);
        // 505 is a version of HTTP that nobody speaks.
        (statuses.Skip(500).Sum() - statuses[505]).ShouldBe(0, "nothing that a client sends is the server's fault");
        (statuses[400] + statuses[422] + statuses[404]).ShouldBeGreaterThan(Storm.Count(10_000) / 3);
        await hearth.CheckAsync();
    }

    static (byte[] Bytes, bool IsHead, bool Spoils) Write(Mutator mutator, string authority)
    {
        var method = mutator.Pick(Methods);
        var path = mutator.Pick(Paths);
        for (var steps = mutator.Below(4); steps > 0; steps--) path = Change(mutator, path);
        var body = method is "POST" or "PUT" or "PATCH" || mutator.Once(10) ? JsonMutator.Mutate(mutator, mutator.Pick(Bodies), mutator.Once(50) ? 300_000 : 20_000) : [];
        var head = new StringBuilder($"{method} {path} HTTP/1.1\r\nHost: {authority}\r\n");
        var odd = mutator.Once(4);
        if (odd) head.Append(mutator.Pick(Headers));
        if (body.Length > 0 || method is "POST" or "PUT" or "PATCH") head.Append($"Content-Length: {body.Length}\r\n");
        byte[] bytes = [.. Encoding.Latin1.GetBytes(head.Append("\r\n").ToString()), .. body];
        var mangled = mutator.Once(20);
        if (mangled) bytes = [.. mutator.Mutate(bytes, 20_000), .. "\r\n\r\n"u8];
        // After a request whose end is not certain the connection is worth nothing to us: what follows would be read as its rest.
        return (bytes, bytes.AsSpan().StartsWith("HEAD "u8), odd || mangled || path.Contains(' ') || method is "G\tET");
    }

    static string Change(Mutator mutator, string path) => mutator.Below(4) switch
    {
        0 => path.Insert(1 + mutator.Below(path.Length), mutator.Pick(Pieces)),
        1 => path + (path.Contains('?') ? "&" : "?") + mutator.Pick(Pieces),
        2 when path.Split('/') is { Length: > 2 } parts => string.Join('/', parts.Select((part, at) => at > 0 && mutator.Once(parts.Length) ? mutator.Pick(Pieces) : part)),
        _ => path[..(1 + mutator.Below(path.Length))] + mutator.Pick(Pieces),
    };

    static void Judge(RawAnswer answer, bool isHead)
    {
        answer.Head.Contains("Server:", StringComparison.OrdinalIgnoreCase).ShouldBeFalse();
        if (answer.Status < 400 || isHead) return;
        // What is no HTTP is refused before anything of ours is reached.
        if (answer.Body.Length == 0)
        {
            answer.Status.ShouldBeOneOf(400, 408, 413, 414, 431, 417, 505, 501);
            answer.Head.Contains("Connection: close", StringComparison.OrdinalIgnoreCase).ShouldBeTrue(answer.Head);
            return;
        }

        var text = Encoding.UTF8.GetString(answer.Body);
        answer.Head.ShouldContain("application/problem+json");
        answer.Body.Length.ShouldBeLessThanOrEqualTo(4096, text);
        text.ShouldNotContain("   at ");
        using var document = JsonDocument.Parse(answer.Body);
        document.RootElement.GetProperty("status").GetInt32().ShouldBe(answer.Status);
        var fault = document.RootElement.GetProperty("errors")[0];
        fault.GetProperty("where").GetString().ShouldNotBeNullOrWhiteSpace();
        fault.GetProperty("problem").GetString().ShouldNotBeNullOrWhiteSpace();
        foreach (var field in fault.EnumerateObject()) (field.Value.ValueKind == JsonValueKind.String ? field.Value.GetString()! : "").Any(char.IsControl).ShouldBeFalse(text);
    }

    [Fact]
    public async Task Every_line_of_a_hostile_import_has_its_answer_in_order()
    {
        output.WriteLine($"seed {Storm.Seed}");
        await using var hearth = await Hearth.LightAsync();
        var mutator = new Mutator(Storm.Seed, [.. Pieces.Select(Encoding.UTF8.GetBytes)]);
        var lines = Enumerable.Range(0, Storm.Count(10_000)).Select(number => Line(mutator, number)).ToList();
        using var content = new ByteArrayContent([.. lines.SelectMany(line => (byte[])[.. line, (byte)'\n'])]);
        using var answer = await hearth.Server.Http.PostAsync("/api/v1/watches/import", content);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        var results = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        var expected = lines.Select((line, at) => (line, at)).Where(pair => !string.IsNullOrWhiteSpace(Encoding.UTF8.GetString(pair.line))).Select(pair => pair.at + 1L).ToList();
        results.Select(result => result.GetProperty("line").GetInt64()).ShouldBe(expected);
        foreach (var result in results.Where(result => !result.GetProperty("ok").GetBoolean()))
        {
            var error = result.GetProperty("error").GetString()!;
            error.Length.ShouldBeInRange(10, 1000, error);
            error.Any(char.IsControl).ShouldBeFalse(error);
            error.ShouldContain(error.StartsWith("the line is longer", StringComparison.Ordinal) ? "bytes" : ":");
        }

        results.Count(result => result.GetProperty("ok").GetBoolean()).ShouldBeInRange(100, expected.Count - 1000);
        await hearth.CheckAsync();
    }

    // Every tenth line is right: what stands between bad ones is stored all the same.
    static byte[] Line(Mutator mutator, int number)
    {
        var valid = $$"""{"chain":"btc","address":"btc1n{{number}}","label":"n","from_height":{{number}}}""";
        if (number % 10 == 0) return Encoding.UTF8.GetBytes(valid);
        var line = JsonMutator.Mutate(mutator, valid, 6000);
        return [.. line.Where(value => value != '\n')];
    }

    [Theory]
    [InlineData("""{"\ud800":1}""", "is no text")]
    [InlineData("""{"chain":"btc","\udc00x":1}""", "is no text")]
    [InlineData("""{"":1}""", "a field without a name")]
    [InlineData("""{"chain":"btc","chain":"ltc"}""", "not JSON")]
    public async Task A_body_whose_names_are_no_text_is_refused_by_name(string body, string problem)
    {
        await using var server = await RunningServer.StartAsync();
        foreach (var path in (string[])["/api/v1/watches", "/api/v1/chains/btc/rescan"])
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var answer = await server.Http.PostAsync(path, content);
            answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
            (await answer.Content.ReadAsStringAsync()).ShouldContain(problem);
        }
    }

    [Fact]
    public async Task A_bad_line_of_an_import_does_not_end_it_even_when_its_names_are_no_text()
    {
        await using var server = await RunningServer.StartAsync();
        using var content = new ByteArrayContent([.. """{"\ud800":1}"""u8, (byte)'\n', .. "{\""u8, 0xff, .. "\":1}\n"u8, .. """{"chain":"btc","address":"btc1good"}"""u8]);
        using var answer = await server.Http.PostAsync("/api/v1/watches/import", content);
        var lines = (await answer.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(3);
        lines[0].ShouldContain("is no text");
        lines[1].ShouldContain("is no text");
        lines[2].ShouldContain("\"ok\":true");
    }

    [Fact]
    public async Task A_position_that_the_journal_has_not_reached_is_refused_and_named()
    {
        await using var server = await RunningServer.StartAsync();
        await server.TellAsync("btc", Core.Journal.EventKind.NewPayment, "btc1a", count: 3);
        using var answer = await server.Http.GetAsync("/api/v1/events?after=4");
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("after: the journal ends at 3");
        (await server.Http.GetAsync("/api/v1/events?after=3")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
