using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using Belfry.Sql.Sqlite;

namespace Belfry.Cli.Diagnosis;

/// <summary>What the machine must offer: a folder, a disk, ports, open files, a database engine.</summary>
static class MachineChecks
{
    const long LittleSpace = 2L << 30, TooLittleSpace = 200L << 20;
    const int SyncSamples = 15;
    const int FewFiles = 4096;
    static readonly TimeSpan SlowSync = TimeSpan.FromMilliseconds(20);
    static readonly Version OldEngine = new(3, 37);

    /// <summary>The engine that runs.</summary>
    public static Finding Engine()
    {
        var version = SqliteStore.EngineVersion;
        return Version.TryParse(version.Split(' ')[0], out var number) && number >= OldEngine
            ? Finding.Ok("sqlite", version)
            : Finding.Warning("sqlite", $"{version} is years old", "install the system's library, which is then taken in its place: apt-get install libsqlite3-0");
    }

    /// <summary>The data folder: whether it can be written, and who has it.</summary>
    public static Finding Folder(string data)
    {
        var path = Path.GetFullPath(data);
        var subject = "data folder";
        var advice = "choose another folder (BELFRY__Data or --data), or give this user the right to write there";
        try
        {
            if (!Directory.Exists(path))
            {
                var parent = Existing(path);
                Probe(parent);
                return Finding.Ok(subject, $"{path} does not exist yet and can be made");
            }

            Probe(path);
            var held = Path.Combine(path, "belfry.lock");
            if (!File.Exists(held)) return Finding.Ok(subject, $"{path} can be written");
            using var taken = new FileStream(held, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return Finding.Ok(subject, $"{path} can be written, and nobody uses it now");
        }
        catch (UnauthorizedAccessException problem)
        {
            return Finding.Failure(subject, problem.Message, advice);
        }
        catch (IOException problem) when (problem.Message.Contains("being used", StringComparison.Ordinal))
        {
            var holder = Path.Combine(path, "belfry.pid");
            return Finding.Ok(subject, $"{path} is in use by process {(File.Exists(holder) ? File.ReadAllText(holder).Trim() : "(unknown)")}", "a second server needs a folder of its own");
        }
        catch (IOException problem)
        {
            return Finding.Failure(subject, problem.Message, advice);
        }
    }

    /// <summary>Room, and how long it takes until something written is safe.</summary>
    public static IEnumerable<Finding> Disk(string data, TimeProvider clock)
    {
        var folder = Existing(Path.GetFullPath(data));
        Finding room;
        TimeSpan sync;
        try
        {
            var free = new DriveInfo(folder).AvailableFreeSpace;
            var text = string.Create(CultureInfo.InvariantCulture, $"{free / 1e9:0.0} GB free");
            room = free < TooLittleSpace ? Finding.Failure("disk space", text, "make room: a full disk stops every chain")
                : free < LittleSpace ? Finding.Warning("disk space", text, "make room: a million events take about 1 GB")
                : Finding.Ok("disk space", text);
            sync = MeasureSync(folder, clock);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [Finding.Failure("disk", problem.Message, "see the data folder above")];
        }

        var took = string.Create(CultureInfo.InvariantCulture, $"a write is safe after {sync.TotalMilliseconds:0.00} ms");
        return [room, sync > SlowSync
            ? Finding.Warning("disk sync", took, "every event waits for it: put the data folder on a local SSD, not on a network or a spinning disk")
            : Finding.Ok("disk sync", took)];
    }

    /// <summary>Each address to listen on: free, or a Belfry already.</summary>
    public static async Task<IReadOnlyList<Finding>> PortsAsync(Examination examination, CancellationToken cancellationToken)
    {
        var findings = new List<Finding>();
        foreach (var url in examination.Options.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!Uri.TryCreate(url.Replace("//*", "//0.0.0.0", StringComparison.Ordinal).Replace("//+", "//0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var address)) continue;
            findings.Add(await PortAsync(address, cancellationToken));
        }

        return findings;
    }

    /// <summary>Each connection needs an open file.</summary>
    public static Finding OpenFiles()
    {
        const string Limits = "/proc/self/limits";
        var line = File.Exists(Limits) ? File.ReadLines(Limits).FirstOrDefault(candidate => candidate.StartsWith("Max open files", StringComparison.Ordinal)) : null;
        var soft = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(3);
        return soft == "unlimited" || (long.TryParse(soft, out var number) && number >= FewFiles) ? Finding.Ok("open files", $"{soft} allowed")
            : soft is null ? Finding.Unknown("open files", "this system does not say", "make sure that a process may open one file for each client")
            : Finding.Warning("open files", $"only {soft} allowed: each client needs one", "raise it: LimitNOFILE=65536 in the service's unit, or ulimit -n 65536");
    }

    static async Task<Finding> PortAsync(Uri address, CancellationToken cancellationToken)
    {
        var subject = $"port {address.Port}";
        try
        {
            var host = IPAddress.TryParse(address.Host.Trim('[', ']'), out var ip) ? ip : IPAddress.Loopback;
            using var socket = new Socket(host.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            // as Kestrel does: what only waits for its last packets does not count
            if (!OperatingSystem.IsWindows()) socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(new IPEndPoint(host, address.Port));
            socket.Listen(1);
            return Finding.Ok(subject, $"{address.Authority} is free");
        }
        catch (SocketException problem) when (problem.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return await IsBelfryAsync(address, cancellationToken) is { } version
                ? Finding.Ok(subject, $"Belfry {version} answers at {address.Authority}")
                : Finding.Failure(subject, $"{address.Authority} is in use by another program", "stop it, or choose another address (BELFRY__Urls or --urls)");
        }
        catch (SocketException problem)
        {
            return Finding.Failure(subject, $"{address.Authority} cannot be listened on: {problem.Message}", "choose an address of this machine, and a port above 1023 or the right to take a lower one");
        }
    }

    static async Task<string?> IsBelfryAsync(Uri address, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }, disposeHandler: true) { Timeout = TimeSpan.FromSeconds(3) };
        try
        {
            var health = await http.GetFromJsonAsync(new Uri(address, "/health"), CliJson.Default.JsonElement, cancellationToken);
            return health.ValueKind == JsonValueKind.Object && health.TryGetProperty("epoch", out _) ? health.GetProperty("version").GetString()?.Split('+')[0] : null;
        }
        catch (Exception problem) when (problem is HttpRequestException or JsonException or NotSupportedException || (problem is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    static string Existing(string path)
    {
        var folder = path;
        while (!Directory.Exists(folder) && Path.GetDirectoryName(folder) is { } parent) folder = parent;
        return folder;
    }

    static void Probe(string folder)
    {
        var file = Path.Combine(folder, $".belfry-doctor-{Environment.ProcessId}");
        File.WriteAllText(file, "");
        File.Delete(file);
    }

    static TimeSpan MeasureSync(string folder, TimeProvider clock)
    {
        var path = Path.Combine(folder, $".belfry-doctor-{Environment.ProcessId}");
        var times = new List<TimeSpan>();
        try
        {
            using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            var page = new byte[4096];
            for (var sample = 0; sample < SyncSamples; sample++)
            {
                var begun = clock.GetTimestamp();
                file.Write(page);
                file.Flush(flushToDisk: true);
                times.Add(clock.GetElapsedTime(begun));
            }
        }
        finally
        {
            File.Delete(path);
        }

        times.Sort();
        return times[SyncSamples / 2];
    }
}
