namespace Belfry.Server.Sockets;

/// <summary>
/// The first step of a shutdown, while the server still answers: every connection is closed with 3001 and its cursor, new ones and <c>/health/ready</c> are answered
/// 503, and only when the connections are gone (or took too long) does the server stop to listen.
/// </summary>
sealed class ShutdownDrain(ConnectionRegistry connections, ServerLog log, TimeProvider time) : IHostedLifecycleService
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(4);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        if (!connections.IsClosing) log.ShuttingDown(connections.Count);
        connections.CloseAll();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var late = Task.Delay(Patience, time, patience.Token);
        await Task.WhenAny(connections.Emptied, late);
        await patience.CancelAsync();
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
