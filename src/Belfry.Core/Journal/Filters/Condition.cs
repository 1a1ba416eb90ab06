using System.Text;

namespace Belfry.Core.Journal.Filters;

enum ComparisonOperator
{
    Equal,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

enum LiteralKind
{
    Text,
    Number,
    Boolean,
    Null,
}

/// <summary>A value of an event as the condition sees it: UTF-8 text and whether it stood in quotes.</summary>
readonly ref struct FieldValue(ReadOnlySpan<byte> text, bool isString)
{
    public ReadOnlySpan<byte> Text { get; } = text;

    public bool IsString { get; } = isString;
}

/// <summary>One compiled condition on one field. Immutable, shared by all who evaluate it.</summary>
abstract class Condition
{
    public abstract bool Holds(FieldValue value);

    public sealed class And(Condition left, Condition right) : Condition
    {
        public override bool Holds(FieldValue value) => left.Holds(value) && right.Holds(value);
    }

    public sealed class Or(Condition left, Condition right) : Condition
    {
        public override bool Holds(FieldValue value) => left.Holds(value) || right.Holds(value);
    }

    public sealed class Comparison(ComparisonOperator comparison, Literal literal, bool ignoreCase) : Condition
    {
        public override bool Holds(FieldValue value)
        {
            if (literal.Kind == LiteralKind.Number && ExactNumber.TryParse(value.Text, out var number)) return Judge(number.OrderTo(literal.Number));
            var same = SameText(value);
            return comparison switch
            {
                ComparisonOperator.Equal => same,
                ComparisonOperator.NotEqual => !same,
                // Order between a number and something that is none: never true, not "false by error", because the field's type is checked at load.
                _ => false,
            };
        }

        bool Judge(int order) => comparison switch
        {
            ComparisonOperator.Equal => order == 0,
            ComparisonOperator.NotEqual => order != 0,
            ComparisonOperator.Greater => order > 0,
            ComparisonOperator.GreaterOrEqual => order >= 0,
            ComparisonOperator.Less => order < 0,
            _ => order <= 0,
        };

        bool SameText(FieldValue value)
        {
            if (literal.Kind is LiteralKind.Boolean or LiteralKind.Null && value.IsString) return false;
            if (value.Text.SequenceEqual(literal.Utf8)) return true;
            return value.Text.Length == literal.Utf8.Length && (ignoreCase || literal.IsHex) && Ascii.EqualsIgnoreCase(value.Text, literal.Utf8);
        }
    }
}

/// <summary>The right side of a comparison.</summary>
sealed class Literal
{
    public Literal(string text, bool quoted)
    {
        Utf8 = Encoding.UTF8.GetBytes(text);
        Kind = !quoted && text is "true" or "false" ? LiteralKind.Boolean : !quoted && text is "null" ? LiteralKind.Null : LiteralKind.Text;
        if (Kind == LiteralKind.Text && ExactNumber.TryParse(Utf8, out var number)) (Kind, Number) = (LiteralKind.Number, number);

        // Hexadecimal is one value in any letter case: 0x addresses and 32-byte hashes.
        var digits = text.StartsWith("0x", StringComparison.OrdinalIgnoreCase) ? text[2..] : text;
        IsHex = digits.Length > 0 && digits.All(char.IsAsciiHexDigit);
    }

    public LiteralKind Kind { get; }

    public byte[] Utf8 { get; }

    public ExactNumber Number { get; }

    public bool IsHex { get; }
}
