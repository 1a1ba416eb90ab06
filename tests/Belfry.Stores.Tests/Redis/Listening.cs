using System.Collections.Concurrent;
using Belfry.Redis.Connection;
using Belfry.TestKit;

namespace Belfry.Stores.Tests.Redis;

/// <summary>One reader of a subscription, and what it has heard.</summary>
sealed class Listening : IAsyncDisposable
{
    readonly CancellationTokenSource stopping = new();
    readonly ConcurrentQueue<RedisMessage> heard = new();
    readonly Task reading;

    public Listening(IRedisConnection redis, RedisSubscriptionKind kind, string name) => reading = Task.Run(async () =>
    {
        try
        {
            await foreach (var message in redis.SubscribeAsync(new RedisSubscription(kind, name), stopping.Token)) heard.Enqueue(message);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Told to end.
        }
    });

    public Task Reading => reading;

    public IReadOnlyList<RedisMessage> Heard => [.. heard];

    public int Count(RedisMessageKind kind) => heard.Count(message => message.Kind == kind);

    public Task SubscribedAsync() => Eventually.HoldsAsync(() => Count(RedisMessageKind.Subscribed) == 1, TimeSpan.FromSeconds(60));

    public Task HearsAsync(string text) => Eventually.HoldsAsync(() => heard.Any(message => message.Kind == RedisMessageKind.Message && message.Text == text), TimeSpan.FromSeconds(60), $"hears {text}");

    public Task GapAsync(int count) => Eventually.HoldsAsync(() => Count(RedisMessageKind.Gap) >= count, TimeSpan.FromSeconds(60));

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await reading;
        stopping.Dispose();
    }
}
