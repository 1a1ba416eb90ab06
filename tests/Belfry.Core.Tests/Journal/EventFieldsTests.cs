using System.Text.Json;
using Belfry.Core.Chains;
using Belfry.Core.Journal;
using Belfry.Core.Journal.Filters;
using Belfry.Core.Ledger;
using Shouldly;

namespace Belfry.Core.Tests.Journal;

public sealed class EventFieldsTests
{
    static readonly ChainProfile Profile = new(new ChainId("btc"), "BTC", 8, "main", 100, TimeSpan.FromMinutes(10));
    static readonly Hash256 Hash = new(new byte[32]);

    [Fact]
    public void A_filter_knows_exactly_the_fields_that_events_write()
    {
        var written = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var kind in Enum.GetValues<EventKind>())
        {
            using var full = JsonDocument.Parse(Full(kind).ToJson());
            Collect(full.RootElement, "", written);
            using var bare = JsonDocument.Parse(new EventData { Kind = kind, Profile = Profile, Timestamp = DateTimeOffset.UnixEpoch }.ToJson());
            Collect(bare.RootElement, "", written);
        }

        EventFields.All.ShouldBe(written, ignoreOrder: true);
    }

    [Theory]
    [InlineData("cause", "!=null", true)]
    [InlineData("cause", "==null", false)]
    [InlineData("cause.block_height", ">=7", true)]
    [InlineData("cause.block_height", "<7", false)]
    [InlineData("balance.confirmed", ">0.00000004", true)]
    [InlineData("balance.transactions", "6", true)]
    [InlineData("net", "<0", true)]
    public void Nested_fields_are_judged(string field, string condition, bool expected)
    {
        var reading = EventFilter.Parse($$"""{"{{field}}":"{{condition}}"}""");
        reading.Fault.ShouldBeNull();
        reading.Filter!.Matches(Full(EventKind.AddressUpdate).ToJson().Span).ShouldBe(expected);
    }

    [Fact]
    public void A_nested_field_that_no_event_has_is_refused_with_what_was_meant() =>
        EventFilter.Parse("""{"balance.confirmd":">1"}""").Fault!.Suggestion.ShouldBe("balance.confirmed");

    // Every property set, also those that come later: one that is left out here would make the comparison hollow.
    static EventData Full(EventKind kind)
    {
        var data = new EventData
        {
            Kind = kind,
            Profile = Profile,
            Transaction = new TxHash(Hash),
            From = "a",
            To = "b",
            Amount = 1,
            Confirmations = 1,
            Contract = "c",
            Block = new BlockRef(8, new BlockHash(Hash)),
            Timestamp = DateTimeOffset.UnixEpoch,
            Address = "a",
            Movement = new Movement(new Script([1]), "a", 1, 2, null, null),
            State = TxState.Replaced,
            PreviousState = TxState.Seen,
            Fee = 1,
            CauseTransaction = new TxHash(Hash),
            CauseBlock = new BlockRef(7, new BlockHash(Hash)),
            PaysYou = true,
            Reason = "r",
            Detail = "d",
            Source = "s",
            CatchUp = true,
            Attempt = 2,
            Balance = new Balance(5, 1, 2, 3, 4, 6),
            PreviousBlock = new BlockHash(Hash),
            TransactionCount = 3,
            After = TimeSpan.FromSeconds(1),
        };
        foreach (var property in typeof(EventData).GetProperties()) property.GetValue(data).ShouldNotBeNull(property.Name);
        return data;
    }

    static void Collect(JsonElement element, string prefix, SortedSet<string> into)
    {
        foreach (var property in element.EnumerateObject())
        {
            into.Add(prefix + property.Name);
            if (property.Value.ValueKind == JsonValueKind.Object) Collect(property.Value, prefix + property.Name + ".", into);
        }
    }
}
