using System.IO.Pipelines;

namespace Belfry.Server.Endpoints;

/// <summary>
/// Answers on their way to a client that perhaps reads none before it has sent everything: whoever waits for such a reader waits for ever. They wait in memory, and
/// beyond that in a file that nobody sees and that is gone with the request. One writer, one reader.
/// </summary>
sealed class WaitingAnswers(long inMemory = 1 << 20) : IAsyncDisposable
{
    readonly Pipe memory = new(new PipeOptions(pauseWriterThreshold: 0, useSynchronizationContext: false));
    readonly SemaphoreSlim grown = new(0);
    FileStream? file;
    long unread;
    long sent;
    long inFile;
    volatile bool complete;

    /// <summary>Bytes handed on so far.</summary>
    public long Sent => Interlocked.Read(ref sent);

    /// <summary>Adds answers after those that wait; never waits for the reader.</summary>
    public async ValueTask AddAsync(ReadOnlyMemory<byte> answers, CancellationToken cancellationToken)
    {
        if (file is null && Interlocked.Read(ref unread) < inMemory)
        {
            Interlocked.Add(ref unread, answers.Length);
            await memory.Writer.WriteAsync(answers, cancellationToken);
            return;
        }

        if (file is null)
        {
            file = new FileStream(
                Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()),
                new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Share = FileShare.None, Options = FileOptions.DeleteOnClose | FileOptions.Asynchronous, BufferSize = 0 });
            await memory.Writer.CompleteAsync();
        }

        await RandomAccess.WriteAsync(file.SafeFileHandle, answers, inFile, cancellationToken);
        Interlocked.Add(ref inFile, answers.Length);
        grown.Release();
    }

    /// <summary>No more will come.</summary>
    public async ValueTask CompleteAsync()
    {
        complete = true;
        if (file is null) await memory.Writer.CompleteAsync();
        grown.Release();
    }

    /// <summary>Hands on everything in order, until <see cref="CompleteAsync"/>.</summary>
    public async Task SendAsync(PipeWriter to, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await memory.Reader.ReadAsync(cancellationToken);
            foreach (var part in read.Buffer)
            {
                await to.WriteAsync(part, cancellationToken);
                Interlocked.Add(ref sent, part.Length);
                Interlocked.Add(ref unread, -part.Length);
            }

            memory.Reader.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted) break;
        }

        var place = 0L;
        while (true)
        {
            var isLast = complete;
            for (var end = Interlocked.Read(ref inFile); place < end;)
            {
                var part = to.GetMemory(64 << 10);
                var count = await RandomAccess.ReadAsync(file!.SafeFileHandle, part[..(int)Math.Min(part.Length, end - place)], place, cancellationToken);
                to.Advance(count);
                place += count;
                await to.FlushAsync(cancellationToken);
                Interlocked.Add(ref sent, count);
            }

            if (isLast) return;
            await grown.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await memory.Reader.CompleteAsync();
        grown.Dispose();
        if (file is not null) await file.DisposeAsync();
    }
}
