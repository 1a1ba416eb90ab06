using System.Text;
using System.Text.Json;
using Belfry.Nodes.Simnet;

namespace Belfry.TestKit.Faults;

/// <summary>What can be wrong with a node's answer.</summary>
public enum ReplyFault
{
    /// <summary>The body ends early, and the connection with it.</summary>
    Truncated,

    /// <summary>The length that is told is less than what comes.</summary>
    TooShortLength,

    /// <summary>The length that is told is more than what comes.</summary>
    TooLongLength,

    /// <summary>Numbers that no machine integer holds.</summary>
    HugeNumbers,

    /// <summary>Answers of a batch in another order: allowed, and must change nothing.</summary>
    ReorderedBatch,

    /// <summary>One answer of a batch twice and another not at all.</summary>
    DoubledBatch,

    /// <summary>A batch of more than four calls is refused by a web page: has to be asked in smaller ones.</summary>
    SmallBatchesOnly,

    /// <summary><c>"result":null</c>.</summary>
    NullResult,

    /// <summary>The id of another call.</summary>
    WrongId,

    /// <summary>A web page of something in between, 502.</summary>
    WebPage,

    /// <summary>429 with <c>Retry-After</c>.</summary>
    TooManyRequests,

    /// <summary>Random bytes in place of JSON.</summary>
    Noise,

    /// <summary>JSON ten thousand arrays deep.</summary>
    Deep,

    /// <summary>Closed without an answer.</summary>
    NoAnswer,

    /// <summary>One byte after the other.</summary>
    Crawling,

    /// <summary>Another block than asked for.</summary>
    OtherBlock,

    /// <summary>The block that was asked for with one bit of a transaction flipped: its header still hashes right.</summary>
    TamperedBlock,

    /// <summary>Another header than asked for.</summary>
    OtherHeader,

    /// <summary>The mempool names transactions that do not exist.</summary>
    InventedMempool,

    /// <summary>Another transaction than asked for: a double spend that nobody else has seen.</summary>
    OtherTransaction,

    /// <summary>Bytes that are no transaction.</summary>
    BrokenTransaction,

    /// <summary>Hexadecimal digits that are none.</summary>
    BadHex,
}

/// <summary>Spoils some of a node's answers in one or several ways, by a seed.</summary>
/// <param name="faults">The ways.</param>
/// <param name="chance">The chance of each answer, from 0 to 1.</param>
/// <param name="seed">Repeats the same choices for the same requests.</param>
public sealed class ReplySpoiler(IReadOnlyList<ReplyFault> faults, double chance, int seed) : IReplySpoiler
{
    readonly Random random = new(seed);
    readonly Lock gate = new();
    readonly Dictionary<ReplyFault, int> done = [];

    /// <summary>How many answers were spoilt, by fault.</summary>
    public IReadOnlyDictionary<ReplyFault, int> Done
    {
        get { lock (gate) return new Dictionary<ReplyFault, int>(done); }
    }

    /// <inheritdoc/>
    public WireAnswer? Instead(JsonElement request) => request.ValueKind == JsonValueKind.Array && request.GetArrayLength() > 4 && Strikes(ReplyFault.SmallBatchesOnly, always: true)
        ? WireAnswer.Http("<html>Request Entity Too Large</html>", 413)
        : Pick(ReplyFault.WebPage, ReplyFault.TooManyRequests, ReplyFault.NoAnswer) switch
        {
            ReplyFault.WebPage => WireAnswer.Http("<html><body>502 Bad Gateway</body></html>", 502),
            ReplyFault.TooManyRequests => WireAnswer.Http("", 429, "Retry-After: 1\r\n"),
            ReplyFault.NoAnswer => new WireAnswer([], Close: true),
            _ => null,
        };

    /// <inheritdoc/>
    public string? Change(string method, string result, SimulatedRpcNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        var isBytes = result.Length > 100 && result[0] == '"';
        return method switch
        {
            "getblock" when isBytes && Strikes(ReplyFault.OtherBlock) => Quoted(node.Chain.BlockAt(Math.Max(1, node.Tip.Height - 1 - Below(5)))!.Raw),
            "getblock" when isBytes && Strikes(ReplyFault.TamperedBlock) => Tampered(result),
            "getblockheader" when Strikes(ReplyFault.OtherHeader) => result.Replace("\"hash\":\"", $"\"hash\":\"{Digits(8)}", StringComparison.Ordinal).Remove(9 + 64, 8),
            "getrawmempool" when Strikes(ReplyFault.InventedMempool) => result.Replace("[", $"[\"{Digits(64)}\",\"{Digits(64)}\"{(result.Contains("[]", StringComparison.Ordinal) ? "" : ",")}", StringComparison.Ordinal),
            "getrawtransaction" when Strikes(ReplyFault.BrokenTransaction) => $"\"{Digits(200)}\"",
            "getrawtransaction" when Rival(result, node) is { } rival && Strikes(ReplyFault.OtherTransaction) => Quoted(rival.Raw),
            _ when isBytes && Strikes(ReplyFault.BadHex) => result[..50] + "zz" + result[52..],
            _ => null,
        };
    }

