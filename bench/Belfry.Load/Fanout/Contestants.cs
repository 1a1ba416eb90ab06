using System.Text;
using Belfry.Load.Clients;
using Belfry.Load.Node;
using Belfry.Load.Servers;

namespace Belfry.Load.Fanout;

/// <summary>A server that broadcasts, and how it is made to.</summary>
interface IContestant : IDisposable
{
    ServerProcess Server { get; }

    IDialect Dialect { get; }

    /// <summary>Makes messages ready, so that publishing costs the publisher next to nothing.</summary>
    IReadOnlyList<Payment> Prepare(int count);

    /// <summary>Hands messages over at once; they are due at the same moment.</summary>
    void Publish(ReadOnlySpan<Payment> payments);
}

/// <summary>Belfry: each message is a transaction that its node publishes, pays a watched address, and is matched, stored, journalled and synced before it is sent.</summary>
sealed class BelfryContestant : IContestant
{
    const int Watched = 1000;
    readonly BenchNode node = new();
    readonly Payments payments;
    readonly IReadOnlyList<(string Address, byte[] Script)> addresses;
    readonly BelfryProcess server;
    int made;

    public BelfryContestant(int seed, string? dataRoot, TextWriter? log = null)
    {
        payments = new Payments(seed);
        addresses = payments.DrawAddresses(Watched);
        server = new BelfryProcess(node, dataRoot, log);
        server.WatchAsync(addresses.Select(static entry => entry.Address)).GetAwaiter().GetResult();
    }

    public ServerProcess Server => server;

    public IDialect Dialect { get; } = new BelfryDialect(["new_transaction"]);

    public IReadOnlyList<Payment> Prepare(int count) => [.. Enumerable.Range(0, count).Select(_ => payments.Pay(addresses[made++ % Watched].Script))];

    public void Publish(ReadOnlySpan<Payment> payments)
    {
        foreach (var payment in payments) node.Announce(payment.Id, payment.Raw);
    }

    public void Dispose()
    {
        server.Dispose();
        node.Dispose();
    }
}

/// <summary>A rival: gets the finished text of Belfry's event, with another transaction id each time, and sends it to everybody.</summary>
sealed class RivalContestant : IContestant
{
    readonly Payments payments;
    readonly RivalProcess server;
    readonly byte[] before, after;
    byte[] block = new byte[64 << 10];

    public RivalContestant(string script, IDialect dialect, string template, int seed, TextWriter? log = null)
    {
        const string Field = "\"tx_hash\":\"";
        payments = new Payments(seed);
        Dialect = dialect;
        var at = template.IndexOf(Field, StringComparison.Ordinal) + Field.Length;
        before = Encoding.UTF8.GetBytes(template[..at]);
        after = Encoding.UTF8.GetBytes(template[(at + 64)..] + "\n");
        server = new RivalProcess(script, log: log);
    }

    public ServerProcess Server => server;

    public string Version => server.Version;

    public IDialect Dialect { get; }

    public IReadOnlyList<Payment> Prepare(int count) => [.. Enumerable.Range(0, count).Select(_ => payments.Pay(null))];

    public void Publish(ReadOnlySpan<Payment> payments)
    {
        var size = payments.Length * (before.Length + 64 + after.Length);
        if (block.Length < size) block = new byte[size];
        var at = 0;
        foreach (var payment in payments)
        {
            before.CopyTo(block, at);
            payment.IdText.CopyTo(block, at += before.Length);
            after.CopyTo(block, at += 64);
            at += after.Length;
        }

        server.Publish(block.AsSpan(0, at));
    }

    public void Dispose() => server.Dispose();
}
