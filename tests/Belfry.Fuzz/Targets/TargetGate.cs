using Belfry.Fuzz.Instrumentation;

namespace Belfry.Fuzz.Targets;

/// <summary>The door into a load context: hands a target out as types of the framework.</summary>
public static class TargetGate
{
    /// <summary>Opens a target.</summary>
    /// <returns>Run, seeds, dictionary, scope, edge map, visited blocks, reset.</returns>
    public static object[] Open(string name, int blocks)
    {
        Probes.Open(blocks);
        var target = TargetCatalog.Create(name);
        return
        [
            new Func<byte[], bool>(target.Run), target.Seeds.ToArray(), target.Dictionary.ToArray(), target.Scope.ToArray(), Probes.Map, Probes.Blocks, new Action(Probes.Reset),
        ];
    }
}
