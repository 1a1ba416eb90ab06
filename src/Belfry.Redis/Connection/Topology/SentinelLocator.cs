using Belfry.Core.Runtime;
using Belfry.Redis.Connection.Lines;

namespace Belfry.Redis.Connection.Topology;

/// <summary>Asks the sentinels who is primary, and the one who is named whether it thinks so too. Learns of further sentinels on the way.</summary>
sealed class SentinelLocator(LineOpener opener) : ILocator
{
    const int MostSentinels = 32;

    readonly Lock gate = new();
    readonly List<RedisEndpoint> sentinels = [.. opener.Options.Endpoints];
    string last = "";

    RedisOptions Options => opener.Options;

    string Name => Options.PrimaryName!;

    /// <summary>Those known, the one that answered last first.</summary>
    public IReadOnlyList<RedisEndpoint> Sentinels
    {
        get { lock (gate) return [.. sentinels]; }
    }

    public async ValueTask<RedisEndpoint> LocateAsync(CancellationToken cancellationToken)
    {
        var problem = "";
        foreach (var sentinel in Sentinels)
        {
            try
            {
                var primary = await AskAsync(sentinel, cancellationToken);
                Prefer(sentinel);
                if (primary.ToString() != last) opener.Runtime.Logger.PrimaryFound(last = primary.ToString(), ForeignText.Clean(Name));
                return primary;
            }
            catch (Exception fault) when (fault is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                problem = $"{sentinel}: {fault.Describe()}";
                opener.Runtime.Logger.SentinelFailed(sentinel.ToString(), problem);
            }
        }

        throw new EndpointException(string.Join(',', Sentinels), $"{Options.Setting}:Endpoints", $"no sentinel names a primary; the last said: {problem}");
    }

    public async ValueTask CheckAsync(OpenLine line, CancellationToken cancellationToken)
    {
        var role = await line.AskAsync(new RedisCommand("ROLE"), Options.ConnectTimeout, opener.Runtime.Clock, cancellationToken);
        var word = role.Items.Count > 0 ? role.Items[0].Text : Handshake.Code(role);
        // Sentinels name the old primary until they agree; it may be back already, as a replica.
        if (word != "master") throw new EndpointException(line.Line.Endpoint.ToString(), $"{Options.Setting}:Endpoints", $"the sentinels name it as primary, and it says that it is '{ForeignText.Clean(word)}'");
    }

    async ValueTask<RedisEndpoint> AskAsync(RedisEndpoint sentinel, CancellationToken cancellationToken)
    {
        await using var open = await opener.OpenAsync(sentinel, Identity.Sentinel(Options), "sentinel", cancellationToken);
        var address = await open.AskAsync(new RedisCommand("SENTINEL", "GET-MASTER-ADDR-BY-NAME", Name), Options.ConnectTimeout, opener.Runtime.Clock, cancellationToken);
        if (address.Kind == RespKind.Error) throw new RedisErrorException(Handshake.Code(address), ForeignText.Clean(address.Text, ForeignText.Sentence), "SENTINEL", sentinel.ToString(), $"{Options.Setting}:Endpoints");
        if (address.Items.Count != 2 || !int.TryParse(address.Items[1].Text, out var port))
            throw new EndpointException(sentinel.ToString(), $"{Options.Setting}:PrimaryName", $"it knows no primary named '{ForeignText.Clean(Name)}'");
        Learn(await open.AskAsync(new RedisCommand("SENTINEL", "SENTINELS", Name), Options.ConnectTimeout, opener.Runtime.Clock, cancellationToken));
        return new RedisEndpoint(address.Items[0].Text, port);
    }

    void Learn(RedisValue others)
    {
        foreach (var other in others.Items)
        {
            string? Field(string name)
            {
                for (var i = 0; i + 1 < other.Items.Count; i += 2)
                {
                    if (other.Items[i].Text == name) return other.Items[i + 1].Text;
                }

                return null;
            }

            if (Field("ip") is not { Length: > 0 } host || !int.TryParse(Field("port"), out var port)) continue;
            var found = new RedisEndpoint(host, port);
            lock (gate)
            {
                if (sentinels.Count < MostSentinels && !sentinels.Contains(found)) sentinels.Add(found);
            }
        }
    }

    void Prefer(RedisEndpoint sentinel)
    {
        lock (gate)
        {
            sentinels.Remove(sentinel);
            sentinels.Insert(0, sentinel);
        }
    }
}
