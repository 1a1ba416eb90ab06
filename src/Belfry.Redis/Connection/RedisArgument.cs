using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Belfry.Redis.Connection;

/// <summary>One argument of a command: text (sent as UTF-8), bytes or a number. Converts from each by itself; nothing is allocated.</summary>
public readonly struct RedisArgument
{
    const int LongestNumber = 20;

    readonly string? text;
    readonly ReadOnlyMemory<byte> bytes;
    readonly long integer;
    readonly bool isInteger;

    RedisArgument(string text) => this.text = text;

    RedisArgument(ReadOnlyMemory<byte> bytes) => this.bytes = bytes;

    RedisArgument(long integer) => (this.integer, isInteger) = (integer, true);

    /// <summary>The same with bytes of its own.</summary>
    internal RedisArgument Own() => isInteger || text is not null ? this : new RedisArgument((ReadOnlyMemory<byte>)bytes.ToArray());

    /// <summary>How many bytes it takes.</summary>
    internal int Length => isInteger ? CountDigits(integer) : text is null ? bytes.Length : Encoding.UTF8.GetByteCount(text);

    /// <summary>Text.</summary>
    public static implicit operator RedisArgument(string text) => new(text ?? throw new ArgumentNullException(nameof(text)));

    /// <summary>Bytes. They are copied before the call that sends them returns.</summary>
    public static implicit operator RedisArgument(ReadOnlyMemory<byte> bytes) => new(bytes);

    /// <summary>Bytes. They are copied before the call that sends them returns.</summary>
    public static implicit operator RedisArgument(byte[] bytes) => new((ReadOnlyMemory<byte>)bytes);

    /// <summary>A whole number.</summary>
    public static implicit operator RedisArgument(long number) => new(number);

    /// <summary>A floating-point number, in the shortest spelling that reads back as the same.</summary>
    public static implicit operator RedisArgument(double number) => new(double.IsInfinity(number) ? number > 0 ? "+inf" : "-inf" : number.ToString("R", CultureInfo.InvariantCulture));

    /// <summary>Whether it is this word, in any case of letters; for words of commands, such as BLOCK.</summary>
    internal bool IsWord(string word) => text is not null ? text.Equals(word, StringComparison.OrdinalIgnoreCase) : !isInteger && Ascii.EqualsIgnoreCase(bytes.Span, word);

    /// <summary>Its value as a small number; -1 when it is none.</summary>
    internal int ToCount() =>
        isInteger ? (int)Math.Clamp(integer, -1, int.MaxValue)
        : text is not null ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1
        : Utf8Parser.TryParse(bytes.Span, out int value, out var read) && read == bytes.Length ? value : -1;

    /// <summary>Writes it into <see cref="Length"/> bytes.</summary>
    internal void Write(Span<byte> output)
    {
        if (isInteger) Utf8Formatter.TryFormat(integer, output, out _);
        else if (text is not null) Encoding.UTF8.GetBytes(text, output);
        else bytes.Span.CopyTo(output);
    }

    static int CountDigits(long number)
    {
        Span<byte> digits = stackalloc byte[LongestNumber];
        Utf8Formatter.TryFormat(number, digits, out var written);
        return written;
    }
}
