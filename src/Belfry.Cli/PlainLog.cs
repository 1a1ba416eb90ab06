using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Belfry.Cli;

/// <summary>Log lines for a person: time, what is the matter, and of an exception only its messages.</summary>
sealed class PlainLog() : ConsoleFormatter(FormatterName)
{
    /// <summary>The name that logging chooses it by.</summary>
    public const string FormatterName = "belfry-plain";

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var level = logEntry.LogLevel switch { LogLevel.Warning => "warning: ", LogLevel.Error => "error: ", LogLevel.Critical => "fault: ", _ => "" };
        textWriter.Write($"  {TimeProvider.System.GetLocalNow():HH:mm:ss}  {level}{logEntry.Formatter(logEntry.State, null)}");
        for (var problem = logEntry.Exception; problem is not null; problem = problem.InnerException) textWriter.Write($": {problem.Message}");
        textWriter.WriteLine();
    }
}
