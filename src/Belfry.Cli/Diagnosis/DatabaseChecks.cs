using Belfry.Core.Hosting;
using Belfry.Core.Runtime;
using Belfry.Sql.Postgres;

namespace Belfry.Cli.Diagnosis;

/// <summary>What PostgreSQL must offer, where it is configured.</summary>
static class DatabaseChecks
{
    /// <summary>The server, its version and Belfry's tables in it; changes nothing.</summary>
    public static async Task<Finding> PostgresAsync(BelfryOptions options, string setting, CancellationToken cancellationToken)
    {
        const string Subject = "postgres";
        try
        {
            var report = await PostgresSchema.LookAsync(ServerStore.Options(options, setting), cancellationToken);
            return report.Before switch
            {
                0 => Finding.Ok(Subject, $"{report.Engine} at {report.Store}; it has no tables of Belfry's yet and gets them at the first start"),
                var version when version < report.After => Finding.Ok(Subject, $"{report.Engine} at {report.Store}; its schema {version} is brought to {report.After} at the next start"),
                var version when version > report.After => Finding.Failure(Subject, $"{report.Store} was written by a newer Belfry (schema {version}, this program knows {report.After})", "start that version"),
                var version => Finding.Ok(Subject, $"{report.Engine} at {report.Store}, schema {version}"),
            };
        }
        catch (StoreException problem)
        {
            return Finding.Failure(Subject, problem.Message, "what is configured must be reachable from here, and its user may make tables in it");
        }
        catch (ConfigurationException problem)
        {
            return Finding.Failure(Subject, string.Join(" ", problem.Faults), "correct it");
        }
    }
}
