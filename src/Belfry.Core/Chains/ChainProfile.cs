namespace Belfry.Core.Chains;

/// <summary>What the pipeline must know of one chain, whoever speaks to its node.</summary>
/// <param name="Id">Lower-case id, <c>btc</c>.</param>
/// <param name="Currency">Upper-case code in event JSON, <c>BTC</c>.</param>
/// <param name="Decimals">Decimals of the currency's unit: 8 for Bitcoin, 18 for Ether.</param>
/// <param name="Network"><c>main</c>, <c>testnet</c>, <c>signet</c>, <c>regtest</c> or another name that the chain knows.</param>
/// <param name="CoinbaseMaturity">A coinbase at height h may be spent in a block of height h + this (Bitcoin 100, Dogecoin 240).</param>
/// <param name="BlockInterval">Average time between blocks; alarms scale with it.</param>
public sealed record ChainProfile(ChainId Id, string Currency, int Decimals, string Network, int CoinbaseMaturity, TimeSpan BlockInterval);
