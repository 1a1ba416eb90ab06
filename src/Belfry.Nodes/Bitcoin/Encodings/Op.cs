namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>The script opcodes that addresses are made of.</summary>
static class Op
{
    public const byte Zero = 0x00;
    public const byte PushData1 = 0x4C;
    public const byte PushData2 = 0x4D;
    public const byte PushData4 = 0x4E;
    public const byte One = 0x51;
    public const byte Sixteen = 0x60;
    public const byte Return = 0x6A;
    public const byte Dup = 0x76;
    public const byte Equal = 0x87;
    public const byte EqualVerify = 0x88;
    public const byte Hash160 = 0xA9;
    public const byte Hash256 = 0xAA;
    public const byte CheckSig = 0xAC;
    public const byte CheckMultisig = 0xAE;
}
