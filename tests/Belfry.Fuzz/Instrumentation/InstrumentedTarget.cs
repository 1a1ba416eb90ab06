using System.Reflection;
using System.Runtime.Loader;
using Belfry.Fuzz.Targets;

namespace Belfry.Fuzz.Instrumentation;

/// <summary>
/// One target over instrumented code, in a load context of its own: several can run beside each other, each with its own probes. Only types of the framework cross
/// the border, because every type of ours exists once in here and once outside.
/// </summary>
public sealed class InstrumentedTarget
{
    static readonly Lazy<(string Folder, BlockTable Blocks)> Instrumented = new(() =>
    {
        var folder = Path.Combine(AppContext.BaseDirectory, "instrumented", Environment.ProcessId.ToString());
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        return (folder, Instrumenter.Write(folder));
    });

    readonly Action reset;

    InstrumentedTarget(string name, object[] parts)
    {
        Name = name;
        Run = (Func<byte[], bool>)parts[0];
        Seeds = (byte[][])parts[1];
        Dictionary = (byte[][])parts[2];
        Scope = (string[])parts[3];
        Map = (byte[])parts[4];
        Visited = (byte[])parts[5];
        reset = (Action)parts[6];
    }

    /// <summary>Its name on the command line.</summary>
    public string Name { get; }

    /// <summary>Decodes an input: whether it was accepted; throws what is a finding.</summary>
    public Func<byte[], bool> Run { get; }

    /// <summary>Valid inputs to begin with.</summary>
    public byte[][] Seeds { get; }

    /// <summary>Words of its language.</summary>
    public byte[][] Dictionary { get; }

    /// <summary>Beginnings of the names of the types that it is about.</summary>
    public string[] Scope { get; }

    /// <summary>Edges of the last run.</summary>
    public byte[] Map { get; }

    byte[] Visited { get; }

    /// <summary>Loads a target.</summary>
    /// <exception cref="ArgumentException">There is none of this name.</exception>
    public static InstrumentedTarget Load(string name)
    {
        var (folder, blocks) = Instrumented.Value;
        var context = new Context(folder);
        var gate = context.LoadFromAssemblyPath(Path.Combine(folder, "Belfry.Fuzz.dll")).GetType(typeof(TargetGate).FullName!)!.GetMethod(nameof(TargetGate.Open))!;
        try
        {
            return new InstrumentedTarget(name, (object[])gate.Invoke(null, [name, blocks.Methods.Count])!);
        }
        catch (TargetInvocationException problem) when (problem.InnerException is ArgumentException wrong)
        {
            throw new ArgumentException(wrong.Message, nameof(name), problem);
        }
    }

    /// <summary>Forgets the edges of the last run.</summary>
    public void Reset() => reset();

    /// <summary>Blocks of the scope that were ever entered, and how many there are.</summary>
    public (int Entered, int All) Blocks()
    {
        var (entered, all) = (0, 0);
        foreach (var (_, seen) in InScope())
        {
            all++;
            entered += seen ? 1 : 0;
        }

        return (entered, all);
    }

    /// <summary>Methods of the scope that no input ever entered.</summary>
    public IReadOnlyList<string> Untouched() =>
        [.. InScope().GroupBy(block => block.Method).Where(method => method.All(block => !block.Seen)).Select(method => method.Key).Order(StringComparer.Ordinal)];

    IEnumerable<(string Method, bool Seen)> InScope()
    {
        var methods = Instrumented.Value.Blocks.Methods;
        for (var i = 0; i < methods.Count; i++)
        {
            var type = methods[i][(methods[i].IndexOf(' ') + 1)..];
            if (Scope.Any(scope => type.StartsWith(scope, StringComparison.Ordinal))) yield return (methods[i], Visited[i] != 0);
        }
    }

    sealed class Context(string folder) : AssemblyLoadContext(isCollectible: false)
    {
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            var path = Path.Combine(folder, assemblyName.Name + ".dll");
            return Instrumenter.Assemblies.Contains(assemblyName.Name) ? LoadFromAssemblyPath(path) : null;
        }
    }
}
