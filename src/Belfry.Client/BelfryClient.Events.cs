using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Belfry.Client;

public sealed partial class BelfryClient
{
    /// <summary>
    /// Events as they happen, each once and in order of <see cref="BelfryEvent.Sequence"/>. A broken connection is made again by itself (backoff with jitter) and goes on
    /// after the last event handed out, so nothing is lost as long as the server keeps its journal.
    /// </summary>
    /// <param name="subscription">What to listen for.</param>
    /// <param name="after">Start after this event; null: from now on; 0: from the beginning of the journal.</param>
    /// <param name="cancellationToken">Ends the stream with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="BelfryException">The server refuses the key or the subscription.</exception>
    public async IAsyncEnumerable<BelfryEvent> EventsAsync(
        Subscription subscription, long? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var last = after;
        var failures = 0;
        while (true)
        {
            EventConnection? connection = null;
            try
            {
                string lost;
                try
                {
                    connection = await EventConnection.OpenAsync(SocketUri(), key, options, cancellationToken);
                    await connection.SendAsync(Subscribe(subscription, last), cancellationToken);
                    lost = "";
                }
                catch (ConnectionLostException problem)
                {
                    lost = problem.Message;
                }

                while (lost.Length == 0)
                {
                    BelfryEvent? found = null;
                    try
                    {
                        var received = await NextAsync(connection!, cancellationToken);
                        if (received.Confirmed is { } from)
                        {
                            // without an event yet, this is the place from which a new connection must go on
                            last ??= from;
                            failures = 0;
                            options.ConnectionChanged?.Invoke(new ConnectionChange(true, null, null, last));
                        }

                        if (received.Event is { } candidate && !(candidate.Sequence <= last)) found = candidate;
                    }
                    catch (ConnectionLostException problem)
                    {
                        lost = problem.Message;
                    }

                    if (found is null) continue;
                    last = found.Sequence;
                    yield return found;
                }

                var wait = Backoff(failures++);
                options.ConnectionChanged?.Invoke(new ConnectionChange(false, lost, wait, last));
                await Task.Delay(wait, options.Clock, cancellationToken);
            }
            finally
            {
                connection?.Dispose();
            }
        }
    }

    static ClientMessage Subscribe(Subscription subscription, long? after) => new(
        "subscribe", 1, subscription.Events, NullWhenEmpty(subscription.Currencies), NullWhenEmpty(subscription.Addresses), subscription.Filter, after);

    static IReadOnlyList<string>? NullWhenEmpty(IReadOnlyList<string> list) => list.Count == 0 ? null : list;

    static async Task<(long? Confirmed, BelfryEvent? Event)> NextAsync(EventConnection connection, CancellationToken cancellationToken)
    {
        var received = await connection.ReceiveAsync(cancellationToken);
        switch (received.Message?.Type)
        {
            case "event":
                var happened = JsonSerializer.Deserialize(received.Raw, WireJson.Default.BelfryEvent) ?? throw new ConnectionLostException("the server sent an empty event");
                return (null, happened with { Raw = received.Raw });
            case "subscription_confirmed":
                return (received.Message.Sequence ?? 0, null);
            case "lagged":
                throw new ConnectionLostException("this client reads too slowly; going on from where it stopped");
            case "error" when !received.Message.Temporary:
                throw new BelfryException(received.Message.Message ?? received.Message.Error.ToString());
            case null when received.Message?.Error.ValueKind == JsonValueKind.String:
                throw new BelfryException(received.Message.Error.ToString());
            default:
                return (null, null);
        }
    }

    TimeSpan Backoff(int failures)
    {
        var full = Math.Min(options.MaxBackoff.TotalMilliseconds, options.MinBackoff.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 20)));
        return TimeSpan.FromMilliseconds(full * (1 - options.Jitter() / 2));
    }

    Uri SocketUri() => new UriBuilder(new Uri(Address, "ws/events")) { Scheme = Address.Scheme == Uri.UriSchemeHttps ? "wss" : "ws" }.Uri;
}
