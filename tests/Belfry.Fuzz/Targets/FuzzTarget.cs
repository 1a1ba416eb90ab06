using System.Text;
using Belfry.Core.Runtime;

namespace Belfry.Fuzz.Targets;

/// <summary>A decoder under fire: says whether it accepted an input, and throws when it did what it must not.</summary>
abstract class FuzzTarget
{
    /// <summary>Valid inputs to begin with.</summary>
    public abstract IReadOnlyList<byte[]> Seeds { get; }

    /// <summary>Words of its language.</summary>
    public virtual IReadOnlyList<byte[]> Dictionary => [];

    /// <summary>Beginnings of the names of the types that it is about; coverage is told of these.</summary>
    public abstract IReadOnlyList<string> Scope { get; }

    /// <summary>Decodes and checks.</summary>
    /// <exception cref="OracleException">A property does not hold.</exception>
    public abstract bool Run(byte[] input);

    /// <summary>Throws unless a property holds.</summary>
    protected static void Expect(bool holds, string property)
    {
        if (!holds) throw new OracleException(property);
    }

    /// <summary>Text as UTF-8.</summary>
    protected static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Words as UTF-8.</summary>
    protected static byte[][] Words(params IEnumerable<string> words) => [.. words.Select(Utf8)];

    /// <summary>Runs a decoder whose only refusal is <see cref="MalformedDataException"/>, which says what and why.</summary>
    protected static bool Decodes(Action decode)
    {
        try
        {
            decode();
            return true;
        }
        catch (MalformedDataException refusal)
        {
            ExpectReadable(refusal.Message);
            Expect(refusal.What.Length > 0, "a refusal names what was read");
            return false;
        }
    }

    /// <summary>The result of something that never waits: every stream here answers at once.</summary>
    protected static T AtOnce<T>(Task<T> task)
    {
        Expect(task.IsCompleted, "nothing waits for what is there");
#pragma warning disable VSTHRD002 // it is complete
        return task.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002
    }

    /// <summary>An error for people: there, bounded, one line, nothing unprintable.</summary>
    protected static void ExpectReadable(string? error)
    {
        Expect(!string.IsNullOrWhiteSpace(error), "an error says something");
        Expect(error!.Length <= 1000, $"an error has at most 1000 characters, not {error.Length}");
        Expect(!error.Any(char.IsControl), "an error has no control characters");
    }
}

/// <summary>A property of a decoder does not hold.</summary>
public sealed class OracleException(string property) : Exception("Does not hold: " + property);
