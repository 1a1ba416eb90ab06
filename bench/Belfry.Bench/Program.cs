using Belfry.Bench;

// dotnet run -c Release --project bench/Belfry.Bench -- decode | index | ledger | postgres | redis-client
switch (args)
{
    case ["decode"]:
        return await DecodeBench.RunAsync();
    case ["index"]:
        return await IndexBench.RunAsync();
    case ["ledger", .. var rest]:
        await LedgerBench.RunAsync(rest);
        return 0;
    case ["postgres"]:
        await PostgresBench.RunAsync();
        return 0;
    case ["redis-client", .. var rest]:
        await RedisClientBench.RunAsync(rest);
        return 0;
    default:
        await Console.Error.WriteLineAsync("usage: Belfry.Bench decode | index | ledger | postgres | redis-client");
        return 64;
}
