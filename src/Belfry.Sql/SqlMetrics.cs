using System.Diagnostics.Metrics;

namespace Belfry.Sql;

static class SqlMetrics
{
    static readonly Meter Meter = new("Belfry");
    static readonly Counter<long> Commits = Meter.CreateCounter<long>("belfry.store.commits", description: "Transactions synced");
    static readonly Counter<long> Events = Meter.CreateCounter<long>("belfry.store.events", description: "Journal entries synced");
    static readonly Histogram<int> Members = Meter.CreateHistogram<int>("belfry.store.commit.members", description: "Writes that shared one transaction");
    static readonly Histogram<double> Seconds = Meter.CreateHistogram<double>("belfry.store.commit.duration", "s", "From begin to synced");

    public static void Committed(int members, int events, TimeSpan duration)
    {
        Commits.Add(1);
        Events.Add(events);
        Members.Record(members);
        Seconds.Record(duration.TotalSeconds);
    }
}
