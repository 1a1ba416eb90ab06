using System.Collections.Concurrent;
using System.Diagnostics;
using Belfry.Core.Hosting;
using Belfry.Core.Journal;
using Belfry.Core.Listeners;
using Belfry.Server.Tests.Fixtures;
using Belfry.TestKit;
using Belfry.TestKit.Hostile;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Shouldly;

namespace Belfry.Server.Tests.Hostile;

/// <summary>
/// A server under fire and somebody who goes on listening to it. When the storm is over: every event was heard once and in order, nothing is left of the attackers, no
/// fault was logged or lost, and the server serves as before.
/// </summary>
sealed class Hearth : IAsyncDisposable
{
    static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(20);
    // The long run's own inputs and answers, ten times as many, live in this process too.
    static readonly long MostMemory = (128L << 20) * (Storm.IsLong ? 6 : 1);
    readonly UnobservedFaults faults = new();
    readonly ErrorLog errors;
    readonly SocketClient witness;
    readonly CancellationTokenSource calm = new();
    readonly long memory;
    readonly Task listening, telling;
    long told, heard;
    TimeSpan slowest;

    Hearth(RunningServer server, SocketClient witness, ErrorLog errors)
    {
        (Server, this.witness, this.errors) = (server, witness, errors);
        memory = GC.GetTotalMemory(forceFullCollection: true);
        listening = Task.Run(ListenAsync);
        telling = Task.Run(TellAsync);
    }

    public RunningServer Server { get; }

    public static async Task<Hearth> LightAsync(Func<BelfryOptions, BelfryOptions>? change = null)
    {
        var log = new ErrorLog();
        var server = await RunningServer.StartAsync(change, logging: logging => logging.SetMinimumLevel(LogLevel.Warning).AddProvider(log));
        var listener = await server.ConnectAsync();
        (await listener.AskAsync("""{"type":"subscribe","addresses":["btc1witness"]}""")).ShouldContain("subscription_confirmed");
        return new Hearth(server, listener, log);
    }

    /// <summary>Ends the storm and looks at what is left.</summary>
    public async Task CheckAsync()
    {
        await calm.CancelAsync();
        await telling;
        await Eventually.HoldsAsync(() => Volatile.Read(ref heard) == told);
        told.ShouldBePositive();
        slowest.ShouldBeLessThan(LongestWait, "other clients are not disturbed");
        await Eventually.HoldsAsync(() => Server.Hub.ReaderCount == 1);
        var active = Server.Services.GetRequiredService<IActiveAddresses>();
        await Eventually.HoldsAsync(async () => (await active.ReadAllAsync(new Core.Chains.ChainId("btc"), CancellationToken.None)).Count == 1);
        await Eventually.HoldsAsync(async () => (await active.ReadAllAsync(new Core.Chains.ChainId("ltc"), CancellationToken.None)).Count == 0);
        errors.Lines.ShouldBeEmpty("a hostile client is no fault of the server's");
        await Eventually.HoldsAsync(() => GC.GetTotalMemory(forceFullCollection: true) - memory < MostMemory);
        faults.Find().ShouldBeEmpty();
        using var fresh = await Server.ConnectAsync();
        (await fresh.AskAsync("""{"type":"ping"}""")).ShouldBe("""{"type":"pong"}""");
        (await Server.Http.GetAsync("/health")).EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        await calm.CancelAsync();
        await telling;
        witness.Dispose();
        await listening.ContinueWith(static ended => _ = ended.Exception, TaskScheduler.Default);
        await Server.DisposeAsync();
        faults.Dispose();
        calm.Dispose();
    }

    async Task TellAsync()
    {
        while (!calm.IsCancellationRequested)
        {
            await Server.TellAsync("btc", EventKind.NewPayment, "btc1witness");
            told++;
            await Task.Delay(20, calm.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    async Task ListenAsync()
    {
        var last = 0L;
        for (var begun = Stopwatch.StartNew(); ; begun.Restart())
        {
            var message = await witness.ReceiveJsonAsync();
            if (message.GetProperty("type").GetString() != "event") continue;
            if (begun.Elapsed > slowest) slowest = begun.Elapsed;
            var sequence = message.GetProperty("seq").GetInt64();
            if (sequence <= last || message.GetProperty("data").GetProperty("address").GetString() != "btc1witness") throw new InvalidOperationException($"event {sequence} after {last}: {message}");
            last = sequence;
            Interlocked.Increment(ref heard);
        }
    }
}

/// <summary>Keeps what is logged as error or worse, and warnings with an exception.</summary>
sealed class ErrorLog : ILoggerProvider
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Writer(this, categoryName);

    public void Dispose()
    {
    }

    sealed class Writer(ErrorLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, Microsoft.Extensions.Logging.EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Error) log.Lines.Enqueue($"{category} {eventId}: {formatter(state, exception)} {exception}");
        }
    }
}
