using Belfry.Load;
using Belfry.Load.Fanout;

// bench/load fanout | latency | ingest | catchup | million | smoke
var arguments = new Arguments(args);
switch (arguments.Command)
{
    case "fanout":
        return FanoutBench.Run(arguments.Number("clients", 1000), arguments.Number("rounds", 3), arguments.Text("data"), arguments.List("only"), args.Contains("--no-ladder"));
    case "smoke":
        return Smoke.Run();
    case "stuck":
        return StuckBench.Run(arguments.Text("data"));
    case "ingest":
        return await IngestBench.RunAsync(arguments.Number("rate", 5000), arguments.Number("seconds", 10), arguments.Number("paying", 0), arguments.Number("watched", 1_000_000), arguments.Text("data"));
    case "latency":
        return await LatencyBench.RunAsync(arguments.Number("rounds", 10), "/dev/shm");
    case "catchup":
        return await CatchUpBench.RunAsync(arguments.Number("blocks", 200), arguments.Text("data"));
    case "million":
        return await MillionBench.RunAsync(arguments.Number("count", 1_000_000), arguments.Text("data"));
    default:
        await Console.Error.WriteLineAsync("""
            usage: bench/load <what> [options]
              fanout   --clients 1000 --rounds 3 [--only belfry,ws,socket.io] [--data FOLDER]
              stuck
              smoke
              latency  --rounds 10
              ingest   --rate 5000 --seconds 10 [--paying N-in-1000] [--watched 1000000]
              catchup  [--blocks 200]
              million  [--count 1000000]
            """);
        return arguments.Command == "--help" ? 0 : 64;
}
