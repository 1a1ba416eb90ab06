using System.Buffers;

namespace Belfry.Nodes.Bitcoin.Decoding;

/// <summary>Hexadecimal input of the decode commands.</summary>
static class RawHex
{
    /// <summary>A peer-to-peer message holds at most 32 MiB; nothing longer is one transaction or block.</summary>
    const int MaxBytes = 32 * 1024 * 1024;

    public static bool TryRead(string what, string input, out byte[] raw, out string error)
    {
        raw = [];
        error = "";
        var digits = input.AsSpan().Trim();
        if (digits.StartsWith("0x", StringComparison.OrdinalIgnoreCase)) digits = digits[2..];
        if (digits.IsEmpty) error = $"the {what} is empty";
        else if (digits.Length / 2 > MaxBytes) error = $"a {what} has at most {MaxBytes} bytes";
        if (error.Length > 0) return false;
        raw = new byte[digits.Length / 2];
        if (Convert.FromHexString(digits, raw, out _, out _) != OperationStatus.Done) error = $"a {what} is an even number of hexadecimal digits";
        return error.Length == 0;
    }
}
