using System.Text.Json;
using System.Text.Json.Serialization;

namespace Belfry.Client;

/// <summary>How a chain is being followed.</summary>
public sealed record ChainInfo
{
    /// <summary>Lower-case id: <c>btc</c>.</summary>
    public string Chain { get; set; } = "";

    /// <summary><c>main</c>, <c>regtest</c>, <c>simnet</c> …</summary>
    public string Network { get; set; } = "";

    /// <summary>Height of the best block worked in, or null before the first.</summary>
    public long? Height { get; set; }

    /// <summary>Its hash.</summary>
    public string? Hash { get; set; }

    /// <summary><c>live</c>, <c>catching_up</c>, <c>behind</c>, <c>degraded</c> or <c>stopped</c>.</summary>
    public string State { get; set; } = "";

    /// <summary><c>zmq</c>, <c>peer</c>, <c>polling</c> or <c>simnet</c>.</summary>
    public string Feed { get; set; } = "";

    /// <summary>Blocks that the node has and Belfry has not worked in.</summary>
    public long LagBlocks { get; set; }

    /// <summary>Every other field.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>A watch to be made.</summary>
/// <param name="Chain">Lower-case id: <c>btc</c>.</param>
/// <param name="Address">Any spelling, or <c>script:&lt;hex&gt;</c>.</param>
/// <param name="FromHeight">First block of interest; null: from now on.</param>
/// <param name="Label">Your own note.</param>
public sealed record NewWatch(string Chain, string Address, long? FromHeight = null, string? Label = null);

/// <summary>A standing watch.</summary>
public sealed record WatchInfo
{
    /// <summary>Its id.</summary>
    public string Id { get; set; } = "";

    /// <summary>Lower-case id of its chain.</summary>
    public string Chain { get; set; } = "";

    /// <summary>Canonical address.</summary>
    public string Address { get; set; } = "";

    /// <summary>The script, hexadecimal.</summary>
    public string Script { get; set; } = "";

    /// <summary>Your own note, or null.</summary>
    public string? Label { get; set; }

    /// <summary>Journal position from which the watch holds; null where it was not just made.</summary>
    [JsonPropertyName("seq")]
    public long? Sequence { get; set; }

    /// <summary>Every other field.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>A page of watches.</summary>
/// <param name="Watches">In order of making.</param>
/// <param name="Next">Hand back to get the next page; null at the end.</param>
public sealed record WatchPage(IReadOnlyList<WatchInfo> Watches, string? Next);

/// <summary>What came of one line of an import, in the order of the lines.</summary>
public sealed record ImportResult
{
    /// <summary>The watch's id, when it was stored.</summary>
    public string? Id { get; set; }

    /// <summary>Canonical address, when it was stored; otherwise as given.</summary>
    public string? Address { get; set; }

    /// <summary>Why it was refused, when it was.</summary>
    public string? Error { get; set; }

    /// <summary>Which line it answers, from 1; empty lines count.</summary>
    public long Line { get; set; }

    /// <summary>Every other field.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>What an address has. Amounts are decimal strings in the currency's unit.</summary>
public sealed record AddressInfo
{
    /// <summary>Lower-case id of its chain.</summary>
    public string Chain { get; set; } = "";

    /// <summary>Canonical address.</summary>
    public string Address { get; set; } = "";

    /// <summary>Confirmed, unconfirmed and immature.</summary>
    public BalanceInfo Balance { get; set; } = new("0", "0", "0");

    /// <summary>Everything it ever received.</summary>
    public string Received { get; set; } = "0";

    /// <summary>Everything it ever sent.</summary>
    public string Sent { get; set; } = "0";

    /// <summary>How many transactions touch it.</summary>
    public long Transactions { get; set; }

    /// <summary>Whether somebody listens to it now.</summary>
    public bool Active { get; set; }

    /// <summary>Journal position at which all this holds.</summary>
    [JsonPropertyName("seq")]
    public long Sequence { get; set; }

    /// <summary>Every other field.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary>Decimal strings in the currency's unit.</summary>
/// <param name="Confirmed">In blocks, spendable.</param>
/// <param name="Unconfirmed">What waiting transactions will change; may be negative.</param>
/// <param name="Immature">Block rewards that may not be spent yet.</param>
public sealed record BalanceInfo(string Confirmed, string Unconfirmed, string Immature);

/// <summary>A page of transactions, newest first; each as the server describes it.</summary>
/// <param name="Transactions">The transactions.</param>
/// <param name="Next">Hand back to get the next page; null at the end.</param>
public sealed record TransactionPage(IReadOnlyList<JsonElement> Transactions, string? Next);

/// <summary>What a search found.</summary>
/// <param name="Found">Transactions, blocks and addresses, each as the server describes it: <c>kind</c>, <c>chain</c>, and one of <c>transaction</c>, <c>block</c>, <c>address</c>.</param>
/// <param name="Events">The events that tell of them, in order.</param>
/// <param name="Next">Hand back as <c>after</c>.</param>
/// <param name="More">Whether there are more events.</param>
public sealed record SearchPage(IReadOnlyList<JsonElement> Found, IReadOnlyList<BelfryEvent> Events, long Next, bool More);

/// <summary>A page of the journal.</summary>
/// <param name="Events">In order.</param>
/// <param name="Next">Hand back as <c>after</c>.</param>
/// <param name="More">Whether there are more already.</param>
public sealed record EventsPage(IReadOnlyList<BelfryEvent> Events, long Next, bool More);

/// <summary>Something to be made happen on a simulated chain; what a deed does not need stays null.</summary>
/// <param name="Deed"><c>address</c>, <c>pay</c>, <c>replace</c>, <c>double_spend</c>, <c>drop</c>, <c>mine</c>, <c>reorg</c> or <c>release</c>.</param>
public sealed record SimulatedDeed(string Deed)
{
    /// <summary>Whom to pay.</summary>
    public string? To { get; init; }

    /// <summary>Decimal string in the currency's unit.</summary>
    public string? Amount { get; init; }

    /// <summary>The transaction concerned.</summary>
    public string? TxHash { get; init; }

    /// <summary>Whether a replacement pays the same payee.</summary>
    public bool? PaysYou { get; init; }

    /// <summary>How many blocks to mine.</summary>
    public int? Blocks { get; init; }

    /// <summary>Whether they leave the mempool alone.</summary>
    public bool? Empty { get; init; }

    /// <summary>How many blocks a reorg displaces.</summary>
    public int? Depth { get; init; }

    /// <summary>Whether the new branch holds the same transactions.</summary>
    public bool? Keep { get; init; }
}

/// <summary>What was made happen.</summary>
public sealed record SimulatedResult
{
    /// <summary>The transaction that was made, or null.</summary>
    public string? TxHash { get; set; }

    /// <summary>The address that was made or paid, or null.</summary>
    public string? Address { get; set; }

    /// <summary>Hashes of the blocks that were mined, or null.</summary>
    public IReadOnlyList<string>? Blocks { get; set; }

    /// <summary>Height of the best block afterwards.</summary>
    public long Height { get; set; }
}
