using System.Numerics;
using Belfry.Client;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Server.Tests.Client;

public sealed class AmountsTests
{
    [Fact]
    public void Base_units_survive_the_way_through_a_decimal_string() =>
        Prop.ForAll(ArbMap.Default.GeneratorFor<BigInteger>().SelectMany(units => Gen.Choose(0, 18).Select(decimals => (units, decimals))).ToArbitrary(),
            pair => Amounts.ToBaseUnits(Amounts.FromBaseUnits(pair.units, pair.decimals), pair.decimals) == pair.units).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("0.001", 100_000)]
    [InlineData("-0.00000001", -1)]
    [InlineData("21000000", 2_100_000_000_000_000)]
    public void Decimal_strings_become_satoshi(string text, long units) => Amounts.ToBaseUnits(text, 8).ShouldBe(units);

    [Theory]
    [InlineData("")]
    [InlineData("1.")]
    [InlineData(".5")]
    [InlineData("1e3")]
    [InlineData("0.000000001")]
    [InlineData("--1")]
    public void What_is_not_an_amount_is_refused(string text) => Should.Throw<FormatException>(() => Amounts.ToBaseUnits(text, 8));
}
