using System.Text;

namespace Belfry.Cli;

/// <summary>Lets lines and tabs through and no other control character: what a person typed, or a server said, is repeated in messages and must not steer a terminal.</summary>
sealed class PlainWriter(TextWriter inner) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => inner.Write(char.IsControl(value) && value is not ('\n' or '\r' or '\t') ? '?' : value);

    public override void Flush() => inner.Flush();
}
