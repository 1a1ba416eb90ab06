using System.Diagnostics.Metrics;

namespace Belfry.Core.Delivery;

/// <summary>What delivery counts.</summary>
public sealed class DeliveryMetrics(Meter meter)
{
    readonly Counter<long> events = meter.CreateCounter<long>("belfry.delivery.events", "{event}", "Events handed to sockets.");
    readonly Counter<long> bytes = meter.CreateCounter<long>("belfry.delivery.bytes", "By", "Bytes of events handed to sockets.");
    readonly Counter<long> pages = meter.CreateCounter<long>("belfry.delivery.pages", "{page}", "Pages read from the journal for readers that were behind.");
    readonly Counter<long> detached = meter.CreateCounter<long>("belfry.delivery.detached", "{reader}", "Times a live reader fell too far behind and was served by paging.");
    readonly Counter<long> slow = meter.CreateCounter<long>("belfry.delivery.slow_closed", "{connection}", "Connections closed because they took nothing for too long.");

    internal void Observe(DeliveryHub hub)
    {
        meter.CreateObservableGauge("belfry.delivery.readers", () => hub.ReaderCount, "{connection}", "Open event connections.");
        meter.CreateObservableGauge("belfry.journal.head", () => hub.Tail.Head, "{event}", "Sequence number of the last event.");
        meter.CreateObservableGauge("belfry.delivery.lag", () => hub.Tail.Head - hub.Head, "{event}", "Events that are durable and not yet handed to readers.");
        meter.CreateObservableGauge("belfry.delivery.window", () => hub.Tail.Bytes, "By", "Bytes of recent events in memory.");
    }

    internal void Delivered(long count, long size)
    {
        if (count == 0) return;
        events.Add(count);
        bytes.Add(size);
    }

    internal void PageRead() => pages.Add(1);

    internal void Detached() => detached.Add(1);

    internal void SlowClosed() => slow.Add(1);
}
