using Microsoft.Extensions.Logging;

namespace Belfry.Core.Delivery;

sealed partial class DeliveryLog(ILogger logger)
{
    [LoggerMessage(1400, LogLevel.Warning, "A connection took nothing for too long and is closed; it can resume after {Cursor}.")]
    public partial void SlowReader(long cursor);

    [LoggerMessage(1401, LogLevel.Error, "The journal could not be read after {Cursor}; the connection is closed and may come back.")]
    public partial void PageFailed(Exception problem, long cursor);

    [LoggerMessage(1402, LogLevel.Warning, "Events {From} to {To} left the memory window before they were handed on; every reader goes on from the journal. Raise Delivery:WindowBytes.")]
    public partial void WindowOverrun(long from, long to);
}
