using System.Text.Json;
using System.Text.Json.Serialization;
using Belfry.Client;

namespace Belfry.Cli.Forwarding;

/// <summary>What a cursor file holds.</summary>
/// <param name="After">The last event that was handled.</param>
/// <param name="Epoch">The journal that it belongs to.</param>
sealed record Cursor([property: JsonRequired] long After, string? Epoch);

/// <summary>
/// Where a listener goes on after it was stopped or killed: one small JSON file, replaced in one step, so that it is whole at any moment. It is written after events were
/// handled, never before, at most four times a second: after a crash the events of that time come again, and none is left out.
/// </summary>
sealed class CursorFile : IDisposable
{
    static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    readonly string path;
    readonly TimeProvider clock;
    readonly FileStream held;
    Cursor? saved, current;
    long savedAt;

    CursorFile(string path, TimeProvider clock, FileStream held)
    {
        this.path = path;
        this.clock = clock;
        this.held = held;
        savedAt = clock.GetTimestamp();
    }

    /// <summary>Where to go on; null: nothing was handled yet.</summary>
    public Cursor? Position => current;

    /// <summary>Takes the file for this process and reads it.</summary>
    /// <exception cref="UsageException">It holds something else, or another process uses it.</exception>
    public static async Task<CursorFile> OpenAsync(string path, TimeProvider clock, CancellationToken cancellationToken)
    {
        var cursor = new CursorFile(path, clock, Hold(path));
        try
        {
            if (!File.Exists(path)) return cursor;
            cursor.saved = cursor.current = JsonSerializer.Deserialize(await File.ReadAllBytesAsync(path, cancellationToken), CliJson.Default.Cursor);
            if (cursor.saved is not { After: >= 0 }) throw new JsonException("no position from 0");
            return cursor;
        }
        catch (JsonException problem)
        {
            cursor.Dispose();
            throw new UsageException($"--cursor '{path}' does not hold a cursor ({problem.Message}); name another file, or remove this one to start from now.");
        }
        catch
        {
            cursor.Dispose();
            throw;
        }
    }

    /// <summary>Nothing was handled yet, but this is the place from which events are being heard.</summary>
    public void BeginAt(long after, string? epoch)
    {
        if (current is null || (epoch is not null && current.Epoch is not null && current.Epoch != epoch)) current = new Cursor(after, epoch);
    }

    /// <summary>An event was handled.</summary>
    public void Handled(BelfryEvent happened)
    {
        current = new Cursor(happened.Sequence, happened.Epoch ?? current?.Epoch);
        if (clock.GetElapsedTime(savedAt) >= Interval) Save();
    }

    /// <summary>Writes what was handled so far, durably.</summary>
    public void Save()
    {
        if (current is null || current == saved) return;
        var fresh = path + ".new";
        using (var file = new FileStream(fresh, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(current, CliJson.Default.Cursor));
            file.Flush(flushToDisk: true);
        }

        File.Move(fresh, path, overwrite: true);
        (saved, savedAt) = (current, clock.GetTimestamp());
    }

    public void Dispose()
    {
        File.Delete(path + ".lock");
        held.Dispose();
    }

    static FileStream Hold(string path)
    {
        try
        {
            return new FileStream(path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (DirectoryNotFoundException)
        {
            throw new UsageException($"--cursor '{path}': there is no such folder.");
        }
        catch (IOException) when (File.Exists(path + ".lock"))
        {
            throw new UsageException($"--cursor '{path}' is in use by another process; give each listener a cursor of its own.");
        }
    }
}
