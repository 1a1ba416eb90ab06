namespace Belfry.Cli;

/// <summary>What was asked cannot be done, and asking again will not change that: exit code 1.</summary>
sealed class RefusedException(string message) : Exception(message);
