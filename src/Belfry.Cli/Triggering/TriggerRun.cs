using Belfry.Client;
using Belfry.Nodes.Bitcoin.Rpc;
using Belfry.Nodes.Simnet;
using ChainInfo = Belfry.Client.ChainInfo;

namespace Belfry.Cli.Triggering;

/// <summary>One run of <c>belfry trigger</c>: finds the chain, listens, plays, concludes.</summary>
sealed class TriggerRun(Terminal terminal, BelfryClient client)
{
    /// <summary>What comes after the last thing that was waited for, for instance the balance.</summary>
    static readonly TimeSpan Aftermath = TimeSpan.FromMilliseconds(300);

    public string? Chain { get; init; }

    public string? To { get; init; }

    public required decimal Amount { get; init; }

    public required TimeSpan Patience { get; init; }

    public bool AsJson { get; init; }

    public string? Rpc { get; init; }

    public string? CookieFile { get; init; }

    public async Task<int> RunAsync(Scenario scenario, Func<PlaySettings, PlaySettings> configure, CancellationToken cancellationToken)
    {
        var chain = Choose(await client.ReadChainsAsync(cancellationToken));
        using var stage = await OpenAsync(chain, cancellationToken);
        var watched = await client.AddWatchAsync(new NewWatch(chain.Chain, To ?? await stage.NewAddressAsync(cancellationToken), Label: $"trigger {scenario.Name}"), cancellationToken);
        var currency = chain.Others?.TryGetValue("currency", out var code) == true ? code.ToString() : chain.Chain.ToUpperInvariant();
        var timeline = new Timeline(terminal, TimeProvider.System, AsJson);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var listening = ListenAsync(watched, timeline, stop.Token);
        var play = new Play(stage, timeline, configure(new PlaySettings(Amount, currency, watched.Address, Patience)), token => HeightAsync(chain.Chain, token), cancellationToken);
        try
        {
            await scenario.Script(play);
            await Task.Delay(Aftermath, TimeProvider.System, cancellationToken);
        }
        finally
        {
            await stop.CancelAsync();
            await listening;
        }

        return timeline.Conclude() ? ExitCodes.Done : ExitCodes.Refused;
    }

    static bool IsHarmless(ChainInfo chain) => chain.Network is SimnetChainFactory.NetworkName or "regtest";

    ChainInfo Choose(IReadOnlyList<ChainInfo> chains)
    {
        var wanted = Chain is null ? chains.FirstOrDefault(IsHarmless) : chains.FirstOrDefault(chain => string.Equals(chain.Chain, Chain, StringComparison.OrdinalIgnoreCase));
        var followed = chains.Count == 0 ? "none" : string.Join(", ", chains.Select(chain => $"{chain.Chain} ({chain.Network})"));
        if (wanted is null) throw new RefusedException($"{(Chain is null ? "the server follows no simulated or regtest chain" : $"the server does not follow '{Chain}'")}; it follows: {followed}. Start a simulated one with: belfry demo");
        return IsHarmless(wanted) ? wanted
            : throw new RefusedException($"{wanted.Chain} is on '{wanted.Network}': payments and blocks are only made on a simulated chain (belfry demo) or on regtest.");
    }

    async Task<IStage> OpenAsync(ChainInfo chain, CancellationToken cancellationToken)
    {
        if (chain.Network == SimnetChainFactory.NetworkName) return new SimulatedStage(client, chain.Chain);
        var configured = Settings.ReadChain(chain.Chain);
        var url = Rpc ?? configured?.Rpc?.Split(',')[0]
            ?? throw new UsageException($"{chain.Chain} is a regtest node, and its RPC is not known here: name it with --rpc http://user:password@host:port, or set BELFRY__Chains__{chain.Chain}__Rpc.");
        return await NodeStage.OpenAsync(RpcEndpoint.Parse(url, CookieFile ?? configured?.CookieFile, Rpc is null ? $"Chains:{chain.Chain}:Rpc" : "--rpc"), cancellationToken);
    }

    async Task<long> HeightAsync(string chain, CancellationToken cancellationToken) =>
        (await client.ReadChainsAsync(cancellationToken)).First(candidate => candidate.Chain == chain).Height ?? 0;

    async Task ListenAsync(WatchInfo watched, Timeline timeline, CancellationToken cancellationToken)
    {
        try
        {
            // after the watch's own position: whenever the connection stands, nothing is missing
            await foreach (var happened in client.EventsAsync(new Subscription { Addresses = [$"{watched.Chain}:{watched.Address}"] }, watched.Sequence, cancellationToken: cancellationToken)) timeline.Told(happened);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // the play is over
        }
    }
}
