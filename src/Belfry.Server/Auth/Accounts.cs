using System.Security.Cryptography;
using System.Text;
using Belfry.Core.Hosting;

namespace Belfry.Server.Auth;

/// <summary>Who a caller is: the owner of watches.</summary>
public sealed record Account(string Id)
{
    /// <summary>The account of the default key, and of everybody on a loopback server without keys.</summary>
    public const string DefaultId = "default";
}

/// <summary>The configured keys, as hashes. Comparing costs the same whatever is right about a wrong key.</summary>
public sealed class Accounts
{
    readonly List<(byte[] Hash, Account Account)> keys = [];

    /// <summary>Reads the keys.</summary>
    public Accounts(BelfryOptions options)
    {
        if (options.ApiKey is { } main) keys.Add((Hash(main), new Account(Account.DefaultId)));
        foreach (var key in options.ApiKeys)
        {
            var hash = Hash(key);
            keys.Add((hash, new Account("key-" + Convert.ToHexStringLower(hash.AsSpan(0, 6)))));
        }
    }

    /// <summary>Whether callers must show a key.</summary>
    public bool AreRequired => keys.Count > 0;

    /// <summary>Whether one account could see what belongs to another.</summary>
    public bool AreSeparate => keys.Exists(key => key.Account.Id != Account.DefaultId);

    /// <summary>Everybody who can call.</summary>
    public IEnumerable<Account> All => keys.Count == 0 ? [new Account(Account.DefaultId)] : keys.Select(key => key.Account).Distinct();

    /// <summary>The account of a key, or null.</summary>
    public Account? Find(string? key)
    {
        if (string.IsNullOrEmpty(key)) return null;
        var hash = Hash(key);
        Account? found = null;
        foreach (var known in keys)
        {
            if (CryptographicOperations.FixedTimeEquals(known.Hash, hash)) found = known.Account;
        }

        return found;
    }

    /// <summary>The caller of a request: by <c>Authorization: Bearer</c> or <c>X-Api-Key</c>, never by the address; null when a key is needed and none or a wrong one is there.</summary>
    public Account? Identify(HttpRequest request)
    {
        if (!AreRequired) return new Account(Account.DefaultId);
        var bearer = request.Headers.Authorization.ToString();
        return Find(bearer.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) ? bearer[7..].Trim() : request.Headers["X-Api-Key"].ToString());
    }

    /// <summary>Whether the request tries to identify itself.</summary>
    public static bool HasCredentials(HttpRequest request) => request.Headers.ContainsKey("Authorization") || request.Headers.ContainsKey("X-Api-Key");

    static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
