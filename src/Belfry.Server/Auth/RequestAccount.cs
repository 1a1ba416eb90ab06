using Belfry.Core.Chains;
using Belfry.Server.Watches;

namespace Belfry.Server.Auth;

/// <summary>The caller of a request that has passed the guard.</summary>
static class RequestAccount
{
    static readonly object Key = new();

    public static void SetAccount(this HttpContext context, Account account) => context.Items[Key] = account;

    public static Account GetAccount(this HttpContext context) =>
        context.Items[Key] as Account ?? throw new InvalidOperationException("The request has not passed the guard.");

    /// <summary>Whether the caller may see a script.</summary>
    public static bool Sees(this HttpContext context, ChainId chain, Script script) =>
        context.RequestServices.GetRequiredService<WatchRegistry>().Sees(context.GetAccount(), chain, script);
}
