namespace Belfry.Cli;

/// <summary>Runs a server until it is stopped.</summary>
sealed class ServerRun(Terminal terminal, ServeRequest request)
{
    /// <summary>Starts, greets, and ends with the token.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await terminal.Error.WriteLineAsync($"belfry: this build has no server to start at {request.Urls ?? "the configured address"}");
        return ExitCodes.Fault;
    }
}
