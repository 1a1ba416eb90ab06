using System.Globalization;
using System.Text;
using Belfry.Core.Runtime;
using Belfry.Redis.Connection;
using Belfry.Redis.Connection.Protocol;
using Belfry.TestKit.Hostile;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Stores.Tests.Redis;

/// <summary>Replies against a naive model, in pieces of any size, and bytes that are none.</summary>
public sealed class RespReaderTests
{
    static readonly RespLimits Small = new(1 << 16, 2000, 8);

    [Fact]
    public void Any_replies_cut_anywhere_are_read_as_a_naive_reader_reads_them() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<int>(),
            seed =>
            {
                var random = new Random(seed);
                var replies = Enumerable.Range(0, random.Next(1, 8)).Select(_ => Reply(random, 0)).ToList();
                var bytes = replies.SelectMany(reply => reply).ToArray();
                var found = Split(bytes, random);
                found.Count.ShouldBe(replies.Count);
                for (var i = 0; i < found.Count; i++)
                {
                    found[i].ShouldBe(replies[i]);
                    var reader = new RespReader(found[i]);
                    Show(RedisValue.Read(ref reader)).ShouldBe(new NaiveReply(found[i]).Show());
                    reader.AtEnd.ShouldBeTrue();
                    var skipping = new RespReader(found[i]);
                    skipping.Skip();
                    skipping.AtEnd.ShouldBeTrue();
                }
            }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Hostile_bytes_end_as_a_reply_or_as_an_error_that_says_why(bool random)
    {
        string[] words = ["$", "*", "%", ">", "|", "~", "=", "!", ":", ",", "(", "_", "#", "+", "-", "\r\n", "-1\r\n", "?\r\n", "$-1\r\n", "*2147483647\r\n", "$2147483647\r\n", "*-1\r\n", "%1000000000\r\n", "9223372036854775807", "|1\r\n"];
        var mutator = new Mutator(random ? 7u : 11u, [.. words.Select(Encoding.ASCII.GetBytes)]);
        var source = new Random(3);
        var (refused, read) = (0, 0);
        for (var i = 0; i < (TestRedis.IsLong ? 2_000_000 : 60_000); i++)
        {
            var bytes = random ? mutator.Bytes(mutator.Below(64)) : mutator.Mutate(Reply(source, 0), 1 << 12, Reply(source, 0));
            try
            {
                foreach (var reply in Split(bytes, source))
                {
                    var reader = new RespReader(reply);
                    RedisValue.Read(ref reader);
                    read++;
                }

                // Also bytes that nobody measured before.
                var raw = new RespReader(bytes);
                while (!raw.AtEnd) raw.Skip();
            }
            catch (Exception problem) when (problem is MalformedDataException or RedisReplyException)
            {
                problem.Message.ShouldStartWith("Redis reply: ");
                refused++;
            }
        }

        refused.ShouldBeGreaterThan(1000);
        if (!random) read.ShouldBeGreaterThan(1000);
    }

    [Theory]
    [InlineData("*2147483647\r\n", "more than")]
    [InlineData("$99999999999\r\n", "more than")]
    [InlineData("$65535\r\n", "MaxReplyBytes")]
    [InlineData("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n", "deep")]
    [InlineData("?x\r\n", "unknown type byte 0x3f")]
    [InlineData("$3\r\nabcXY", "where announced")]
    [InlineData("$?\r\n", "unknown length")]
    [InlineData("$-2\r\n", "no number")]
    [InlineData("*+1\r\n", "no number")]
    [InlineData("+OK\n", "CR LF")]
    [InlineData("\r\n", "CR LF")]
    public void What_is_refused_says_why(string bytes, string why) =>
        Should.Throw<MalformedDataException>(() => new RespScanner(Small).TryFindEnd(Encoding.ASCII.GetBytes(bytes), out _)).Message.ShouldContain(why);

