using System.Text;
using System.Text.Json;
using Belfry.Core.Runtime;
using Belfry.Nodes.Bitcoin.Rpc;
using Shouldly;
using static Belfry.Nodes.Tests.Rpc.ScriptedHttpNode;

namespace Belfry.Nodes.Tests.Rpc;

public sealed class NodeRpcTests
{
    static readonly RpcParser<long> Count = static (ref reader) => RpcReading.ReadCount(ref reader);

    static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_result_is_read_and_the_connection_is_used_again()
    {
        await using var node = new ScriptedHttpNode { Answer = static (_, request) => Result(request, "7") };
        using var rpc = node.Connect();
        for (var i = 0; i < 5; i++) (await rpc.CallAsync(new RpcCall("getblockcount"), Count, Token)).ShouldBe(7);
        node.Connections.ShouldBe(1);
        var expected = "Authorization: Basic " + Convert.ToBase64String("user:secret"u8);
        node.Headers.ShouldAllBe(headers => headers.Contains(expected));
    }

    [Theory]
    [InlineData("""{"result":7,"error":null,"id":ID""", "unreadable")]
    [InlineData("""{"result":"seven","error":null,"id":ID}""", "expected a whole number")]
    [InlineData("""{"result":7.5,"error":null,"id":ID}""", "expected a whole number")]
    [InlineData("""{"result":-1,"error":null,"id":ID}""", "expected a whole number")]
    [InlineData("""{"result":99999999999999999999999999,"error":null,"id":ID}""", "expected a whole number")]
    [InlineData("""{"result":[7],"error":null,"id":ID}""", "expected a whole number")]
    [InlineData("""{"result":7,"error":null,"id":12345}""", "was answered under id 12345")]
    [InlineData("""{"result":7,"error":null,"id":null}""", "was answered under id null")]
    [InlineData("""{"result":7,"error":null,"id":{"a":[]}}""", "was answered under id null")]
    [InlineData("""{"id":ID}""", "neither result nor error")]
    [InlineData("""{"result":7,"error":null,"id":ID}{"more":1}""", "unreadable")]
    [InlineData("""[1,2,3]""", "not an answer object")]
    [InlineData("""<html>hello</html>""", "unreadable")]
    [InlineData("", "unreadable")]
    public async Task Nonsense_is_an_outage_that_names_endpoint_and_setting_and_no_secret(string body, string expected)
    {
        await using var node = new ScriptedHttpNode { Answer = (_, request) => Http(body.Replace("ID", request.GetProperty("id").ToString())) };
        using var rpc = node.Connect();
        var problem = await Should.ThrowAsync<EndpointException>(() => rpc.CallAsync(new RpcCall("getblockcount"), Count, Token));
        problem.Message.ShouldContain(expected);
        problem.Setting.ShouldBe("Chains:btc:Rpc");
        problem.Endpoint.ShouldStartWith("127.0.0.1:");
        problem.ToString().ShouldNotContain("secret");
    }

    [Fact]
    public async Task An_answer_cut_short_is_tried_again_when_the_call_is_idempotent()
    {
        await using var node = new ScriptedHttpNode
        {
            Answer = static (number, request) => number switch
            {
                1 => Http("""{"result":7""", headers: "Connection: close\r\n", claimedLength: 500),
                2 => [],
                _ => Result(request, "7"),
            },
        };
        using var rpc = node.Connect();
        (await rpc.CallAsync(new RpcCall("getblockcount"), Count, Token)).ShouldBe(7);
        node.Requests.ShouldBe(3);
    }

