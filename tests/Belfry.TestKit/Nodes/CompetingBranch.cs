namespace Belfry.TestKit.Nodes;

/// <summary>
/// Reorganisations without a peer connection between the nodes: the rival branch grows on a second node of the same kind and is handed over block by block with
/// <c>submitblock</c>. The test decides the moment, and nothing else travels.
/// </summary>
public static class CompetingBranch
{
    /// <summary>
    /// Makes a branch that forks <paramref name="depth"/> blocks below the tip of <paramref name="node"/> and is <paramref name="length"/> blocks long (default: one
    /// longer than what it replaces), and hands it over. Returns its hashes, lowest first.
    /// </summary>
    /// <param name="node">The node that reorganises.</param>
    /// <param name="second">Where the branch is mined; taken to the fork first.</param>
    /// <param name="depth">How many blocks leave the best chain.</param>
    /// <param name="length">How many blocks come.</param>
    /// <param name="transactions">Hex of transactions that the branch confirms, for instance a double spend.</param>
    public static async Task<IReadOnlyList<string>> ReorganiseAsync(
        RegtestNode node, RegtestNode second, int depth, int? length = null, IReadOnlyList<string>? transactions = null)
    {
        var branch = await MineAsync(node, second, depth, length ?? depth + 1, transactions);
        await HandOverAsync(second, node, branch);
        return branch;
    }

    /// <summary>Mines the branch on <paramref name="second"/> without handing it over.</summary>
    public static async Task<IReadOnlyList<string>> MineAsync(
        RegtestNode node, RegtestNode second, int depth, int length, IReadOnlyList<string>? transactions = null)
    {
        var fork = await node.GetHeightAsync() - depth;
        await CopyAsync(node, second, fork);
        foreach (var transaction in transactions ?? []) await second.SendRawAsync(transaction);
        return await second.GenerateAsync(length, await second.StrangerAddressAsync());
    }

    /// <summary>Brings <paramref name="to"/> to the best chain of <paramref name="from"/> at <paramref name="height"/>, taking off what it has beside it.</summary>
    public static async Task CopyAsync(RegtestNode from, RegtestNode to, int height)
    {
        var common = Math.Min(height, await to.GetHeightAsync());
        while (await from.GetHashAsync(common) != await to.GetHashAsync(common)) common--;
        if (await to.GetHeightAsync() > common) await to.InvalidateAsync(await to.GetHashAsync(common + 1));
        var missing = new List<string>();
        for (var next = common + 1; next <= height; next++) missing.Add(await from.GetHashAsync(next));
        await HandOverAsync(from, to, missing);
        var reached = await to.GetTipAsync();
        if (reached != await from.GetHashAsync(height)) throw new InvalidOperationException($"The second node stands at {reached}, not at height {height} of the first.");
    }

    /// <summary>Hands blocks over, in order.</summary>
    public static async Task HandOverAsync(RegtestNode from, RegtestNode to, IReadOnlyList<string> hashes)
    {
        foreach (var hash in hashes) await to.CallAsync("submitblock", await from.GetBlockHexAsync(hash));
    }
}