    [Fact]
    public void A_line_without_end_is_refused_before_it_fills_the_memory()
    {
        var scanner = new RespScanner(RespLimits.Default);
        var bytes = Enumerable.Repeat((byte)'+', 1 << 17).ToArray();
        Should.Throw<MalformedDataException>(() => Feed(scanner, bytes)).Message.ShouldContain("a line of more than");

        static void Feed(RespScanner scanner, byte[] bytes)
        {
            for (var length = 1000; length <= bytes.Length; length += 1000) scanner.TryFindEnd(bytes.AsSpan(0, length), out _).ShouldBeFalse();
        }
    }

    [Fact]
    public void A_reply_of_many_small_pieces_is_looked_at_once()
    {
        // A million bytes, one at a time: looking at all of them again each time would be 500 billion steps.
        var bytes = Encoding.ASCII.GetBytes("*100000\r\n" + string.Concat(Enumerable.Repeat(":1234567\r\n", 100_000)));
        var scanner = new RespScanner(RespLimits.Default);
        var length = 0;
        for (var end = 1; end <= bytes.Length; end++) scanner.TryFindEnd(bytes.AsSpan(0, end), out length).ShouldBe(end == bytes.Length);
        length.ShouldBe(bytes.Length);
    }

    [Fact]
    public void Typed_reads_take_both_spellings_of_RESP2_and_RESP3()
    {
        Read(":42\r\n", static (ref RespReader reply) => reply.ReadInteger()).ShouldBe(42);
        Read("$2\r\n42\r\n", static (ref RespReader reply) => reply.ReadInteger()).ShouldBe(42);
        Read(",1.5\r\n", static (ref RespReader reply) => reply.ReadDouble()).ShouldBe(1.5);
        Read("$3\r\n1.5\r\n", static (ref RespReader reply) => reply.ReadDouble()).ShouldBe(1.5);
        Read(",-inf\r\n", static (ref RespReader reply) => reply.ReadDouble()).ShouldBe(double.NegativeInfinity);
        Read("#t\r\n", static (ref RespReader reply) => reply.ReadBoolean()).ShouldBeTrue();
        Read(":0\r\n", static (ref RespReader reply) => reply.ReadBoolean()).ShouldBeFalse();
        Read("%1\r\n+a\r\n+b\r\n", static (ref RespReader reply) => reply.ReadMapHeader()).ShouldBe(1);
        Read("*2\r\n+a\r\n+b\r\n", static (ref RespReader reply) => reply.ReadMapHeader()).ShouldBe(1);
        Read("$-1\r\n", static (ref RespReader reply) => reply.ReadString()).ShouldBeNull();
        Read("_\r\n", static (ref RespReader reply) => reply.ReadString()).ShouldBeNull();
        Read("*-1\r\n", static (ref RespReader reply) => reply.ReadArrayHeader()).ShouldBe(0);
        Read("=7\r\ntxt:abc\r\n", static (ref RespReader reply) => reply.ReadString()).ShouldBe("abc");
        Read("|1\r\n+ttl\r\n:7\r\n:42\r\n", static (ref RespReader reply) => reply.ReadInteger()).ShouldBe(42);
        Should.Throw<RedisReplyException>(() => Read("*0\r\n", static (ref RespReader reply) => reply.ReadInteger())).Message.ShouldContain("an integer was expected");
    }

    static T Read<T>(string reply, RedisReading<T> read)
    {
        var reader = new RespReader(Encoding.ASCII.GetBytes(reply));
        return read(ref reader);
    }

    // As a line does it: pieces of any size are appended, whole replies taken from the front.
    static List<byte[]> Split(byte[] bytes, Random random)
    {
        var scanner = new RespScanner(new RespLimits(1 << 20, 10_000, 16));
        var (found, start, end) = (new List<byte[]>(), 0, 0);
        while (end < bytes.Length)
        {
            end = Math.Min(bytes.Length, end + random.Next(1, random.Next(2) == 0 ? 3 : 200));
            while (start < end && scanner.TryFindEnd(bytes.AsSpan(start, end - start), out var length))
            {
                found.Add(bytes[start..(start + length)]);
                start += length;
            }
        }

        return found;
    }

