using Belfry.Load;
using Belfry.Load.Fanout;

// bench/load fanout | latency | ingest | catchup | million | smoke
var arguments = new Arguments(args);
switch (arguments.Command)
{
    case "fanout":
        return FanoutBench.Run(arguments.Number("clients", 1000), arguments.Number("rounds", 3), arguments.Text("data"), arguments.List("only"));
    default:
        await Console.Error.WriteLineAsync("""
            usage: bench/load <what> [options]
              fanout   --clients 1000 --rounds 3 [--only belfry,ws,socket.io] [--data FOLDER]
            """);
        return arguments.Command == "--help" ? 0 : 64;
}
