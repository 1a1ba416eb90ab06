using System.Buffers.Binary;
using Belfry.Core.Runtime;

namespace Belfry.Sql.Sqlite;

/// <summary>
/// Looks through SQLite's write-ahead log before SQLite does. SQLite takes the first frame that does not verify for the torn end of an interrupted write, and drops it and all that
/// follows without a word. A torn end holds at most one commit, because each is synced before the next is written: where more follow, durable commits would be lost in silence.
/// </summary>
/// <remarks>Format: <c>sqlite.org/fileformat2.html#the_write_ahead_log</c>; all numbers are big-endian.</remarks>
static class WriteAheadLog
{
    const int HeaderSize = 32;
    const int FrameHeaderSize = 24;
    const uint Magic = 0x377f0682;

    /// <summary>Checks the log of a database that nobody has open.</summary>
    /// <exception cref="StoreException">Commits that were durable cannot be read any more.</exception>
    public static void Verify(string database)
    {
        var path = database + "-wal";
        if (!File.Exists(path)) return;
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1 << 20);
        var header = new byte[HeaderSize];
        if (file.ReadAtLeast(header, HeaderSize, throwOnEndOfStream: false) < HeaderSize || file.Length < HeaderSize + FrameHeaderSize) return;
        var magic = BinaryPrimitives.ReadUInt32BigEndian(header);
        // the last bit tells the order of bytes in which sums are made
        var sum = (First: 0u, Second: 0u);
        sum = Add(sum, header.AsSpan(0, 24), isBigEndian: (magic & 1) == 1);
        var pageSize = BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(8));
        var sound = (magic & ~1u) == Magic && sum == Sums(header.AsSpan(24)) && pageSize is >= 512 and <= 65536;
        if (!sound) throw Damaged(database, path, "its header is damaged");
        Walk(database, path, file, header, pageSize, sum);
    }

    static void Walk(string database, string path, FileStream file, byte[] header, int pageSize, (uint First, uint Second) sum)
    {
        var isBigEndian = (header[3] & 1) == 1;
        var salts = header.AsSpan(16, 8);
        var frame = new byte[FrameHeaderSize + pageSize];
        var (number, bad, commits) = (0, 0, 0);
        while (file.ReadAtLeast(frame, frame.Length, throwOnEndOfStream: false) == frame.Length)
        {
            number++;
            var isOurs = frame.AsSpan(8, 8).SequenceEqual(salts);
            var isCommit = BinaryPrimitives.ReadUInt32BigEndian(frame.AsSpan(4)) != 0;
            if (bad == 0)
            {
                sum = Add(Add(sum, frame.AsSpan(0, 8), isBigEndian), frame.AsSpan(FrameHeaderSize), isBigEndian);
                if (isOurs && sum == Sums(frame.AsSpan(16))) continue;
                bad = number;
                if (isCommit) commits++;
            }
            else if (isOurs && isCommit)
            {
                commits++;
            }
            else if (!isOurs && number == bad + 1 && commits <= 1)
            {
                // what was left behind by an earlier round of the log
                return;
            }
        }

        if (commits > 1) throw Damaged(database, path, $"frame {bad} is damaged, and {commits} commits from there on cannot be read");
    }

    static StoreException Damaged(string database, string path, string how) =>
        new(database, $"the write-ahead log is not whole: {how}; restore a backup, or remove {path} to go on from before these commits");

    static (uint First, uint Second) Sums(ReadOnlySpan<byte> bytes) => (BinaryPrimitives.ReadUInt32BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]));

    static (uint First, uint Second) Add((uint First, uint Second) sum, ReadOnlySpan<byte> bytes, bool isBigEndian)
    {
        var (first, second) = sum;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            unchecked
            {
                first += (isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes)) + second;
                second += (isBigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]) : BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..])) + first;
            }
        }

        return (first, second);
    }
}
