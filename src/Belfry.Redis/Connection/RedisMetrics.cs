using System.Diagnostics.Metrics;

namespace Belfry.Redis.Connection;

/// <summary>What connections to Redis count; the tag <c>endpoint</c> is host and port.</summary>
static class RedisMetrics
{
    static readonly Meter Meter = new("Belfry");

    public static readonly Counter<long> Commands = Meter.CreateCounter<long>("belfry.redis.commands", "{command}", "Commands answered.");

    public static readonly Counter<long> OutcomeUnknown = Meter.CreateCounter<long>("belfry.redis.outcome_unknown", "{command}", "Commands that were sent and got no answer: the line broke, or their time was up.");

    public static readonly Counter<long> NotSent = Meter.CreateCounter<long>("belfry.redis.not_sent", "{command}", "Commands that were refused before they left: the line was away or silent, or too many waited.");

    public static readonly Counter<long> MessagesDropped = Meter.CreateCounter<long>("belfry.redis.messages_dropped", "{message}", "Published messages that a slow subscriber lost; told as a gap.");

    static readonly Counter<long> Lines = Meter.CreateCounter<long>("belfry.redis.connections", "{connection}", "Completed handshakes, by purpose.");
    static readonly Counter<long> Breaks = Meter.CreateCounter<long>("belfry.redis.connections_lost", "{connection}", "Connections lost, by purpose.");
    static readonly Counter<long> Refusals = Meter.CreateCounter<long>("belfry.redis.refusals", "{reply}", "Answers that said elsewhere or not now, by code.");
    static readonly Counter<long> Gaps = Meter.CreateCounter<long>("belfry.redis.subscription_gaps", "{gap}", "Times a subscription may have missed messages.");

    public static void Connected(string endpoint, string purpose) => Lines.Add(1, new("endpoint", endpoint), new("purpose", purpose));

    public static void Lost(string endpoint, string purpose) => Breaks.Add(1, new("endpoint", endpoint), new("purpose", purpose));

    public static void Refused(string code) => Refusals.Add(1, new KeyValuePair<string, object?>("code", code));

    public static void Gap() => Gaps.Add(1);
}
