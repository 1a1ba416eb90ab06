using Belfry.Core.Runtime;

namespace Belfry.Nodes.Tests.Hostile;

/// <summary>A network on which everybody whom one dials says bytes that were prepared, and hangs up.</summary>
sealed class ReplayNetwork(Func<byte[]> next) : INetwork
{
    int open;

    /// <summary>Connections that were opened and not closed again.</summary>
    public int Open => Volatile.Read(ref open);

    public ValueTask<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref open);
        return ValueTask.FromResult<Stream>(new Replay(next(), () => Interlocked.Decrement(ref open)));
    }

    sealed class Replay(byte[] bytes, Action closed) : MemoryStream(bytes, writable: false)
    {
        bool ended;

        public override bool CanWrite => true;

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        protected override void Dispose(bool disposing)
        {
            if (!ended) closed();
            ended = true;
            base.Dispose(disposing);
        }
    }
}
