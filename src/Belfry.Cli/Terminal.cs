using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Belfry.Cli;

/// <summary>Where a command reads and writes, and whether it may use colour. Tests pass their own.</summary>
public sealed class Terminal
{
    /// <summary>Results.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Notes and faults, never results.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>What is piped in.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Whether somebody pipes something in.</summary>
    public bool InputRedirected { get; init; }

    /// <summary>Whether results may be coloured.</summary>
    public bool Colour { get; init; }

    /// <summary>Whether notes go to a person who sees a line being rewritten.</summary>
    public bool Interactive { get; init; }

    /// <summary>Characters in a line.</summary>
    public Func<int> Width { get; init; } = static () => 80;

    /// <summary>The process's own: no colour when piped, when NO_COLOR is set or on a dumb terminal.</summary>
    public static Terminal OfProcess()
    {
        var dumb = Environment.GetEnvironmentVariable("TERM") == "dumb";
        var plain = dumb || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        return new Terminal
        {
            Out = new StreamWriter(StandardOutput(), new UTF8Encoding(false)) { AutoFlush = true },
            Error = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true },
            OpenInput = Console.OpenStandardInput,
            InputRedirected = Console.IsInputRedirected,
            Colour = !plain && !Console.IsOutputRedirected,
            Interactive = !dumb && !Console.IsErrorRedirected,
            // asked late: asking switches the keyboard of a terminal, which listening must not
            Width = () => Console.IsErrorRedirected || Console.WindowWidth < 20 ? 80 : Console.WindowWidth,
        };
    }

    /// <summary>
    /// The console's own stream hides that a reader has gone (<c>belfry listen | head -1</c>), and the command would run on for nobody. A file or terminal stays with it: there a
    /// stream of ours would write at a place of its own and over what others append.
    /// </summary>
    static Stream StandardOutput()
    {
        if (!Console.IsOutputRedirected || OperatingSystem.IsWindows()) return Console.OpenStandardOutput();
        var stream = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        return stream.CanSeek ? Console.OpenStandardOutput() : stream;
    }

    /// <summary>Puts text into a colour where colour may be used.</summary>
    public string Paint(Ink ink, string text) => Colour && ink != Ink.Plain ? $"\e[{(int)ink}m{text}\e[0m" : text;
}

/// <summary>Colours that are readable on dark and light backgrounds; the numbers are those of ECMA-48.</summary>
public enum Ink
{
    /// <summary>As the terminal has it.</summary>
    Plain = 0,

    /// <summary>Headings.</summary>
    Bold = 1,

    /// <summary>Less important.</summary>
    Dim = 2,

    /// <summary>Money lost or an outage.</summary>
    Red = 31,

    /// <summary>Money certain.</summary>
    Green = 32,

    /// <summary>Something taken back.</summary>
    Yellow = 33,

    /// <summary>Blocks.</summary>
    Blue = 34,

    /// <summary>Replacements.</summary>
    Magenta = 35,

    /// <summary>News.</summary>
    Cyan = 36,
}
