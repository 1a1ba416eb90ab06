using Microsoft.Extensions.Logging;

namespace Belfry.Core.Tracking;

static partial class TrackingLog
{
    [LoggerMessage(1000, LogLevel.Information, "{Chain}: following {Network} at {Endpoint} from block {Height}")]
    public static partial void Following(ILogger logger, string chain, string network, string endpoint, long height);

    [LoggerMessage(1001, LogLevel.Information, "{Chain}: stopped at block {Height}")]
    public static partial void Stopped(ILogger logger, string chain, long height);

    [LoggerMessage(1002, LogLevel.Information, "{Chain}: first start, following from the node's tip {Height}; earlier blocks are read only for watches that ask for them")]
    public static partial void FirstStart(ILogger logger, string chain, long height);

    [LoggerMessage(1003, LogLevel.Information, "{Chain}: live at block {Height} by {Feed}")]
    public static partial void Live(ILogger logger, string chain, long height, string feed);

    [LoggerMessage(1004, LogLevel.Information, "{Chain}: catching up {Blocks} blocks from {Height}")]
    public static partial void CatchingUp(ILogger logger, string chain, long blocks, long height);

    [LoggerMessage(1005, LogLevel.Warning, "{Chain}: reorg, {Depth} blocks leave the best chain, back to block {Height}")]
    public static partial void Reorg(ILogger logger, string chain, long depth, long height);

    [LoggerMessage(1006, LogLevel.Warning, "{Chain}: feed degraded, {Reason}: {Detail}")]
    public static partial void FeedDegraded(ILogger logger, string chain, string reason, string detail);

    [LoggerMessage(1007, LogLevel.Information, "{Chain}: feed recovered after {Seconds:F1} s ({Reason})")]
    public static partial void FeedRecovered(ILogger logger, string chain, double seconds, string reason);

    [LoggerMessage(1008, LogLevel.Warning, "{Chain}: the node at {Endpoint} shows less work than already seen (its block {NodeHeight}, ours {Height}): behind, nothing is taken back until {Until:HH:mm:ss}")]
    public static partial void Behind(ILogger logger, string chain, string endpoint, long nodeHeight, long height, DateTimeOffset until);

    [LoggerMessage(1009, LogLevel.Warning, "{Chain}: the audit found {Found} transactions and {Blocks} blocks that the feed did not tell")]
    public static partial void AuditFound(ILogger logger, string chain, int found, long blocks);

    [LoggerMessage(1010, LogLevel.Error, "{Chain}: the store refuses; ingest waits, nothing is skipped")]
    public static partial void StoreRefuses(ILogger logger, Exception problem, string chain);

    [LoggerMessage(1011, LogLevel.Information, "{Chain}: the store takes batches again")]
    public static partial void StoreRecovered(ILogger logger, string chain);

    [LoggerMessage(1012, LogLevel.Error, "{Chain}: {Duplicates} events were in the journal already and were left out; please report this")]
    public static partial void Duplicates(ILogger logger, string chain, int duplicates);

    [LoggerMessage(1013, LogLevel.Warning, "{Chain}: a transaction from the feed cannot be read and is ignored: {Problem}")]
    public static partial void MalformedTransaction(ILogger logger, string chain, string problem);

    [LoggerMessage(1014, LogLevel.Error, "{Chain}: block {Height} {Hash} from {Endpoint} cannot be worked in: {Problem}")]
    public static partial void BadBlock(ILogger logger, string chain, long height, string hash, string endpoint, string problem);

    [LoggerMessage(1015, LogLevel.Information, "{Chain}: reading history for {Scripts} scripts from block {From}")]
    public static partial void HistoryStarted(ILogger logger, string chain, int scripts, long from);

    [LoggerMessage(1016, LogLevel.Information, "{Chain}: history read up to block {Height}, {Scripts} scripts are live")]
    public static partial void HistoryDone(ILogger logger, string chain, long height, int scripts);

    [LoggerMessage(1017, LogLevel.Error, "{Chain}: the reorg goes below block {Height}, the first one known here; what happened further down cannot be told block by block")]
    public static partial void ReorgTooDeep(ILogger logger, string chain, long height);

    [LoggerMessage(1018, LogLevel.Critical, "{Chain}: the pipeline failed and starts again from its last commit")]
    public static partial void PipelineFailed(ILogger logger, Exception problem, string chain);

    [LoggerMessage(1019, LogLevel.Warning, "{Chain}: history needs block {Height}, which the node does not have (pruned); it goes on from block {Next}")]
    public static partial void HistoryPruned(ILogger logger, string chain, long height, long next);
}