    /// <inheritdoc/>
    public List<string>? Arrange(List<string> replies)
    {
        ArgumentNullException.ThrowIfNull(replies);
        if (Strikes(ReplyFault.ReorderedBatch))
        {
            lock (gate) return [.. replies.OrderBy(_ => random.Next())];
        }

        return replies.Count > 1 && Strikes(ReplyFault.DoubledBatch) ? [.. replies.Skip(1), replies[^1]] : null;
    }

    /// <inheritdoc/>
    public WireAnswer? Spoil(JsonElement request, string body)
    {
        ArgumentNullException.ThrowIfNull(body);
        return Pick(ReplyFault.Truncated, ReplyFault.TooShortLength, ReplyFault.TooLongLength, ReplyFault.HugeNumbers, ReplyFault.NullResult, ReplyFault.WrongId, ReplyFault.Noise,
            ReplyFault.Deep, ReplyFault.Crawling) switch
        {
            ReplyFault.Truncated => WireAnswer.Http(body[..Below(body.Length)], claimedLength: Encoding.UTF8.GetByteCount(body)),
            ReplyFault.TooShortLength => WireAnswer.Http(body, claimedLength: Below(body.Length)),
            ReplyFault.TooLongLength => WireAnswer.Http(body, claimedLength: body.Length + 1 + Below(100_000)),
            ReplyFault.HugeNumbers => WireAnswer.Http(Huge(body)),
            ReplyFault.NullResult => WireAnswer.Http(request.ValueKind == JsonValueKind.Array ? "[null]" : $$"""{"result":null,"error":null,"id":{{request.GetProperty("id").GetRawText()}}}"""),
            ReplyFault.WrongId => WireAnswer.Http(body.Replace("\"id\":", "\"id\":7", StringComparison.Ordinal)),
            ReplyFault.Noise => Noise(),
            ReplyFault.Deep => WireAnswer.Http(new string('[', 10_000)),
            ReplyFault.Crawling when body.Length < 300 => WireAnswer.Http(body) with { PauseBetweenBytes = TimeSpan.FromMilliseconds(1) },
            _ => null,
        };
    }

    WireAnswer Noise()
    {
        var bytes = new byte[1 + Below(5000)];
        lock (gate) random.NextBytes(bytes);
        return new WireAnswer(bytes, Close: true);
    }

    // Every run of digits that stands for a number, not those inside of strings.
    static string Huge(string body) => System.Text.RegularExpressions.Regex.Replace(body, @"(?<=[:,\[])\d+(?=[,\}\]])", "99999999999999999999999999e999");

    string Tampered(string block)
    {
        // behind the header (80 bytes) and the coinbase's beginning
        var at = 1 + 2 * (80 + 60 + Below((block.Length / 2) - 160));
        return block[..at] + (block[at] == '0' ? '1' : '0') + block[(at + 1)..];
    }

    SimTransaction? Rival(string result, SimulatedRpcNode node)
    {
        if (!faults.Contains(ReplyFault.OtherTransaction)) return null;
        var asked = node.Chain.Mempool.FirstOrDefault(waiting => Quoted(waiting.Raw) == result);
        return asked is null ? null : node.Chain.Rival(asked, paysYou: true, asked.Fee + 1000);
    }

    ReplyFault? Pick(params ReplyFault[] among)
    {
        var possible = among.Where(faults.Contains).ToArray();
        if (possible.Length == 0) return null;
        var fault = possible[Below(possible.Length)];
        return Strikes(fault) ? fault : null;
    }

    bool Strikes(ReplyFault fault, bool always = false)
    {
        lock (gate)
        {
            if (!faults.Contains(fault) || (!always && random.NextDouble() >= chance)) return false;
            done[fault] = done.GetValueOrDefault(fault) + 1;
            return true;
        }
    }

    int Below(int bound)
    {
        lock (gate) return random.Next(Math.Max(bound, 1));
    }

    string Digits(int count)
    {
        lock (gate) return Convert.ToHexStringLower(Enumerable.Range(0, count / 2).Select(_ => (byte)random.Next(256)).ToArray());
    }

    static string Quoted(ReadOnlyMemory<byte> raw) => $"\"{Convert.ToHexStringLower(raw.Span)}\"";
}
