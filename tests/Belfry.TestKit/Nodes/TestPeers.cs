namespace Belfry.TestKit.Nodes;

/// <summary>
/// The real programs that tests talk to. A test that needs one skips only when the run was asked to do without (<c>BELFRY_TEST_EMBEDDED_ONLY=1</c>);
/// otherwise its absence is a failure, so that a green run means that real nodes were met.
/// </summary>
public static class TestPeers
{
    /// <summary>Debian's program itself; <c>/usr/bin/litecoind</c> is a wrapper that writes to the home folder.</summary>
    const string LitecoindPath = "/usr/lib/litecoin/litecoind";

    /// <summary>Whether the run was asked to do without real programs.</summary>
    public static bool EmbeddedOnly => Environment.GetEnvironmentVariable("BELFRY_TEST_EMBEDDED_ONLY") == "1";

    /// <summary>The folder <c>tests/peers</c> of this repository.</summary>
    public static string Folder { get; } = FindFolder();

    /// <summary>The path of litecoind.</summary>
    public static string RequireLitecoind() => Require("litecoind", LitecoindPath);

    /// <summary>The path of redis-server.</summary>
    public static string RequireRedis() => Require("redis-server", "/usr/bin/redis-server");

    /// <summary>The start script of bcoin (Bitcoin).</summary>
    public static string RequireBcoin() => Require("bcoin", Path.Combine(Folder, "node_modules", "bcoin", "bin", "node"));

    /// <summary>The start script of bcash (Bitcoin Cash).</summary>
    public static string RequireBcash() => Require("bcash", Path.Combine(Folder, "node_modules", "bcash", "bin", "node"));

    /// <summary>The folder of PostgreSQL's programs, the newest when there are several.</summary>
    public static string RequirePostgres()
    {
        const string Debian = "/usr/lib/postgresql";
        var newest = Directory.Exists(Debian) ? Directory.EnumerateDirectories(Debian).MaxBy(folder => int.TryParse(Path.GetFileName(folder), out var version) ? version : 0) : null;
        return Path.GetDirectoryName(Require("PostgreSQL", Path.Combine(newest ?? Path.Combine(Debian, "15"), "bin", "initdb")))!;
    }

    /// <summary>A program at a known path.</summary>
    public static string Require(string name, string path)
    {
        Assert.SkipWhen(EmbeddedOnly, $"{name} is a real program, and BELFRY_TEST_EMBEDDED_ONLY=1 asks to do without.");
        if (!File.Exists(path)) Assert.Fail($"{name} is not at {path}: run eng/install-test-peers, or set BELFRY_TEST_EMBEDDED_ONLY=1 to skip tests of real programs.");
        return path;
    }

    static string FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "tests", "peers");
            if (File.Exists(Path.Combine(candidate, "package.json"))) return candidate;
        }

        throw new DirectoryNotFoundException($"No tests/peers above {AppContext.BaseDirectory}.");
    }
}
