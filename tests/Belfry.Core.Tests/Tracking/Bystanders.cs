using System.Diagnostics.Metrics;
using Belfry.Core.Chains;
using Belfry.Core.Listeners;
using Belfry.Core.Tracking;
using Microsoft.Extensions.Logging;

namespace Belfry.Core.Tests.Tracking;

/// <summary>No address is active.</summary>
sealed class NobodyListens : IActiveAddresses
{
    public static NobodyListens Instance { get; } = new();

    public ValueTask<long> AddAsync(ChainId chain, Script script, string address, CancellationToken cancellationToken) => ValueTask.FromResult(1L);

    public ValueTask<long> RemoveAsync(ChainId chain, Script script, CancellationToken cancellationToken) => ValueTask.FromResult(0L);

    public bool IsActive(ChainId chain, Script script) => false;

    public ValueTask<IReadOnlyDictionary<string, long>> ReadAllAsync(ChainId chain, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IReadOnlyDictionary<string, long>>(new Dictionary<string, long>());

    public ValueTask<ActiveAddressStats> ReadStatsAsync(ChainId chain, CancellationToken cancellationToken) => ValueTask.FromResult(default(ActiveAddressStats));

    public ValueTask<int> CleanUpAsync(ChainId chain, CancellationToken cancellationToken) => ValueTask.FromResult(0);
}

/// <summary>Gives out meters that nobody reads.</summary>
sealed class ServiceMeters : IMeterFactory
{
    readonly List<Meter> created = [];

    public Meter Create(MeterOptions options)
    {
        var meter = new Meter(options);
        created.Add(meter);
        return meter;
    }

    public void Dispose() => created.ForEach(static meter => meter.Dispose());
}

/// <summary>Keeps log lines, for the message of a failing seed.</summary>
sealed class ListLogger : ILogger<ChainTracker>
{
    readonly List<string> lines = [];

    /// <summary>Also hears every line.</summary>
    public ITestOutputHelper? Echo { get; set; }

    public IReadOnlyList<string> Doubles => [.. lines.Where(static line => line.Contains("in the journal already", StringComparison.Ordinal))];

    public IReadOnlyList<string> Failures => [.. lines.Where(static line => line.Contains("pipeline failed", StringComparison.Ordinal))];

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lines.Add($"{formatter(state, exception)} {exception}");
        Echo?.WriteLine(lines[^1]);
    }

    public override string ToString() => string.Join('\n', lines.TakeLast(Environment.GetEnvironmentVariable("BELFRY_SIMULATION_SEED") is null ? 40 : 1000));
}
