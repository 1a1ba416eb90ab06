using System.Buffers;
using System.CommandLine;
using System.Text;
using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Decoding;

namespace Belfry.Cli;

/// <summary>Writes what one input means as one JSON object.</summary>
delegate void DecodingWriter(Utf8JsonWriter writer, string input, ChainId chain, string? network);

/// <summary><c>belfry decode</c>: says what an address, script, transaction or block is. Needs no server.</summary>
static class DecodeCommand
{
    /// <summary>A block of 32 MB in hexadecimal, and the JSON around it.</summary>
    const int MaxLine = 65 * 1024 * 1024;

    public static Command Build(Terminal terminal)
    {
        var decode = new TeachingCommand(
            "decode", "Say what an address, script, transaction or block is. One argument, or NDJSON in and out: {\"in\":\"…\"} a line. Needs no server.",
            "belfry decode address --chain bch 1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu",
            "belfry decode script --chain btc 76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac",
            "belfry decode address --chain ltc < addresses.ndjson | jq -r .canonical");
        decode.Subcommands.Add(Kind(terminal, "address", "Script, type and canonical spelling of an address.", AddressDecoding.Write, "belfry decode address --chain btc bc1q…"));
        decode.Subcommands.Add(Kind(terminal, "script", "Type and address of a locking script.", ScriptDecoding.Write, "belfry decode script --chain btc 5120…"));
        decode.Subcommands.Add(Kind(terminal, "tx", "Ids, inputs and outputs of a transaction, hexadecimal; values in base units.", TransactionDecoding.Write, "belfry decode tx --chain ltc 0200…"));
        decode.Subcommands.Add(Block(terminal));
        return decode;
    }

    static TeachingCommand Kind(Terminal terminal, string name, string description, DecodingWriter write, params IReadOnlyList<string> examples)
    {
        var command = new TeachingCommand(name, description, examples);
        var input = new Argument<string?>("input") { Description = "What to decode; without it: NDJSON on standard input", Arity = ArgumentArity.ZeroOrOne };
        var chain = new Option<string>("--chain", "-c") { Description = "btc, ltc, bch or doge", HelpName = "id", DefaultValueFactory = _ => "btc" };
        var network = new Option<string?>("--network", "-n") { Description = "main, testnet, signet or regtest; without it an address finds its own", HelpName = "name" };
        chain.CompletionSources.Add(Chains.Ids);
        network.CompletionSources.Add("main", "testnet", "signet", "regtest");
        command.Arguments.Add(input);
        command.Options.Add(chain);
        command.Options.Add(network);
        command.SetAction((parsed, cancellationToken) =>
        {
            var job = new Job(terminal, write, Chain(parsed.GetValue(chain)!), parsed.GetValue(network));
            return parsed.GetValue(input) is { } one ? job.OneAsync(one) : job.LinesAsync(cancellationToken);
        });
        return command;
    }

    static TeachingCommand Block(Terminal terminal)
    {
        var command = Kind(
            terminal, "block", "Hash, merkle check and counts of a block, hexadecimal or from a file of raw bytes.", BlockDecoding.Write,
            "belfry decode block --chain btc --file 866342.raw");
        var file = new Option<FileInfo?>("--file", "-f") { Description = "Raw bytes of one block", HelpName = "path" };
        command.Options.Add(file);
        var (input, chain, network) = ((Argument<string?>)command.Arguments[0], (Option<string>)command.Options[0], (Option<string?>)command.Options[1]);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var from = parsed.GetValue(file);
            var raw = from is null ? null : await File.ReadAllBytesAsync(from.FullName, cancellationToken);
            var job = new Job(terminal, raw is null ? BlockDecoding.Write : (writer, _, id, name) => BlockDecoding.Write(writer, raw, id, name), Chain(parsed.GetValue(chain)!), parsed.GetValue(network));
            return raw is not null ? await job.OneAsync("") : parsed.GetValue(input) is { } one ? await job.OneAsync(one) : await job.LinesAsync(cancellationToken);
        });
        return command;
    }

    static ChainId Chain(string text) => ChainId.IsValid(text.ToLowerInvariant())
        ? new ChainId(text.ToLowerInvariant())
        : throw new UsageException($"--chain '{text}' is not a chain id: expected btc, ltc, bch or doge.");

    sealed class Job(Terminal terminal, DecodingWriter write, ChainId chain, string? network)
    {
        readonly ArrayBufferWriter<byte> output = new(64 * 1024);

        /// <summary>One input: the exit code says whether it could be decoded.</summary>
        public async Task<int> OneAsync(string input)
        {
            Decode(input);
            var ok = JsonDocument.Parse(output.WrittenMemory).RootElement.GetProperty("ok").GetBoolean();
            await FlushAsync();
            return ok ? ExitCodes.Done : ExitCodes.Refused;
        }

        /// <summary>Many inputs: a bad one is a value among the others, so the exit code does not tell.</summary>
        public async Task<int> LinesAsync(CancellationToken cancellationToken)
        {
            if (!terminal.InputRedirected) await terminal.Error.WriteLineAsync("reading {\"in\":\"…\"} lines from the keyboard; Ctrl-D ends");
            await using var lines = terminal.OpenInput();
            await foreach (var line in new LineReader(lines, MaxLine, FlushAsync).ReadAsync(cancellationToken))
            {
                if (line.Bytes is not { } bytes) Refuse(null, $"the line is longer than {MaxLine} bytes");
                else if (Input(bytes.Span) is { } input) Decode(input);
                else Refuse(Encoding.UTF8.GetString(bytes.Span[..Math.Min(bytes.Length, 200)]), "not a JSON object with a text \"in\"");
                if (output.WrittenCount > 32 * 1024) await FlushAsync();
            }

            await FlushAsync();
            return ExitCodes.Done;
        }

        static string? Input(ReadOnlySpan<byte> line)
        {
            try
            {
                var reader = new Utf8JsonReader(line);
                using var document = JsonDocument.ParseValue(ref reader);
                if (reader.BytesConsumed != line.Length && line[(int)reader.BytesConsumed..].ContainsAnyExcept(" \t\r"u8)) return null;
                return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("in", out var input) && input.ValueKind == JsonValueKind.String
                    ? input.GetString()
                    : null;
            }
            catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
            {
                // InvalidOperationException: text with half a surrogate pair, which JSON syntax allows and UTF-16 does not
                return null;
            }
        }

        void Decode(string input)
        {
            using (var writer = new Utf8JsonWriter(output, CliJson.Readable)) write(writer, input, chain, network);
            output.Write("\n"u8);
        }

        void Refuse(string? input, string error)
        {
            using (var writer = new Utf8JsonWriter(output, CliJson.Readable))
            {
                writer.WriteStartObject();
                if (input is not null) writer.WriteString("in"u8, input);
                writer.WriteBoolean("ok"u8, false);
                writer.WriteString("error"u8, error);
                writer.WriteEndObject();
            }

            output.Write("\n"u8);
        }

        async ValueTask FlushAsync()
        {
            if (output.WrittenCount == 0) return;
            await terminal.Out.WriteAsync(Encoding.UTF8.GetString(output.WrittenSpan));
            output.ResetWrittenCount();
        }
    }
}