    static byte[] Reply(Random random, int depth)
    {
        var text = random.Next(depth > 3 ? 10 : 15) switch
        {
            0 => "+" + Word(random) + "\r\n",
            1 => "-ERR " + Word(random) + "\r\n",
            2 => $":{random.NextInt64(long.MinValue, long.MaxValue)}\r\n",
            3 => "_\r\n",
            4 => "$-1\r\n",
            5 => $",{(random.NextDouble() * 1e6).ToString("R", CultureInfo.InvariantCulture)}\r\n",
            6 => random.Next(2) == 0 ? "#t\r\n" : "#f\r\n",
            7 => "(3492890328409238509324850943850943825024385\r\n",
            8 => "*-1\r\n",
            9 or 10 => null,
            11 => "=" + Blob("txt:" + Word(random)),
            12 => "!" + Blob("ERR " + Word(random)),
            13 => "attribute",
            _ => "aggregate",
        };
        if (text is null)
        {
            var blob = new byte[random.Next(random.Next(8) == 0 ? 5000 : 20)];
            random.NextBytes(blob);
            return [.. Encoding.ASCII.GetBytes($"${blob.Length}\r\n"), .. blob, .. "\r\n"u8];
        }

        if (text == "attribute") return [.. "|1\r\n"u8, .. Reply(random, 9), .. Reply(random, 9), .. Reply(random, depth + 1)];
        if (text != "aggregate") return Encoding.ASCII.GetBytes(text);
        var type = "*~>%"[random.Next(4)];
        var count = random.Next(5);
        return [.. Encoding.ASCII.GetBytes($"{type}{count}\r\n"), .. Enumerable.Range(0, type == '%' ? count * 2 : count).SelectMany(_ => Reply(random, depth + 1))];
    }

    static string Blob(string text) => $"{text.Length}\r\n{text}\r\n";

    static string Word(Random random) => new([.. Enumerable.Range(0, random.Next(12)).Select(_ => (char)random.Next(' ', '~'))]);

    static string Show(RedisValue value) => value.Kind switch
    {
        RespKind.Array or RespKind.Push or RespKind.Map => $"{(value.Kind == RespKind.Map ? "map" : "list")}({string.Join(",", value.Items.Select(Show))})",
        RespKind.Null => "null",
        RespKind.Error => "error " + Convert.ToHexString(value.Bytes.Span),
        _ => Convert.ToHexString(value.Bytes.Span),
    };

    /// <summary>RESP as slowly and simply as it can be read.</summary>
    sealed class NaiveReply(byte[] bytes)
    {
        int at;

        public string Show()
        {
            var line = Line();
            var rest = line[1..];
            switch (line[0])
            {
                case '+' or ':' or ',' or '(' or '#': return Convert.ToHexString(Encoding.Latin1.GetBytes(rest));
                case '-': return "error " + Convert.ToHexString(Encoding.Latin1.GetBytes(rest));
                case '_': return "null";
                case '$': return rest == "-1" ? "null" : Convert.ToHexString(Take(rest));
                case '=': return Convert.ToHexString(Take(rest)[4..]);
                case '!': return "error " + Convert.ToHexString(Take(rest));
                case '|':
                    for (var i = 0; i < int.Parse(rest) * 2; i++) Show();
                    return Show();
                case '%': return $"map({string.Join(",", Enumerable.Range(0, int.Parse(rest) * 2).Select(_ => Show()).ToList())})";
                default: return rest == "-1" ? "null" : $"list({string.Join(",", Enumerable.Range(0, int.Parse(rest)).Select(_ => Show()).ToList())})";
            }
        }

        byte[] Take(string length)
        {
            var taken = bytes[at..(at + int.Parse(length))];
            at += taken.Length + 2;
            return taken;
        }

        string Line()
        {
            var end = Array.IndexOf(bytes, (byte)'\n', at);
            var line = Encoding.Latin1.GetString(bytes, at, end - 1 - at);
            at = end + 1;
            return line;
        }
    }
}
