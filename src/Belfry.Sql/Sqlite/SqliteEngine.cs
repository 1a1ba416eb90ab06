using System.Runtime.InteropServices;
using SQLitePCL;

namespace Belfry.Sql.Sqlite;

/// <summary>
/// Which SQLite library runs. The bundled one is of 2021 (3.35.5); the system's is taken in its place when it is newer, for its bug fixes.
/// </summary>
static class SqliteEngine
{
    static readonly Lazy<string> Loaded = new(Load);

    /// <summary>Loads the engine on first use; its version and where it is from, for instance <c>3.40.1 (system)</c>.</summary>
    public static string Version => Loaded.Value;

    static string Load()
    {
        var system = FindSystem(out var systemVersion);
        var provider = typeof(SQLite3Provider_e_sqlite3).Assembly;
        var bundled = 0;
        if (NativeLibrary.TryLoad("e_sqlite3", provider, searchPath: null, out var own))
        {
            bundled = VersionOf(own);
        }

        var chosen = system != 0 && systemVersion > bundled ? system : own;
        NativeLibrary.SetDllImportResolver(provider, (name, _, _) => name == "e_sqlite3" ? chosen : 0);
        Batteries_V2.Init();
        return raw.sqlite3_libversion().utf8_to_string() + (chosen == system && system != 0 ? " (system)" : " (bundled)");
    }

    static nint FindSystem(out int version)
    {
        version = 0;
        foreach (var name in (ReadOnlySpan<string>)["libsqlite3.so.0", "libsqlite3.dylib"])
        {
            if (!NativeLibrary.TryLoad(name, out var library)) continue;
            version = VersionOf(library);
            return library;
        }

        return 0;
    }

    static int VersionOf(nint library) => NativeLibrary.TryGetExport(library, "sqlite3_libversion_number", out var export)
        ? Marshal.GetDelegateForFunctionPointer<VersionNumber>(export)()
        : 0;

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    delegate int VersionNumber();
}
