using System.Buffers;
using System.Text;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Runtime;
using Belfry.Core.Tracking;
using Belfry.Server.Auth;
using Belfry.Server.Watches;
using Belfry.Server.Wire;

namespace Belfry.Server.Endpoints;

/// <summary><c>/api/v1/events</c>: pages of the journal.</summary>
static class EventEndpoints
{
    const int LargestPage = 1000;

    public static void Map(IEndpointRouteBuilder api) =>
        api.MapGet("/events", PageAsync).WithSummary("A page of the journal: {\"events\":[envelope,…],\"next\":1542,\"more\":true}").WithTags("events");

    static async Task<IResult> PageAsync(
        HttpContext context, IJournal journal, AddressReader reader, long? after, int? limit, string? chain, string? address, string? @event, long? height, CancellationToken cancellationToken)
    {
        if (limit is < 1 or > LargestPage) return Problems.BadRequest("limit", "out of range", $"1 to {LargestPage}");
        if (after is < 0) return Problems.BadRequest("after", "out of range", "the seq of the last event already read, from 0");
        if (!TryReadFilter(reader, chain, address, @event, out var filter, out var problem)) return problem!;
        if (after is { } position && await journal.ReadHeadAsync(cancellationToken) is var head && position > head)
            return Problems.BadRequest("after", $"the journal ends at {head}: this position is of another journal, or of the future", "the seq of the last event already read");
        if (height is < 0) return Problems.BadRequest("height", "out of range", "a block height, from 0");
        if (height is not null) filter = (filter ?? new JournalFilter()) with { Height = height };
        var page = await journal.ReadAsync(after ?? 0, limit ?? 500, filter, cancellationToken);
        var seen = page.Entries.Where(entry => entry.Event.Script is not { } script || context.Sees(entry.Chain, script));
        var body = new ArrayBufferWriter<byte>(4096);
        body.Write("{\"events\":["u8);
        var first = true;
        foreach (var entry in seen)
        {
            if (!first) body.Write(","u8);
            first = false;
            EventEnvelope.Write(entry, body);
        }

        body.Write(Encoding.ASCII.GetBytes($"],\"next\":{page.Next},\"more\":{(page.More ? "true" : "false")},\"epoch\":\"{await journal.ReadEpochAsync(cancellationToken)}\"}}"));
        return TypedResults.Bytes(body.WrittenMemory, "application/json");
    }

    static bool TryReadFilter(AddressReader reader, string? chain, string? address, string? kinds, out JournalFilter? filter, out IResult? problem)
    {
        (filter, problem) = (null, null);
        FollowedChain? followed = null;
        if (chain is not null && (followed = reader.FindChain(chain)) is null)
        {
            problem = Problems.BadRequest("chain", reader.UnknownChain(chain));
            return false;
        }

        Script? script = null;
        ChainId? id = followed?.Profile.Id;
        if (address is not null)
        {
            var found = reader.Read(address, followed is null ? reader.Chains : [followed], out var error);
            if (found.Count != 1)
            {
                problem = Problems.BadRequest("address", found.Count == 0 ? error! : "an address of several chains", found.Count == 0 ? null : "the parameter 'chain' beside it");
                return false;
            }

            (script, id) = (found[0].Script, found[0].Chain.Profile.Id);
        }

        var wanted = new HashSet<EventKind>();
        foreach (var name in (kinds ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!EventKinds.TryParse(name, out var kind))
            {
                problem = Problems.BadRequest("event", "not an event", string.Join(", ", EventKinds.All), Spelling.Closest(name, EventKinds.All));
                return false;
            }

            wanted.Add(kind);
        }

        if (id is not null || wanted.Count > 0) filter = new JournalFilter(id, script, wanted.Count == 0 ? null : wanted);
        return true;
    }
}
