using System.Buffers.Text;
using System.Text;
using Belfry.Core.Runtime;
using Belfry.Redis.Connection.Lines;

namespace Belfry.Redis.Connection.Topology;

/// <summary>What an error asks for.</summary>
enum RedirectKind
{
    /// <summary>It is the answer.</summary>
    None,

    /// <summary>The server refuses for now, before executing anything.</summary>
    NotNow,

    /// <summary>The slot lives elsewhere for good.</summary>
    Moved,

    /// <summary>This key was moved already; ask there, this once.</summary>
    Ask,

    /// <summary>The script is not known.</summary>
    NoScript,
}

/// <summary>An error, understood.</summary>
readonly record struct Redirect(RedirectKind Kind, string Code, int Slot, RedisEndpoint? Endpoint)
{
    /// <summary>
    /// Reads an error. Not now: TRYAGAIN and CLUSTERDOWN (cluster specification), LOADING, MASTERDOWN, READONLY, BUSY (errors before execution), UNBLOCKED (a blocked command that a
    /// role change ended). OOM, MISCONF and NOREPLICAS are refusals too, but of a state that somebody has to mend: they are answers.
    /// </summary>
    public static Redirect Read(ReadOnlySpan<byte> error, RedisEndpoint from)
    {
        var code = Handshake.CodeOf(error);
        return code switch
        {
            "TRYAGAIN" or "CLUSTERDOWN" or "LOADING" or "MASTERDOWN" or "READONLY" or "BUSY" or "UNBLOCKED" => new Redirect(RedirectKind.NotNow, code, -1, null),
            "NOSCRIPT" => new Redirect(RedirectKind.NoScript, code, -1, null),
            "MOVED" or "ASK" => ReadPlace(code, error, from),
            _ => new Redirect(RedirectKind.None, code, -1, null),
        };
    }

    /// <summary>The server's sentence for a message. Some servers quote the arguments of commands that they do not know; those are cut off.</summary>
    public static string Text(ReadOnlySpan<byte> error)
    {
        var arguments = error.IndexOf(", with args beginning with"u8);
        return ForeignText.Clean(Encoding.UTF8.GetString(arguments < 0 ? error : error[..arguments]), ForeignText.Sentence);
    }

    // "MOVED 3999 127.0.0.1:6381"; an empty host is that of the server that says so.
    static Redirect ReadPlace(string code, ReadOnlySpan<byte> error, RedisEndpoint from)
    {
        var rest = error[Math.Min(code.Length + 1, error.Length)..];
        if (!Utf8Parser.TryParse(rest, out int slot, out var digits) || slot is < 0 or >= HashSlot.Count || digits + 1 >= rest.Length) return new Redirect(RedirectKind.None, code, -1, null);
        var place = Encoding.UTF8.GetString(rest[(digits + 1)..]);
        var colon = place.LastIndexOf(':');
        if (colon < 0 || !int.TryParse(place.AsSpan(colon + 1), out var port) || port is <= 0 or > 65535) return new Redirect(RedirectKind.None, code, -1, null);
        var host = place[..colon];
        return new Redirect(code == "MOVED" ? RedirectKind.Moved : RedirectKind.Ask, code, slot, new RedisEndpoint(host is "" or "?" ? from.Host : host, port));
    }
}
