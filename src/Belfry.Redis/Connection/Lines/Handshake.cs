using System.Text;
using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection.Lines;

/// <summary>Whom a handshake is made as. No record: that would print the password.</summary>
sealed class Identity(string? user, string? password, int database, string prefix)
{
    public string? User { get; } = user;

    public string? Password { get; } = password;

    public int Database { get; } = database;

    public string UserSetting { get; } = $"{prefix}User";

    public string PasswordSetting { get; } = $"{prefix}Password";

    public static Identity Server(RedisOptions options) => new(options.User, options.Password, options.Database, "");

    public static Identity Sentinel(RedisOptions options) => new(options.SentinelUser, options.SentinelPassword, 0, "Sentinel");
}

/// <summary>What the server said of itself; empty where RESP2 does not tell.</summary>
sealed record ServerInfo(int Protocol, string Version, string Role);

/// <summary>
/// The first words on a line: HELLO 3 with user, password and name, or, to servers that do not know it or refuse it, AUTH and CLIENT SETNAME. The server's own words are
/// never repeated here: some quote the arguments of what they refuse, and these are passwords.
/// </summary>
sealed class Handshake(RedisLine line, RedisOptions options, Identity identity, long deadline)
{
    public async ValueTask<ServerInfo> RunAsync()
    {
        var info = options.ForceResp2 ? null : await TryHelloAsync();
        info ??= await FallBackAsync();
        if (identity.Database != 0) Expect(await AskAsync(new RedisCommand("SELECT", identity.Database)), "SELECT", $"has no database {identity.Database}, or refuses it", "Database");
        return info;
    }

    /// <summary>Asks on the line itself: whatever the server says, errors too, is the answer.</summary>
    public ValueTask<RedisValue> AskAsync(RedisCommand command)
    {
        var operation = RedisOperation<RedisValue>.Rent(RedisRead.Value);
        operation.Encode(command);
        operation.Deadline = deadline;
        var answer = operation.Task;
        if (line.TrySend(operation) == Admission.Taken) return answer;
        operation.Fail(new IOException("the line broke during the handshake"));
        operation.Release();
        return answer;
    }

    async ValueTask<ServerInfo?> TryHelloAsync()
    {
        var answer = await AskAsync(identity.Password is null
            ? new RedisCommand("HELLO", "3", "SETNAME", options.ClientName)
            : new RedisCommand("HELLO", "3", "AUTH", identity.User ?? "default", identity.Password, "SETNAME", options.ClientName));
        if (answer.Kind == RespKind.Error)
        {
            // Refused credentials are refused for good; anything else may be a server from before 6.0, a proxy, or an ACL without HELLO.
            if (Code(answer) is "WRONGPASS" or "NOAUTH") throw Refused(Code(answer));
            return null;
        }

        string Field(string name)
        {
            for (var i = 0; i + 1 < answer.Items.Count; i += 2)
            {
                if (answer.Items[i].Text == name) return ForeignText.Clean(answer.Items[i + 1].Text);
            }

            return "";
        }

        return new ServerInfo(Field("proto") == "3" ? 3 : 2, Field("version"), Field("role"));
    }

    async ValueTask<ServerInfo> FallBackAsync()
    {
        if (identity.Password is not null)
        {
            var answer = await AskAsync(identity.User is null ? new RedisCommand("AUTH", identity.Password) : new RedisCommand("AUTH", identity.User, identity.Password));
            if (answer.Kind == RespKind.Error) throw Refused(Code(answer));
        }

        var alive = await AskAsync(new RedisCommand("PING"));
        if (alive.Kind == RespKind.Error && Code(alive) is "NOAUTH" or "WRONGPASS") throw Refused(Code(alive));
        // A name is a convenience: servers and ACLs without CLIENT are as good.
        await AskAsync(new RedisCommand("CLIENT", "SETNAME", options.ClientName));
        return new ServerInfo(2, "", "");
    }

    void Expect(RedisValue answer, string command, string problem, string setting)
    {
        if (answer.Kind == RespKind.Error) throw new RedisErrorException(Code(answer), $"{Code(answer)}: it {problem}", command, line.Endpoint.ToString(), $"{options.Setting}:{setting}");
    }

    RedisErrorException Refused(string code) => identity.Password is null
        ? new RedisErrorException(code, $"{code}: it wants a password", "HELLO", line.Endpoint.ToString(), $"{options.Setting}:{identity.PasswordSetting}")
        : new RedisErrorException(code, $"{code}: wrong password for user '{ForeignText.Clean(identity.User ?? "default")}', or no such user", "AUTH", line.Endpoint.ToString(), $"{options.Setting}:{identity.UserSetting} and {identity.PasswordSetting}");

    /// <summary>The first word of an error, when it looks like one.</summary>
    internal static string Code(RedisValue error) => CodeOf(error.Bytes.Span);

    /// <summary>The first word of an error, when it looks like one.</summary>
    internal static string CodeOf(ReadOnlySpan<byte> error)
    {
        var end = error.IndexOf((byte)' ');
        var word = end < 0 ? error : error[..end];
        return word.Length is > 0 and <= 24 && !word.ContainsAnyExceptInRange((byte)'A', (byte)'Z') ? Encoding.ASCII.GetString(word) : "ERR";
    }
}
