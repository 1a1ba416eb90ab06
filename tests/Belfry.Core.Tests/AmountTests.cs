using Belfry.Core.Chains;
using Shouldly;

namespace Belfry.Core.Tests;

public sealed class AmountTests
{
    [Theory]
    [InlineData("0.001", 8, "100000", "0.001", "0.00100000")]
    [InlineData("21000000", 8, "2100000000000000", "21000000", "21000000.00000000")]
    [InlineData("0", 8, "0", "0", "0.00000000")]
    [InlineData("-0.5", 8, "-50000000", "-0.5", "-0.50000000")]
    [InlineData("115792089237316195423570985008687907853269984665640564039457.584007913129639935", 18,
        "115792089237316195423570985008687907853269984665640564039457584007913129639935",
        "115792089237316195423570985008687907853269984665640564039457.584007913129639935",
        "115792089237316195423570985008687907853269984665640564039457.584007913129639935")]
    public void Decimal_strings_and_base_units_are_exact(string text, int decimals, string units, string shortest, string full)
    {
        Amount.TryParse(text, decimals, out var amount).ShouldBeTrue();
        amount.ToString().ShouldBe(units);
        amount.ToDecimal(decimals).ShouldBe(shortest);
        amount.ToFullDecimal(decimals).ShouldBe(full);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1e8")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("0.000000001")]
    [InlineData("1,5")]
    [InlineData("--1")]
    [InlineData("NaN")]
    public void Anything_else_is_refused(string text) => Amount.TryParse(text, 8, out _).ShouldBeFalse();
}
