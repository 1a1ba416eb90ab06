using Belfry.Core.Chains;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>Tells from an input's signature data which script it must be spending.</summary>
public interface IScriptInference
{
    /// <summary>The script, or null where the data does not tell (bare keys, taproot, unknown forms).</summary>
    Script? Infer(InputView input);
}
