using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Belfry.Client;

public sealed partial class BelfryClient
{
    const int LostPosition = 112;

    /// <summary>
    /// Events as they happen, each once and in order of <see cref="BelfryEvent.Sequence"/>. A broken connection is made again by itself (backoff with jitter) and goes on
    /// after the last event handed out, so nothing is lost as long as the server keeps its journal. When it has another journal (its store was replaced), the stream starts
    /// over at that journal's beginning and says so by <see cref="BelfryClientOptions.ConnectionChanged"/>.
    /// </summary>
    /// <param name="subscription">What to listen for.</param>
    /// <param name="after">Start after this event; null: from now on; 0: from the beginning of the journal.</param>
    /// <param name="epoch">The journal that <paramref name="after"/> belongs to (<see cref="BelfryEvent.Epoch"/>); null: whichever the server has.</param>
    /// <param name="cancellationToken">Ends the stream with <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="BelfryException">The server refuses the key or the subscription.</exception>
    public async IAsyncEnumerable<BelfryEvent> EventsAsync(
        Subscription subscription, long? after = null, string? epoch = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var position = new Position { After = after, Epoch = epoch };
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
                    await connection.SendAsync(Subscribe(subscription, position), cancellationToken);
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
                        found = await NextAsync(connection!, subscription, position, cancellationToken);
                        if (position.Confirmed) failures = 0;
                    }
                    catch (ConnectionLostException problem)
                    {
                        lost = problem.Message;
                    }

                    if (found is null) continue;
                    position.After = found.Sequence;
                    yield return found;
                }

                position.Confirmed = false;
                var wait = Backoff(failures++);
                options.ConnectionChanged?.Invoke(new ConnectionChange(false, lost, wait, position.After));
                await Task.Delay(wait, options.Clock, cancellationToken);
            }
            finally
            {
                connection?.Dispose();
            }
        }
    }

    static ClientMessage Subscribe(Subscription subscription, Position position) => new(
        "subscribe", 1, subscription.Events, NullWhenEmpty(subscription.Currencies), NullWhenEmpty(subscription.Addresses), subscription.Filter, position.After,
        position.After is null ? null : position.Epoch);

    static IReadOnlyList<string>? NullWhenEmpty(IReadOnlyList<string> list) => list.Count == 0 ? null : list;

    /// <summary>The next message: an event that was not handed out yet, or null for everything that only steers the stream.</summary>
    async Task<BelfryEvent?> NextAsync(EventConnection connection, Subscription subscription, Position position, CancellationToken cancellationToken)
    {
        var received = await connection.ReceiveAsync(cancellationToken);
        var message = received.Message;
        switch (message?.Type)
        {
            case "event":
                var happened = EventConnection.Read(received.Raw, WireJson.Default.BelfryEvent) ?? throw new ConnectionLostException("the server sent an empty event");
                return happened.Sequence <= position.After ? null : happened with { Raw = received.Raw, Epoch = position.Epoch };
            case "subscription_confirmed":
                Confirm(position, message);
                return null;
            case "lagged":
                // No loss: the server goes on from its journal on this very connection. Should it close it instead, the close code says so.
                options.Lagged?.Invoke(new LagNotice(message.Sequence ?? 0, message.Head ?? 0));
                return null;
            case "error" when message.Code == LostPosition && position.Epoch is not null:
                // Another journal has other numbers: going on after ours would skip events of it in silence.
                (position.After, position.Epoch, position.StartsOver) = (0, null, true);
                await connection.SendAsync(Subscribe(subscription, position), cancellationToken);
                return null;
            case "error" when !message.Temporary:
                throw Refusal(message.Message ?? EventConnection.Words(message.Error));
            case null when message?.Error.ValueKind == JsonValueKind.String:
                throw Refusal(EventConnection.Words(message.Error));
            default:
                return null;
        }
    }

    static BelfryException Refusal(string words) => new(string.IsNullOrWhiteSpace(words) ? "The server refused, and did not say why." : words);

    void Confirm(Position position, ServerMessage message)
    {
        var startedOver = position.StartsOver;
        // without an event yet, this is the place from which a new connection must go on
        position.After ??= message.Sequence ?? 0;
        (position.Epoch, position.Confirmed, position.StartsOver) = (message.Epoch, true, false);
        options.ConnectionChanged?.Invoke(new ConnectionChange(true, null, null, position.After) { Epoch = message.Epoch, StartedOver = startedOver });
    }

    TimeSpan Backoff(int failures)
    {
        var full = Math.Min(options.MaxBackoff.TotalMilliseconds, options.MinBackoff.TotalMilliseconds * Math.Pow(2, Math.Min(failures, 20)));
        return TimeSpan.FromMilliseconds(full * (1 - options.Jitter() / 2));
    }

    Uri SocketUri() => new UriBuilder(new Uri(Address, "ws/events")) { Scheme = Address.Scheme == Uri.UriSchemeHttps ? "wss" : "ws" }.Uri;

    /// <summary>Where a stream is.</summary>
    sealed class Position
    {
        /// <summary>The last event handed out, or the place from which the first is wanted; null: from now on.</summary>
        public long? After { get; set; }

        /// <summary>The journal that <see cref="After"/> belongs to; null: not known yet.</summary>
        public string? Epoch { get; set; }

        /// <summary>Whether this connection's subscription stands.</summary>
        public bool Confirmed { get; set; }

        /// <summary>Whether the place was given up because the server has another journal.</summary>
        public bool StartsOver { get; set; }
    }
}
