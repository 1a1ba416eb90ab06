using Belfry.Core.Chains;
using Belfry.Nodes.Bitcoin.Encodings;

namespace Belfry.Nodes.Bitcoin.Readers;

/// <summary>Names the script that an input spends by the templates of a chain.</summary>
/// <param name="rules">The chain's templates.</param>
public sealed class ClaimedScripts(ScriptRules rules) : IScriptInference
{
    /// <inheritdoc/>
    public Script? Infer(InputView input) => ScriptInference.FromInput(input.SignatureScript, input.Witness.Raw, rules);
}
