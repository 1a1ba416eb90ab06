using System.Text;
using Belfry.Core.Journal.Filters;
using Shouldly;

namespace Belfry.Core.Tests.Journal;

public sealed class EventFilterTests
{
    const string Large = "115792089237316195423570985008687907853269984665640564039457584007913129639935";

    [Theory]
    [InlineData("2000000000000000000", ">=1000000000000000000", true)]
    [InlineData(Large, ">=1000000000000000000", true)]
    [InlineData(Large, "==" + Large, true)]
    [InlineData(Large, "<" + Large, false)]
    [InlineData("3000000000000000000", ">=2000000000000000000 && amount <=4000000000000000000", true)]
    [InlineData("3000000000000000000", ">=2000000000000000000 && <=4000000000000000000", true)]
    [InlineData("1", "=1", true)]
    [InlineData("1", "1", true)]
    [InlineData("1.0", "==1", true)]
    [InlineData("0.1", "0x0", false)]
    [InlineData("255", "==0xff", true)]
    [InlineData("-5", ">-10", true)]
    [InlineData("100", ">1.5", true)]
    [InlineData("15", "== 2 || >= 10 && <= 20", true)]
    [InlineData("25", "== 25 || >= 10 && <= 20", true)]
    [InlineData("15", "(== 15 || == 2) && > 14.999999999999999999999999999999999999", true)]
    [InlineData("0.00000001", ">0", true)]
    [InlineData("9", "!=9", false)]
    public void Amounts_compare_as_exact_numbers(string amount, string condition, bool expected) =>
        Matches($$"""{"amount":"{{condition}}"}""", $$"""{"event":"new_payment","amount":"{{amount}}"}""").ShouldBe(expected);

    [Theory]
    [InlineData("""{"confirmations":">=3"}""", true)]
    [InlineData("""{"confirmations":6}""", true)]
    [InlineData("""{"confirmations":[1,6]}""", true)]
    [InlineData("""{"contract":null}""", true)]
    [InlineData("""{"contract":"!=null"}""", false)]
    [InlineData("""{"currency":"btc"}""", true)]
    [InlineData("""{"currency":"ltc || BTC"}""", true)]
    [InlineData("""{"to_address":"0xABCDEF"}""", true)]
    [InlineData("""{"address":"Base58Text"}""", true)]
    [InlineData("""{"address":"base58text"}""", false)]
    [InlineData("""{"address":"'Base58Text' || x"}""", true)]
    [InlineData("""{"balance.confirmed":">0.4"}""", true)]
    [InlineData("""{"balance.immature":">0.4"}""", false)]
    [InlineData("""{"fee":">0"}""", false)]
    [InlineData("""{"pays_you":false}""", true)]
    [InlineData("""{"confirmations":">=3","currency":"LTC"}""", false)]
    [InlineData("{}", true)]
    public void Fields_of_every_kind_are_judged(string filter, bool expected) => Matches(filter, """
        {"event":"verified_tx","balance":{"confirmed":"0.5","other":{"confirmed":"0"}},"confirmations":6,"contract":null,"currency":"BTC","to_address":"0xabcdef","address":"Base58\u0054ext","pays_you":false}
        """).ShouldBe(expected);

    [Theory]
    [InlineData("""{"amuont":">1"}""", "amuont", -1, "amount")]
    [InlineData("""{"amount":">=1 &&"}""", "amount", 6, null)]
    [InlineData("""{"amount":"(>1"}""", "amount", 3, null)]
    [InlineData("""{"amount":">1)"}""", "amount", 2, null)]
    [InlineData("""{"amount":"! >1"}""", "amount", 1, null)]
    [InlineData("""{"amount":">'abc'"}""", "amount", 0, null)]
    [InlineData("""{"currency":">BTC"}""", "currency", 0, null)]
    [InlineData("""{"amount":"'1"}""", "amount", 0, null)]
    [InlineData("""{"amount":""}""", "amount", 0, null)]
    [InlineData("""{"amount":{}}""", "amount", -1, null)]
    [InlineData("""{"amount":1,"amount":2}""", "amount", -1, null)]
    [InlineData("[]", "", -1, null)]
    public void A_wrong_filter_names_field_position_expectation_and_suggestion(string filter, string field, int position, string? suggestion)
    {
        var (read, fault) = EventFilter.Parse(filter);
        read.ShouldBeNull();
        fault!.Field.ShouldBe(field);
        fault.Position.ShouldBe(position);
        fault.Suggestion.ShouldBe(suggestion);
        fault.Expected.ShouldNotBeEmpty();
    }

    [Fact]
    public void Equal_filters_are_equal_objects_whatever_the_order_of_fields() =>
        EventFilter.Parse("""{"amount":">1","currency":"BTC"}""").Filter.ShouldBe(EventFilter.Parse("""{"currency":"BTC","amount":">1"}""").Filter);

    [Fact]
    public void Evaluating_allocates_nothing()
    {
        var filter = EventFilter.Parse("""{"amount":">=0.5 && <10","currency":"BTC || LTC"}""").Filter!;
        var data = Encoding.UTF8.GetBytes("""{"event":"new_payment","tx_hash":"00","currency":"LTC","amount":"9.99999999","balance":{"confirmed":"1"}}""");
        filter.Matches(data).ShouldBeTrue();
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) filter.Matches(data);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }

    static bool Matches(string filter, string data)
    {
        var (read, fault) = EventFilter.Parse(filter);
        fault.ShouldBeNull();
        return read!.Matches(Encoding.UTF8.GetBytes(data));
    }
}
