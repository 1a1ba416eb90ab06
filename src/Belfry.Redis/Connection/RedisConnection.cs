using Belfry.Core.Hosting;
using Belfry.Redis.Connection.Lines;
using Belfry.Redis.Connection.Push;
using Belfry.Redis.Connection.Topology;

namespace Belfry.Redis.Connection;

/// <summary>Belfry's own client. Starts to connect when made; commands may be sent at once.</summary>
public sealed class RedisConnection : IRedisConnection, ITopologyOwner
{
    readonly RedisOptions options;
    readonly RedisRuntime runtime;
    readonly LineOpener opener;
    readonly ITopology topology;
    readonly Refusals refusals;
    readonly SubscriptionHub subscriptions;
    readonly BlockingSender blocking;
    readonly long commandTicks;
    readonly Lock gate = new();
    TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    volatile RedisState state;
    bool disposed;

    /// <summary>Makes a connection.</summary>
    /// <exception cref="ConfigurationException">The options cannot be used; lists every fault.</exception>
    public RedisConnection(RedisOptions options, RedisRuntime? runtime = null)
    {
        var faults = options.Validate();
        if (faults.Count > 0) throw new ConfigurationException(faults);
        this.options = options;
        this.runtime = runtime ?? new RedisRuntime();
        commandTicks = (long)(options.CommandTimeout.TotalSeconds * this.runtime.Clock.TimestampFrequency);
        state = new RedisState(0, RedisPhase.Connecting, 0, string.Join(',', options.Endpoints), "not connected yet");
        opener = new LineOpener(options, this.runtime);
        topology = options.Topology == RedisTopologyKind.Cluster ? new ClusterTopology(opener, this) : new ServerTopology(opener, this);
        refusals = new Refusals(topology, options, this.runtime);
        subscriptions = new SubscriptionHub(opener, topology);
        blocking = new BlockingSender(topology, options, this.runtime);
        PhaseChanged();
    }

    /// <inheritdoc/>
    public RedisState State => state;

    /// <inheritdoc/>
    public async ValueTask<RedisState> WaitForChangeAsync(RedisState seen, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next;
            lock (gate)
            {
                if (state.Version > seen.Version) return state;
                next = changed.Task;
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public ValueTask<T> SendAsync<T>(RedisCommand command, RedisReading<T> read, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return ValueTask.FromCanceled<T>(cancellationToken);
        SharedSocket.Check(command);
        var slot = topology.HasSlots ? CommandKeys.SlotOf(command) : -1;
        var operation = Prepare(command, read);
        operation.Slot = slot;
        var answer = operation.Task;
        refusals.Submit(operation);
        operation.CancelBy(cancellationToken);
        return answer;
    }

    /// <inheritdoc/>
    public ValueTask<T> SendBlockingAsync<T>(RedisCommand command, TimeSpan longest, RedisReading<T> read, CancellationToken cancellationToken)
    {
        SharedSocket.CheckBlocking(command);
        ArgumentOutOfRangeException.ThrowIfLessThan(longest, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(longest, TimeSpan.FromDays(1));
        var slot = topology.HasSlots ? CommandKeys.SlotOf(command) : -1;
        return blocking.SendAsync(new OwnedCommand(command), slot, longest, read, cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<(string Endpoint, T Answer)>> SendToEachAsync<T>(RedisCommand command, RedisReading<T> read, CancellationToken cancellationToken)
    {
        SharedSocket.Check(command);
        var nodes = topology.Primaries;
        if (nodes.Count == 0)
            return ValueTask.FromException<IReadOnlyList<(string, T)>>(new RedisUnavailableException(RedisOutcome.NotSent, command.Name, State.Endpoint, $"{options.Setting}:Endpoints", topology.Problem ?? "no server is known"));
        var answers = new (string Endpoint, Task<T> Answer)[nodes.Count];
        for (var i = 0; i < nodes.Count; i++)
        {
            var operation = Prepare(command, read);
            operation.Home = nodes[i];
            var answer = operation.Task;
            refusals.Submit(operation);
            operation.CancelBy(cancellationToken);
            answers[i] = (nodes[i].Endpoint, answer.AsTask());
        }

        return GatherAsync(answers);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<RedisMessage> SubscribeAsync(RedisSubscription subscription, CancellationToken cancellationToken) => subscriptions.ReadAsync(subscription, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            if (disposed) return;
            disposed = true;
        }

        await subscriptions.DisposeAsync();
        await topology.DisposeAsync();
        opener.Dispose();
        Tell(RedisPhase.Closed, "the connection was closed");
    }

    void IChannelOwner.PhaseChanged(RedisChannel channel) => PhaseChanged();

    void ITopologyOwner.RoutesChanged()
    {
        // Heard while this object is being made, too.
        subscriptions?.Settle();
        PhaseChanged();
    }

    void ITopologyOwner.Resubmit(IEnumerable<RedisOperation> operations)
    {
        foreach (var operation in operations) refusals.Submit(operation);
    }

    static async ValueTask<IReadOnlyList<(string Endpoint, T Answer)>> GatherAsync<T>((string Endpoint, Task<T> Answer)[] answers)
    {
        var results = await Task.WhenAll(answers.Select(each => each.Answer));
        return [.. answers.Zip(results, static (each, result) => (each.Endpoint, result))];
    }

    RedisOperation<T> Prepare<T>(RedisCommand command, RedisReading<T> read)
    {
        var operation = RedisOperation<T>.Rent(read);
        operation.Encode(command);
        operation.Refused = refusals;
        operation.Deadline = runtime.Clock.GetTimestamp() + commandTicks;
        return operation;
    }

    void PhaseChanged()
    {
        if (topology is null) return;
        var channels = topology.Primaries.SelectMany(node => node.Channels).ToList();
        var worst = channels.Count == 0 ? RedisPhase.Connecting : channels.Max(channel => channel.Phase);
        var problem = channels.FirstOrDefault(channel => channel.Phase == worst)?.Problem ?? topology.Problem;
        if (worst == RedisPhase.Live && topology.Problem is not null) worst = RedisPhase.Away;
        Tell(worst, problem);
    }

    void Tell(RedisPhase phase, string? problem)
    {
        lock (gate)
        {
            if (state.Phase == RedisPhase.Closed || (disposed && phase != RedisPhase.Closed)) return;
            var channels = topology.Primaries.SelectMany(node => node.Channels).ToList();
            var endpoints = string.Join(',', channels.Select(channel => channel.Endpoint).Where(endpoint => endpoint.Length > 0).Distinct());
            // Connections of servers that left a cluster count on: the number only grows.
            var connections = Math.Max(state.Connections, channels.Sum(channel => channel.Connections));
            var next = new RedisState(state.Version + 1, phase, connections, endpoints.Length > 0 ? endpoints : state.Endpoint, problem);
            if (next with { Version = state.Version } == state) return;
            state = next;
            changed.TrySetResult();
            changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }
}
