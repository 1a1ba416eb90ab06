using System.Net.Http.Headers;
using System.Text;
using Belfry.Core.Runtime;

namespace Belfry.Nodes.Bitcoin.Rpc;

/// <summary>Where a node's RPC listens and how to be let in. Credentials never leave this class except as a request header.</summary>
public sealed class RpcEndpoint
{
    const int MaxCookieBytes = 4096;
    readonly string? userInfo;

    RpcEndpoint(Uri url, string? userInfo, string? cookieFile, string setting)
    {
        Url = url;
        this.userInfo = userInfo;
        CookieFile = cookieFile;
        Setting = setting;
    }

    /// <summary>The address without credentials.</summary>
    public Uri Url { get; }

    /// <summary>Host and port, for messages and status.</summary>
    public string Name => Url.Authority;

    /// <summary>The configuration key that names this endpoint, for instance <c>Chains:btc:Rpc</c>.</summary>
    public string Setting { get; }

    /// <summary>Path of the node's cookie file, or null when user and password come from the URL.</summary>
    public string? CookieFile { get; }

    /// <summary>Reads <c>http://user:password@host:port</c>.</summary>
    /// <param name="text">The URL; user and password may be percent-encoded.</param>
    /// <param name="cookieFile">Used when the URL has no user.</param>
    /// <param name="setting">The configuration key, for messages.</param>
    /// <exception cref="EndpointException">It cannot be an RPC address; the message repeats nothing of it that could be a password.</exception>
    public static RpcEndpoint Parse(string text, string? cookieFile, string setting)
    {
        if (!Uri.TryCreate(text.Trim(), UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0)
            throw new EndpointException("node", setting, "the address cannot be used; expected for instance http://user:password@127.0.0.1:8332");
        var bare = new UriBuilder(uri) { UserName = "", Password = "", Query = "", Fragment = "" }.Uri;
        var login = uri.UserInfo.Length == 0 ? null : Uri.UnescapeDataString(uri.UserInfo);
        return new RpcEndpoint(bare, login, login is null && !string.IsNullOrWhiteSpace(cookieFile) ? cookieFile : null, setting);
    }

    /// <summary>The header that lets us in, or null when the node needs none. A cookie is read from its file now: the node writes a new one at every start.</summary>
    /// <exception cref="EndpointException">The cookie file cannot be read.</exception>
    internal async ValueTask<AuthenticationHeaderValue?> ReadCredentialsAsync(CancellationToken cancellationToken)
    {
        if (CookieFile is null) return userInfo is null ? null : Basic(userInfo);
        try
        {
            await using var file = new FileStream(CookieFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[MaxCookieBytes];
            var read = await file.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
            return Basic(Encoding.UTF8.GetString(bytes, 0, read).Trim());
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new EndpointException(Name, CookieSetting, $"the cookie file '{ForeignText.CleanEndpoint(CookieFile, ForeignText.Sentence)}' cannot be read: {FileFaults.Explain(problem)}", problem);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Name;

    internal string CredentialsSetting => CookieFile is null ? Setting : CookieSetting;

    string CookieSetting => Setting.EndsWith(":Rpc", StringComparison.Ordinal) ? $"{Setting[..^4]}:CookieFile" : Setting;

    static AuthenticationHeaderValue Basic(string userInfo) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(userInfo)));
}
