namespace Belfry.Cli;

/// <summary>What the process returns; stable, and listed by <c>belfry --help</c>.</summary>
public static class ExitCodes
{
    /// <summary>Done; also after Ctrl-C where a command runs until it is stopped.</summary>
    public const int Done = 0;

    /// <summary>The answer is no: refused, not found, not an address, something does not work.</summary>
    public const int Refused = 1;

    /// <summary>The command line cannot be understood.</summary>
    public const int Usage = 2;

    /// <summary>The server cannot be reached.</summary>
    public const int Unreachable = 3;

    /// <summary>The configuration, the data folder or the port cannot be used.</summary>
    public const int Configuration = 4;

    /// <summary>A fault of Belfry's own.</summary>
    public const int Fault = 70;
}
