using Belfry.Bench;

// dotnet run -c Release --project bench/Belfry.Bench -- decode | index
return args switch
{
    ["decode"] => await DecodeBench.RunAsync(),
    ["index"] => IndexBench.Run(),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("usage: Belfry.Bench decode | index");
    return 64;
}
