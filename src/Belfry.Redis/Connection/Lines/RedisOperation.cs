using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Belfry.Redis.Connection.Topology;

namespace Belfry.Redis.Connection.Lines;

/// <summary>
/// One command on its way: its bytes, who waits for it, and how often it was refused. Pooled: two hold it, the caller until it took the result and the connection until
/// the reply was read (also of a caller who went away), and only the last of them gives it back.
/// </summary>
abstract class RedisOperation
{
    const int Pending = 0, Ended = 1;
    const int KeptBytes = 4096;

    byte[] wire = [];
    int length, afterHash;
    int state, holds;

    /// <summary>The command's name, for messages.</summary>
    public string Name { get; private set; } = "";

    /// <summary>Its script, when it is EVALSHA.</summary>
    public RedisScript? Script { get; private set; }

    /// <summary>The cluster's slot of its keys; -1 for none.</summary>
    public int Slot { get; set; }

    /// <summary>The one server that it is meant for; null for whoever serves its slot.</summary>
    public RedisNode? Home { get; set; }

    /// <summary>When its time is up, in timestamps of the clock.</summary>
    public long Deadline { get; set; }

    /// <summary>How often Redis said "not now" or "elsewhere".</summary>
    public int Refusals { get; set; }

    /// <summary>Whether the next node must be told that we come because another sent us (ASKING).</summary>
    public bool Asking { get; set; }

    /// <summary>Where refusals go; null for commands of the connection itself, which take any answer as it is.</summary>
    public IRefusals? Refused { get; set; }

    /// <summary>Its bytes as they go over the line.</summary>
    public ReadOnlySpan<byte> Wire => wire.AsSpan(0, length);

    /// <summary>Whether somebody still waits.</summary>
    public bool IsPending => Volatile.Read(ref state) == Pending;

    /// <summary>Writes the bytes of a command. Everything is copied.</summary>
    public void Encode(RedisCommand command)
    {
        (Name, Script) = (command.Name, command.Script);
        var arguments = command.Arguments;
        var count = 1 + arguments.Length + (Script is null ? 0 : 1);
        var size = HeaderSize + BlobSize(command.Name.Length) + (Script is null ? 0 : BlobSize(Script.Hash.Length));
        foreach (var argument in arguments) size = checked(size + BlobSize(argument.Length));
        Reserve(size);
        length = Header('*', count, 0);
        length = Header('$', command.Name.Length, length);
        length = End(length + Encoding.ASCII.GetBytes(command.Name, wire.AsSpan(length)));
        if (Script is not null) length = Blob(Script.Hash, length);
        afterHash = length;
        foreach (var argument in arguments)
        {
            var bytes = argument.Length;
            length = Header('$', bytes, length);
            argument.Write(wire.AsSpan(length, bytes));
            length = End(length + bytes);
        }
    }

    /// <summary>Turns EVALSHA into EVAL with the script's text, which makes Redis remember it.</summary>
    public void SendScriptWhole()
    {
        var arguments = wire.AsSpan(afterHash, length - afterHash).ToArray();
        var count = CountArguments(arguments);
        Reserve(HeaderSize + BlobSize(4) + BlobSize(Script!.Body.Length) + arguments.Length);
        length = Blob("EVAL"u8, Header('*', count + 2, 0));
        length = afterHash = Blob(Script.Body, length);
        arguments.CopyTo(wire.AsSpan(length));
        length += arguments.Length;
        Script = null;
    }

    /// <summary>Reads the reply and hands it to the caller, if one still waits.</summary>
    public abstract void Complete(ReadOnlySpan<byte> reply);

    /// <summary>Ends the wait with a failure; false when it had ended.</summary>
    public bool Fail(Exception problem)
    {
        if (!TryEnd()) return false;
        SetException(problem);
        return true;
    }

    /// <summary>One of the two holders lets go.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref holds) > 0) return;
        if (wire.Length > KeptBytes)
        {
            ArrayPool<byte>.Shared.Return(wire);
            wire = [];
        }

        (Script, Refused, Home) = (null, null, null);
        Recycle();
    }

    /// <summary>Makes it ready for the next command.</summary>
    protected void Arm()
    {
        (Slot, Refusals, Asking, state) = (-1, 0, false, Pending);
        Volatile.Write(ref holds, 2);
    }

    /// <summary>True for the one who may set the result.</summary>
    protected bool TryEnd() => Interlocked.CompareExchange(ref state, Ended, Pending) == Pending;

    /// <summary>Tells the caller.</summary>
    protected abstract void SetException(Exception problem);

    /// <summary>Gives it back.</summary>
    protected abstract void Recycle();

    static int CountArguments(ReadOnlySpan<byte> blobs)
    {
        var count = 0;
        for (; !blobs.IsEmpty; count++)
        {
            if (!Utf8Parser.TryParse(blobs[1..], out int size, out var digits)) throw new InvalidOperationException("The command's own bytes are no RESP.");
            blobs = blobs[(digits + size + 5)..];
        }

        return count;
    }

    const int HeaderSize = 16;

    static int BlobSize(int bytes) => checked(bytes + HeaderSize);

    void Reserve(int size)
    {
        if (wire.Length >= size) return;
        if (wire.Length > 0) ArrayPool<byte>.Shared.Return(wire);
        wire = ArrayPool<byte>.Shared.Rent(Math.Max(size, 128));
    }

    int Header(char type, int number, int at)
    {
        wire[at] = (byte)type;
        Utf8Formatter.TryFormat(number, wire.AsSpan(at + 1), out var digits);
        return End(at + 1 + digits);
    }

    int Blob(ReadOnlySpan<byte> bytes, int at)
    {
        at = Header('$', bytes.Length, at);
        bytes.CopyTo(wire.AsSpan(at));
        return End(at + bytes.Length);
    }

    int End(int at)
    {
        wire[at] = (byte)'\r';
        wire[at + 1] = (byte)'\n';
        return at + 2;
    }
}

/// <summary>Where an answer goes that refuses: somebody may send the command again, elsewhere or later.</summary>
interface IRefusals
{
    /// <summary>Takes over an operation, and with it the connection's hold of it.</summary>
    /// <param name="operation">What was refused.</param>
    /// <param name="error">The text of the error; gone after the call.</param>
    /// <param name="endpoint">Who refused.</param>
    void Take(RedisOperation operation, ReadOnlySpan<byte> error, RedisEndpoint endpoint);
}
