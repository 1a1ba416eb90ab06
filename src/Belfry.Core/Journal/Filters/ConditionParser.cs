using Belfry.Core.Runtime;

namespace Belfry.Core.Journal.Filters;

/// <summary>
/// Reads the condition of one field: <c>&gt;=0.5 &amp;&amp; &lt;10</c>, <c>seen || confirmed</c>, <c>!='BTC'</c>. <c>&amp;&amp;</c> binds tighter than <c>||</c>; parentheses group; a bare
/// value asks for equality; the field's own name may be repeated before an operator.
/// </summary>
ref struct ConditionParser
{
    const int MaxDepth = 32;
    readonly string field;
    readonly FieldType type;
    readonly ReadOnlySpan<char> text;
    int position;
    int depth;
    FilterFault? fault;

    ConditionParser(string field, FieldType type, string text)
    {
        this.field = field;
        this.type = type;
        this.text = text;
    }

    public static Condition? Parse(string field, FieldType type, string text, out FilterFault? fault)
    {
        var parser = new ConditionParser(field, type, text);
        var condition = parser.ReadOr();
        parser.SkipSpace();
        if (parser.fault is null && parser.position < text.Length) parser.Fail($"'{ForeignText.Clean(text[parser.position].ToString())}' is not understood", "'&&', '||' or the end");
        fault = parser.fault;
        return fault is null ? condition : null;
    }

    Condition? ReadOr()
    {
        var left = ReadAnd();
        while (left is not null && Take("||"))
        {
            var right = ReadAnd();
            left = right is null ? null : new Condition.Or(left, right);
        }

        return left;
    }

    Condition? ReadAnd()
    {
        var left = ReadTerm();
        while (left is not null && Take("&&"))
        {
            var right = ReadTerm();
            left = right is null ? null : new Condition.And(left, right);
        }

        return left;
    }

    Condition? ReadTerm()
    {
        if (Take("("))
        {
            if (++depth > MaxDepth) return Fail("parentheses are nested too deep", $"at most {MaxDepth} levels");
            var inner = ReadOr();
            if (inner is not null && !Take(")")) return Fail("a parenthesis is not closed", "')'");
            depth--;
            return inner;
        }

        SkipSubject();
        var at = position;
        var comparison = ReadOperator();
        if (fault is not null) return null;
        var literal = ReadLiteral();
        if (literal is null) return null;
        if (comparison is ComparisonOperator.Equal or ComparisonOperator.NotEqual)
            return new Condition.Comparison(comparison, literal, type == FieldType.Code);
        if (type is FieldType.Text or FieldType.Code) return FailAt(at, $"'{field}' is text and has no order", "'==' or '!='");
        return literal.Kind == LiteralKind.Number
            ? new Condition.Comparison(comparison, literal, ignoreCase: false)
            : FailAt(at, "an order needs a number on its right side", "a decimal or 0x number");
    }

    // "amount >=1 && amount <=4": the name before an operator is the subject that stands there anyway.
    void SkipSubject()
    {
        SkipSpace();
        if (!text[position..].StartsWith(field, StringComparison.Ordinal)) return;
        var rest = text[(position + field.Length)..].TrimStart();
        if (rest.StartsWith("==") || rest.StartsWith("!=") || rest.StartsWith("<") || rest.StartsWith(">")) position += field.Length;
    }

    ComparisonOperator ReadOperator()
    {
        if (Take("==")) return ComparisonOperator.Equal;
        if (Take("!=")) return ComparisonOperator.NotEqual;
        if (Take(">=")) return ComparisonOperator.GreaterOrEqual;
        if (Take("<=")) return ComparisonOperator.LessOrEqual;
        if (Take(">")) return ComparisonOperator.Greater;
        if (Take("<")) return ComparisonOperator.Less;
        if (Take("=")) return ComparisonOperator.Equal;
        if (Take("!")) Fail("'!' stands alone", "'!=' before a value");
        return ComparisonOperator.Equal;
    }

    Literal? ReadLiteral()
    {
        SkipSpace();
        if (position < text.Length && text[position] is '\'' or '"') return ReadQuoted(text[position]);
        var start = position;
        while (position < text.Length && !char.IsWhiteSpace(text[position]) && "&|()<>=!'\"".IndexOf(text[position], StringComparison.Ordinal) < 0) position++;
        if (position > start) return new Literal(text[start..position].ToString(), quoted: false);
        Fail(position < text.Length ? $"'{ForeignText.Clean(text[position].ToString())}' stands where a value belongs" : "the condition ends where a value belongs", "a number, a word or 'text in quotes'");
        return null;
    }

    Literal? ReadQuoted(char quote)
    {
        var end = text[(position + 1)..].IndexOf(quote);
        if (end < 0)
        {
            Fail("the text in quotes does not end", $"a closing {quote}");
            return null;
        }

        var value = text.Slice(position + 1, end).ToString();
        position += end + 2;
        return new Literal(value, quoted: true);
    }

    bool Take(string token)
    {
        SkipSpace();
        if (!text[position..].StartsWith(token, StringComparison.Ordinal)) return false;
        position += token.Length;
        return true;
    }

    void SkipSpace()
    {
        while (position < text.Length && char.IsWhiteSpace(text[position])) position++;
    }

    Condition? Fail(string problem, string expected) => FailAt(position, problem, expected);

    Condition? FailAt(int at, string problem, string expected)
    {
        fault ??= new FilterFault(field, at, problem, expected, null);
        return null;
    }
}
