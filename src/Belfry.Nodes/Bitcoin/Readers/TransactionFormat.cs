namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>Which extensions of Bitcoin's original serialisation a chain uses. The bytes alone do not tell: it goes by chain.</summary>
[Flags]
public enum TransactionFormat
{
    /// <summary>The original form only.</summary>
    None = 0,

    /// <summary>Marker and flag 0x01 before the inputs, witnesses before the lock time (BIP 144).</summary>
    Segwit = 1,

    /// <summary>Litecoin's flag 0x08: an extension-block transaction, or one zero byte (HogEx), before the lock time; extension block after the last transaction (LIP 2–4).</summary>
    Mweb = 2,

    /// <summary>Bitcoin Cash's token prefix 0xef before the locking script of an output (CHIP-2022-02).</summary>
    CashTokens = 4,

    /// <summary>Merged mining: version bit 0x100 puts the parent chain's proof between header and transactions.</summary>
    AuxPow = 8,
}

/// <summary>The forms of the chains that Belfry knows.</summary>
public static class TransactionFormats
{
    /// <summary>The form of a chain by its id: <c>btc</c>, <c>ltc</c>, <c>bch</c>, <c>doge</c>; of another Bitcoin-family chain: segwit.</summary>
    public static TransactionFormat Of(string chain) => chain switch
    {
        "ltc" => TransactionFormat.Segwit | TransactionFormat.Mweb,
        "bch" => TransactionFormat.CashTokens,
        "doge" => TransactionFormat.AuxPow,
        _ => TransactionFormat.Segwit,
    };

    /// <summary>Whether <paramref name="format"/> includes any of <paramref name="features"/>.</summary>
    internal static bool Has(this TransactionFormat format, TransactionFormat features) => (format & features) != TransactionFormat.None;
}
