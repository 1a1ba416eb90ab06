using Belfry.Core.Hosting;
using Belfry.Core.Runtime;

namespace Belfry.Cli.Diagnosis;

/// <summary>How well something is.</summary>
enum Verdict
{
    /// <summary>As it should be.</summary>
    Ok,

    /// <summary>It could not be found out.</summary>
    Unknown,

    /// <summary>It works, and will not work well.</summary>
    Warning,

    /// <summary>It does not work.</summary>
    Failure,
}

/// <summary>What was found out.</summary>
/// <param name="Subject">Of what: <c>disk</c>, <c>btc node 127.0.0.1:8332</c>.</param>
/// <param name="Verdict">How it is.</param>
/// <param name="Message">What was seen.</param>
/// <param name="Advice">What to do; null where nothing has to be done.</param>
sealed record Finding(string Subject, Verdict Verdict, string Message, string? Advice = null)
{
    public static Finding Ok(string subject, string message, string? advice = null) => new(subject, Verdict.Ok, message, advice);

    public static Finding Unknown(string subject, string message, string advice) => new(subject, Verdict.Unknown, message, advice);

    public static Finding Warning(string subject, string message, string advice) => new(subject, Verdict.Warning, message, advice);

    public static Finding Failure(string subject, string message, string advice) => new(subject, Verdict.Failure, message, advice);
}

/// <summary>What the checks work on.</summary>
/// <param name="Options">The settings that a server started here would have.</param>
/// <param name="Network">Dials.</param>
/// <param name="Clock">This machine's clock.</param>
/// <param name="Entropy">Chance.</param>
/// <param name="Wait">How long to listen to what only shows in time.</param>
sealed record Examination(BelfryOptions Options, INetwork Network, TimeProvider Clock, IEntropy Entropy, TimeSpan Wait);
