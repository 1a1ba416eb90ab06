using System.Globalization;
using Belfry.Core.Runtime;

namespace Belfry.Sql;

/// <summary>One numbered step of the schema.</summary>
sealed record Migration(int Version, string Name, string Sql)
{
    /// <summary>The embedded steps in a folder: <c>0001_what_it_does.sql</c>.</summary>
    public static IReadOnlyList<Migration> In(string folder) =>
    [
        .. SqlText.List(folder).Select(path =>
        {
            var name = Path.GetFileNameWithoutExtension(path);
            return new Migration(int.Parse(name.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture), name, SqlText.Read(path));
        }),
    ];
}

/// <summary>Brings a database to this program's schema, each step in a transaction of its own, so that a failing step leaves the version before it whole.</summary>
sealed class MigrationRunner(string store, IReadOnlyList<Migration> migrations, ICrashPoints crashPoints)
{
    const string VersionTable = "CREATE TABLE schema_version (version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL)";

    /// <summary>Applies what is missing.</summary>
    /// <returns>The version before and after.</returns>
    /// <exception cref="StoreException">The database is of a newer version or is none of Belfry's, or a step failed.</exception>
    public (int Before, int After) Apply(SqlSession session)
    {
        var before = ReadVersion(session);
        var latest = migrations.Count == 0 ? 0 : migrations[^1].Version;
        if (before > latest)
            throw new StoreException(store, $"was written by a newer Belfry (schema {before}, this program knows {latest}); start that version, or restore a backup");
        foreach (var migration in migrations.Where(step => step.Version > before)) Step(session, migration, isFirst: before == 0 && migration == migrations[0]);
        return (before, latest);
    }

    int ReadVersion(SqlSession session)
    {
        if (session.Ask("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'") is 0L)
        {
            return session.Ask("SELECT count(*) FROM sqlite_master") is 0L ? 0 : throw new StoreException(store, "is not a database of Belfry; choose another data folder");
        }

        return Convert.ToInt32(session.Ask("SELECT max(version) FROM schema_version"), CultureInfo.InvariantCulture);
    }

    void Step(SqlSession session, Migration migration, bool isFirst)
    {
        session.Execute("begin_write");
        try
        {
            if (isFirst) session.Run(VersionTable);
            session.Run(migration.Sql);
            crashPoints.Reach("migrate.mid");
            session.Run(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO schema_version (version, name) VALUES ({migration.Version}, '{migration.Name}')"));
            session.Execute("commit");
        }
        catch (System.Data.Common.DbException problem)
        {
            session.Execute("rollback");
            throw new StoreException(store, $"migration {migration.Name} failed and was taken back: {problem.Message}", problem);
        }
    }
}
