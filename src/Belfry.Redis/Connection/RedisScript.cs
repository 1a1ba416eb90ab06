using System.Reflection;
using System.Security.Cryptography;
using System.Text;

namespace Belfry.Redis.Connection;

/// <summary>A Lua script, kept as a file of its own (<c>*.lua</c>, an embedded resource) and called by its hash.</summary>
public sealed class RedisScript
{
    RedisScript(string name, byte[] body)
    {
        (Name, Body) = (name, body);
#pragma warning disable CA5350 // the name that Redis gives a script; protects nothing
        Hash = Encoding.ASCII.GetBytes(Convert.ToHexStringLower(SHA1.HashData(body)));
#pragma warning restore CA5350
    }

    /// <summary>The file's name, for messages.</summary>
    public string Name { get; }

    /// <summary>Its text.</summary>
    internal byte[] Body { get; }

    /// <summary>SHA-1 of the text, 40 lower-case hex digits.</summary>
    internal byte[] Hash { get; }

    /// <summary>Reads an embedded script of an assembly.</summary>
    /// <param name="assembly">Whose resources.</param>
    /// <param name="name">Folder and file name, for instance <c>Listeners/claim.lua</c>.</param>
    /// <exception cref="ArgumentException">No resource has that name.</exception>
    public static RedisScript Load(Assembly assembly, string name)
    {
        using var resource = assembly.GetManifestResourceStream(name) ?? throw new ArgumentException($"{assembly.GetName().Name} embeds no {name}.", nameof(name));
        var body = new byte[resource.Length];
        resource.ReadExactly(body);
        return new RedisScript(name, body);
    }

    /// <summary>A script from text, for tests and tools.</summary>
    public static RedisScript FromText(string name, string text) => new(name, Encoding.UTF8.GetBytes(text));
}
