using System.Collections.Immutable;
using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Encodings;

/// <summary>What tells one network of one Bitcoin-family chain from the others. Immutable; the known ones are in <see cref="BitcoinNetworks"/>.</summary>
public sealed record BitcoinNetwork
{
    /// <summary>Chain, currency, decimals, network name, coinbase maturity, block interval.</summary>
    public required ChainProfile Profile { get; init; }

    /// <summary>Base58Check versions of p2pkh addresses; the first is written, all are read.</summary>
    public required ImmutableArray<byte> PublicKeyHashVersions { get; init; }

    /// <summary>Base58Check versions of p2sh addresses; the first is written, all are read (Litecoin's <c>M…</c> and the older <c>3…</c>).</summary>
    public required ImmutableArray<byte> ScriptHashVersions { get; init; }

    /// <summary>Base58Check versions of private keys: known so that one can be refused by name.</summary>
    public required ImmutableArray<byte> PrivateKeyVersions { get; init; }

    /// <summary>Bech32 prefixes of witness programs, lower case; the first is written, all are read; none where there is no segregated witness.</summary>
    public ImmutableArray<string> SegwitPrefixes { get; init; } = [];

    /// <summary>CashAddr prefix without the colon, or null.</summary>
    public string? CashAddrPrefix { get; init; }

    /// <summary>Prefix of MWEB stealth addresses, or null; they cannot be observed and are refused by name.</summary>
    public string? MwebPrefix { get; init; }

    /// <summary>Which script templates mean something here.</summary>
    public ScriptRules Rules { get; init; }

    /// <summary>The four bytes that start each message between peers, in wire order, the first one highest: <c>0xF9BEB4D9</c> for Bitcoin.</summary>
    public required uint Magic { get; init; }

    /// <summary>Default TCP port of the peer protocol.</summary>
    public required int PeerPort { get; init; }

    /// <summary>Default TCP port of JSON-RPC.</summary>
    public required int RpcPort { get; init; }

    /// <summary>Hash of the block at height 0.</summary>
    public required BlockHash Genesis { get; init; }

    /// <summary>Blocks that tell this network from another that starts with the same one: the first after they parted.</summary>
    public IReadOnlyList<BlockRef> ForkBlocks { get; init; } = [];

    /// <summary>The chain.</summary>
    public ChainId Chain => Profile.Id;

    /// <summary><c>main</c>, <c>testnet</c>, <c>signet</c>, <c>regtest</c>, <c>testnet4</c> or <c>chipnet</c>.</summary>
    public string Name => Profile.Network;

    /// <summary>Chain and network: <c>btc main</c>.</summary>
    public override string ToString() => $"{Chain} {Name}";
}
