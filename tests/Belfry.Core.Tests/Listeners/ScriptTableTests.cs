using System.Buffers.Binary;
using Belfry.Core.Chains;
using Belfry.Core.Listeners;
using Belfry.Core.Watches;
using Belfry.Nodes.Simnet;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Core.Tests.Listeners;

public sealed class ScriptTableTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Any_history_is_what_a_dictionary_makes_of_it(bool isCounted) => Prop.ForAll(
        ArbMap.Default.ArbFor<int[]>(),
        steps =>
        {
            var table = new ScriptTable(new FingerprintKey(new SeededEntropy(7)), isCounted);
            var model = new Dictionary<Script, int>();
            foreach (var step in steps.Concat(steps.Select(step => -step)).Concat(steps))
            {
                var script = Script(Math.Abs(step % 40));
                var count = model.GetValueOrDefault(script);
                if ((step & 3) != 0)
                {
                    table.Add(script, "address " + script).ShouldBe(isCounted || count == 0 ? count + 1 : 0);
                    model[script] = isCounted ? count + 1 : 1;
                }
                else
                {
                    table.Remove(script).ShouldBe(count == 0 ? -1 : count - 1);
                    if (count > 1) model[script] = count - 1;
                    else model.Remove(script);
                }
            }

            table.Count.ShouldBe(model.Count);
            table.Total.ShouldBe(model.Values.Sum());
            table.ReadAll().ToDictionary(entry => entry.Script, entry => entry.Count).ShouldBe(model, ignoreOrder: true);
            for (var number = 0; number < 40; number++) table.Contains(Script(number)).ShouldBe(model.ContainsKey(Script(number)));
            if (isCounted) table.ReadAll().ShouldAllBe(entry => entry.Address == "address " + entry.Script);
        }).QuickCheckThrowOnFailure();

    // Long and short ones, so that records of several sizes stand side by side.
    static Script Script(int number)
    {
        var bytes = new byte[number % 5 == 4 && number < 100 ? 34 : 22];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(2), number);
        return new Script(bytes);
    }
}
