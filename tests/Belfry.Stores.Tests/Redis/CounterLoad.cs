using Belfry.Redis.Connection;
using Belfry.TestKit;
using Shouldly;

namespace Belfry.Stores.Tests.Redis;

/// <summary>
/// Callers that count, each on keys of its own, and an oracle: every acknowledged step is in the final count, those that were surely not sent are not, and those of
/// unknown outcome may be.
/// </summary>
sealed class CounterLoad : IAsyncDisposable
{
    static readonly RedisScript Script = RedisScript.Load(typeof(CounterLoad).Assembly, "Redis/count.lua");

    readonly CancellationTokenSource stopping = new();
    readonly Counter[] counters;
    readonly Task[] workers;

    CounterLoad(IRedisConnection redis, Counter[] counters, bool scripted, bool mayLose)
    {
        this.counters = counters;
        workers = [.. counters.Select(counter => Task.Run(() => RunAsync(redis, counter, scripted, mayLose)))];
    }

    public long Acknowledged => counters.Sum(counter => Volatile.Read(ref counter.Acknowledged));

    public long Unknown => counters.Sum(counter => Volatile.Read(ref counter.Unknown));

    public long NotSent => counters.Sum(counter => Volatile.Read(ref counter.NotSent));

    /// <summary>Anything that is neither an answer nor an outage: there must be none.</summary>
    public IEnumerable<Exception> Surprises => counters.SelectMany(counter => counter.Surprises.ToArray());

    /// <summary>Starts one caller for each key.</summary>
    /// <param name="redis">What is tested.</param>
    /// <param name="keys">One for each caller.</param>
    /// <param name="scripted">Counts two keys of one slot in one step.</param>
    /// <param name="mayLose">Redis itself may lose acknowledged steps: a replica takes over before it has them.</param>
    public static CounterLoad Start(IRedisConnection redis, IEnumerable<string> keys, bool scripted = false, bool mayLose = false) => new(redis, [.. keys.Select(key => new Counter(key))], scripted, mayLose);

    /// <summary>Waits until every caller has gone on by some steps.</summary>
    public async Task ProgressAsync(int steps)
    {
        var before = counters.Select(counter => Volatile.Read(ref counter.Acknowledged)).ToArray();
        await Eventually.HoldsAsync(() => counters.Zip(before).All(pair => Volatile.Read(ref pair.First.Acknowledged) >= pair.Second + steps) || Surprises.Any(), TimeSpan.FromSeconds(60), $"every caller goes on by {steps} steps");
        Surprises.ShouldBeEmpty();
    }

    /// <summary>Stops, and compares with what Redis holds.</summary>
    public async Task StopAndCheckAsync(Func<string, ValueTask<long>> read)
    {
        await stopping.CancelAsync();
        await Task.WhenAll(workers);
        Surprises.ShouldBeEmpty();
        foreach (var counter in counters)
        {
            var count = await read(counter.Key);
            count.ShouldBeGreaterThanOrEqualTo(counter.Acknowledged, $"{counter.Key}: acknowledged steps are missing ({counter})");
            count.ShouldBeLessThanOrEqualTo(counter.Acknowledged + counter.Unknown, $"{counter.Key}: steps that were not sent were executed, or some twice ({counter})");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(workers);
        stopping.Dispose();
    }

    async Task RunAsync(IRedisConnection redis, Counter counter, bool scripted, bool mayLose)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                var count = await (scripted
                    ? redis.SendAsync(RedisCommand.Evaluate(Script, 2L, $"{{{counter.Key}}}:twin", counter.Key), RedisRead.Integer, default)
                    : redis.SendAsync(new RedisCommand("INCR", counter.Key), RedisRead.Integer, default));
                Volatile.Write(ref counter.Acknowledged, counter.Acknowledged + 1);
                if ((count < counter.Acknowledged && !mayLose) || count > counter.Acknowledged + counter.Unknown) throw new InvalidOperationException($"{counter.Key} is {count}: {counter}");
            }
            catch (RedisUnavailableException away) when (away.Outcome == RedisOutcome.Unknown)
            {
                Volatile.Write(ref counter.Unknown, counter.Unknown + 1);
            }
            catch (RedisUnavailableException)
            {
                Volatile.Write(ref counter.NotSent, counter.NotSent + 1);
                // Refused at once: without a pause this loop would be all that the machine does.
                await Task.Delay(5);
            }
            catch (RedisErrorException refused) when (refused.IsNotNow)
            {
                Volatile.Write(ref counter.NotSent, counter.NotSent + 1);
                await Task.Delay(5);
            }
            catch (Exception problem)
            {
                counter.Surprises.Enqueue(problem);
                return;
            }
        }
    }

    sealed class Counter(string key)
    {
        public long Acknowledged, Unknown, NotSent;

        public string Key { get; } = key;

        public System.Collections.Concurrent.ConcurrentQueue<Exception> Surprises { get; } = new();

        public override string ToString() => $"{Acknowledged} acknowledged, {Unknown} unknown, {NotSent} not sent";
    }
}