    [Fact]
    public async Task A_call_that_is_not_idempotent_is_made_once()
    {
        await using var node = new ScriptedHttpNode { Answer = static (_, _) => Http("""{"result":7""", headers: "Connection: close\r\n", claimedLength: 500) };
        using var rpc = node.Connect();
        await Should.ThrowAsync<EndpointException>(() => rpc.CallAsync(new RpcCall("sendrawtransaction", "00") { Idempotent = false }, Count, Token));
        node.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task A_refusal_has_its_code_and_the_words_of_the_node_without_control_characters()
    {
        await using var node = new ScriptedHttpNode { Answer = static (_, request) => Error(request, -5, "Block not\n\u001b[31mfound") };
        using var rpc = node.Connect();
        var refusal = await Should.ThrowAsync<RpcErrorException>(() => rpc.CallAsync(new RpcCall("getblock"), Count, Token));
        refusal.Code.ShouldBe(-5);
        refusal.Reason.ShouldBe("Block not  [31mfound");
    }

    [Fact]
    public async Task A_node_that_still_loads_is_an_outage()
    {
        await using var node = new ScriptedHttpNode { Answer = static (_, request) => Error(request, -28, "Verifying blocks…") };
        using var rpc = node.Connect();
        (await Should.ThrowAsync<EndpointException>(() => rpc.CallAsync(new RpcCall("getblockcount"), Count, Token))).Message.ShouldContain("still starting: Verifying blocks");
    }

    [Fact]
    public async Task A_wrong_password_is_told_at_once_and_names_the_setting()
    {
        await using var node = new ScriptedHttpNode { Answer = static (_, _) => Http("", 401) };
        using var rpc = node.Connect();
        var problem = await Should.ThrowAsync<EndpointException>(() => rpc.CallAsync(new RpcCall("getblockcount"), Count, Token));
        problem.Message.ShouldContain("password refused");
        problem.ToString().ShouldNotContain("secret");
        node.Requests.ShouldBe(1);
    }

    [Fact]
    public async Task The_cookie_is_read_again_when_the_node_has_written_a_new_one()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("belfry-test-cookie-").FullName, ".cookie");
        await File.WriteAllTextAsync(file, "__cookie__:old", Token);
        var accepted = "__cookie__:old";
        await using var node = new ScriptedHttpNode { Answer = static (_, request) => Result(request, "7") };
        node.Answer = (_, request) => node.Headers.Last().Contains(Convert.ToBase64String(Encoding.UTF8.GetBytes(accepted))) ? Result(request, "7") : Http("", 401);
        using var rpc = node.Connect(url: node.Url.Replace("user:secret@", ""), cookieFile: file);
        (await rpc.CallAsync(new RpcCall("getblockcount"), Count, Token)).ShouldBe(7);
        accepted = "__cookie__:new";
        await File.WriteAllTextAsync(file, "__cookie__:new\n", Token);
        (await rpc.CallAsync(new RpcCall("getblockcount"), Count, Token)).ShouldBe(7);
        File.Delete(file);
        accepted = "another";
        var problem = await Should.ThrowAsync<EndpointException>(() => rpc.CallAsync(new RpcCall("getblockcount"), Count, Token));
        problem.Setting.ShouldBe("Chains:btc:CookieFile");
        problem.Message.ShouldNotContain("__cookie__:");
        Directory.Delete(Path.GetDirectoryName(file)!);
    }

    [Fact]
    public async Task Answers_to_a_batch_are_put_in_order_and_refusals_are_values()
    {
        await using var node = new ScriptedHttpNode { Answer = static (_, batch) => Http($"[{string.Join(',', batch.EnumerateArray().Reverse().Select(AnswerOne))}]") };
        using var rpc = node.Connect();
        var results = await rpc.BatchAsync([.. Enumerable.Range(0, 10).Select(static i => new RpcCall("echo", i))], Count, Token);
        results.Count.ShouldBe(10);
        for (var i = 0; i < 10; i++)
        {
            if (i == 3) results[i].Error!.Code.ShouldBe(-3);
            else results[i].Value.ShouldBe(i);
        }
    }

    [Theory]
    [InlineData("missing", "got 9 answers")]
    [InlineData("twice", "twice under id")]
    [InlineData("foreign", "that was not asked")]
    [InlineData("extra", "more than the 10 answers")]
    public async Task A_batch_with_wrong_ids_is_an_outage(string fault, string expected)
    {
        await using var node = new ScriptedHttpNode
        {
            Answer = (_, batch) =>
            {
                var answers = batch.EnumerateArray().Where(call => call.GetProperty("params")[0].GetInt32() != 3).Select(AnswerOne).ToList();
                if (fault == "twice") answers.Add(answers[0]);
                if (fault == "foreign") answers.Add("""{"result":1,"error":null,"id":99999}""");
                if (fault == "extra") answers.AddRange(answers);
                return Http($"[{string.Join(',', answers)}]");
            },
        };
        using var rpc = node.Connect();
        var calls = Enumerable.Range(0, 10).Select(static i => new RpcCall("echo", i)).ToArray();
        (await Should.ThrowAsync<EndpointException>(() => rpc.BatchAsync(calls, Count, Token))).Message.ShouldContain(expected);
    }

    [Fact]
    public async Task A_batch_that_is_too_much_for_the_node_is_split_until_it_fits()
    {
        var largest = 0;
        await using var node = new ScriptedHttpNode
        {
            Answer = (_, batch) =>
            {
                if (batch.ValueKind == JsonValueKind.Object) return Http(AnswerOne(batch));
                if (batch.GetArrayLength() > 8) return Http("too large", 413);
                largest = Math.Max(largest, batch.GetArrayLength());
                return Http($"[{string.Join(',', batch.EnumerateArray().Select(AnswerOne))}]");
            },
        };
        using var rpc = node.Connect();
        var results = await rpc.BatchAsync([.. Enumerable.Range(10, 250).Select(static i => new RpcCall("echo", i))], Count, Token);
        results.Select(static result => result.Value).ShouldBe(Enumerable.Range(10, 250).Select(static i => (long)i));
        largest.ShouldBeInRange(4, 8);
    }

    [Fact]
    public async Task A_node_that_takes_no_batches_is_asked_one_by_one()
    {
        await using var node = new ScriptedHttpNode
        {
            Answer = static (_, request) => request.ValueKind == JsonValueKind.Array
                ? Http("""{"jsonrpc":"2.0","error":{"code":-32600,"message":"Invalid request"},"id":null}""")
                : Http(AnswerOne(request)),
        };
        using var rpc = node.Connect();
        var results = await rpc.BatchAsync([.. Enumerable.Range(4, 7).Select(static i => new RpcCall("echo", i))], Count, Token);
        results.Select(static result => result.Value).ShouldBe([4, 5, 6, 7, 8, 9, 10]);
    }

    [Fact]
    public async Task An_answer_longer_than_allowed_is_refused_before_it_fills_memory()
    {
        await using var node = new ScriptedHttpNode { Answer = static (_, _) => Http("", claimedLength: int.MaxValue) };
        using var rpc = node.Connect();
        (await Should.ThrowAsync<EndpointException>(() => rpc.CallAsync(new RpcCall("getblockcount"), Count, Token))).Message.ShouldContain("longer than");
        node.Answer = static (_, _) => Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + new string(' ', RpcCall.SmallReply + 10));
        (await Should.ThrowAsync<EndpointException>(() => rpc.CallAsync(new RpcCall("getblockcount"), Count, Token))).Message.ShouldContain("longer than");
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var elsewhere = new ScriptedHttpNode { Answer = static (_, request) => Result(request, "7") };
        await using var node = new ScriptedHttpNode { Answer = (_, _) => Http("", 307, $"Location: {elsewhere.Url}/\r\n") };
        using var rpc = node.Connect();
        (await Should.ThrowAsync<EndpointException>(() => rpc.CallAsync(new RpcCall("getblockcount"), Count, Token))).Message.ShouldContain("HTTP 307");
        elsewhere.Requests.ShouldBe(0);
    }

    [Fact]
    public async Task A_node_that_says_nothing_is_given_up_after_the_time_of_the_call()
    {
        using var release = new ManualResetEventSlim();
        await using var node = new ScriptedHttpNode { Answer = (_, _) => { release.Wait(Token); return []; } };
        using var rpc = node.Connect();
        (await Should.ThrowAsync<EndpointException>(() => rpc.CallAsync(new RpcCall("getblockcount") { Timeout = TimeSpan.FromMilliseconds(100) }, Count, Token)))
            .Message.ShouldContain("it has to begin within 0.1 s");
        release.Set();
    }

    [Fact]
    public async Task A_busy_node_is_asked_again()
    {
        await using var node = new ScriptedHttpNode { Answer = static (number, request) => number < 3 ? Http("Work queue depth exceeded", 503) : Result(request, "7") };
        using var rpc = node.Connect();
        (await rpc.CallAsync(new RpcCall("getblockcount"), Count, Token)).ShouldBe(7);
    }

    [Theory]
    [InlineData("ftp://user:secret@127.0.0.1:1")]
    [InlineData("user:secret@")]
    [InlineData("http://user:secret@:99999999/")]
    [InlineData("")]
    public void An_address_that_cannot_be_used_is_refused_without_repeating_it(string url)
    {
        var problem = Should.Throw<EndpointException>(() => RpcEndpoint.Parse(url, null, "Chains:btc:Rpc"));
        problem.Message.ShouldContain("Chains:btc:Rpc");
        problem.Message.ShouldNotContain("secret");
    }

    [Fact]
    public void An_endpoint_prints_without_credentials()
    {
        var endpoint = RpcEndpoint.Parse("http://user:p%40ss@127.0.0.1:8332/wallet/x", null, "Chains:btc:Rpc");
        endpoint.ToString().ShouldBe("127.0.0.1:8332");
        endpoint.Url.ToString().ShouldBe("http://127.0.0.1:8332/wallet/x");
    }

    static string AnswerOne(JsonElement call)
    {
        var number = call.GetProperty("params")[0].GetInt32();
        return number == 3
            ? $$"""{"result":null,"error":{"code":-3,"message":"no"},"id":{{call.GetProperty("id")}}}"""
            : $$"""{"id":{{call.GetProperty("id")}},"result":{{number}},"error":null}""";
    }
}
