using System.Buffers.Binary;
using Belfry.Core.Chains;
using Belfry.Core.Listeners;
using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using Shouldly;

namespace Belfry.Core.Tests.Listeners;

/// <summary>Weighs the heap of the whole process, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(AloneCollection), DisableParallelization = true)]
public sealed class AloneCollection;

[Collection(nameof(AloneCollection))]
public sealed class ScriptTableMemoryTests
{
    [Fact]
    public void A_million_scripts_take_at_most_36_bytes_each_and_removed_ones_give_their_bytes_back()
    {
        const int Count = 1_000_000;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var table = new ScriptTable(new FingerprintKey(SystemEntropy.Instance));
        for (var number = 0; number < Count; number++) table.Add(Script(number));
        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        table.Count.ShouldBe(Count);
        (held / (double)Count).ShouldBeLessThan(36);
        for (var number = 0; number < Count; number += 7) table.Contains(Script(number)).ShouldBeTrue();
        table.Contains(Script(Count)).ShouldBeFalse();
        for (var number = 0; number < Count; number++) table.Remove(Script(number)).ShouldBe(0);
        (GC.GetTotalMemory(forceFullCollection: true) - before).ShouldBeLessThan(held / 4);
        GC.KeepAlive(table);
    }

    static Script Script(int number)
    {
        var bytes = new byte[22];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(2), number);
        return new Script(bytes);
    }
}
