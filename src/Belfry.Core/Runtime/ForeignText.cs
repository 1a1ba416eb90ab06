using System.Globalization;

namespace Belfry.Core.Runtime;

/// <summary>Text from outside, made fit for messages and logs: somebody may have written it to be read by somebody else.</summary>
public static class ForeignText
{
    /// <summary>How much of a sentence is kept in which foreign text may stand.</summary>
    public const int Sentence = 300;

    const int Longest = 64;

    /// <summary>Short, on one line, without characters that control anything (line ends, escape codes, changes of writing direction) and without halves of surrogate pairs.</summary>
    /// <param name="text">The text.</param>
    /// <param name="longest">Characters that are kept; what is cut off is shown by an ellipsis.</param>
    public static string Clean(string text, int longest = Longest)
    {
        var head = text.Length > longest ? text[..longest] + "…" : text;
        return string.Create(head.Length, head, static (clean, source) =>
        {
            for (var i = 0; i < clean.Length; i++) clean[i] = IsHarmless(source, i) ? source[i] : '?';
        });
    }

    /// <summary>The same for what should be a host, an address or a file: what stands before an @ is probably a password that somebody pasted along, and is left out.</summary>
    public static string CleanEndpoint(string text, int longest = Longest)
    {
        ArgumentNullException.ThrowIfNull(text);
        var at = text.LastIndexOf('@');
        return Clean(at < 0 ? text : "…" + text[at..], longest);
    }

    static bool IsHarmless(string text, int at)
    {
        var letter = text[at];
        if (char.IsSurrogate(letter)) return char.IsSurrogatePair(text, at) || (at > 0 && char.IsSurrogatePair(text, at - 1));
        return !char.IsControl(letter) && char.GetUnicodeCategory(letter) is not (UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
    }
}
