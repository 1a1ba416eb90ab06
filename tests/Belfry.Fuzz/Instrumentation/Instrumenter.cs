using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace Belfry.Fuzz.Instrumentation;

/// <summary>Where each numbered block stands.</summary>
/// <param name="Methods">The full name of the method of each block, by number.</param>
public sealed record BlockTable(IReadOnlyList<string> Methods);

/// <summary>Writes copies of assemblies whose basic blocks call <see cref="Probes.Hit"/>.</summary>
public static class Instrumenter
{
    /// <summary>The assemblies whose decoders are fuzzed, and the fuzzer's own for its planted bugs.</summary>
    public static IReadOnlyList<string> Assemblies { get; } = ["Belfry.Core", "Belfry.Nodes", "Belfry.Server", "Belfry.Client", "Belfry.Fuzz"];

    /// <summary>Where code reads what comes from outside.</summary>
    static readonly string[] Scopes =
    [
        "Belfry.Core.Chains", "Belfry.Core.Journal", "Belfry.Core.Runtime", "Belfry.Nodes.Bitcoin", "Belfry.Server.Wire", "Belfry.Server.Watches", "Belfry.Server.Sockets.FrameReader",
        "Belfry.Client", "Belfry.Fuzz.Targets.Planted",
    ];

    /// <summary>Instruments everything into <paramref name="folder"/>.</summary>
    public static BlockTable Write(string folder)
    {
        Directory.CreateDirectory(folder);
        var methods = new List<string>();
        foreach (var name in Assemblies) Instrument(Path.Combine(AppContext.BaseDirectory, name + ".dll"), Path.Combine(folder, name + ".dll"), methods);
        return new BlockTable(methods);
    }

    static void Instrument(string source, string destination, List<string> methods)
    {
        using var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(AppContext.BaseDirectory);
        resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location));
        resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(Microsoft.AspNetCore.Http.HttpContext).Assembly.Location));
        using var assembly = AssemblyDefinition.ReadAssembly(source, new ReaderParameters { AssemblyResolver = resolver, ReadSymbols = true });
        var hit = assembly.Name.Name == "Belfry.Fuzz"
            ? assembly.MainModule.GetType(typeof(Probes).FullName).Methods.Single(method => method.Name == nameof(Probes.Hit))
            : assembly.MainModule.ImportReference(typeof(Probes).GetMethod(nameof(Probes.Hit)));
        foreach (var type in assembly.MainModule.GetTypes().Where(IsWanted))
        {
            foreach (var method in type.Methods.Where(method => method.HasBody && !IsGenerated(method))) Instrument(method, hit, methods);
        }

        assembly.Write(destination, new WriterParameters { WriteSymbols = true });
    }

    static bool IsWanted(TypeDefinition type)
    {
        while (type.DeclaringType is not null) type = type.DeclaringType;
        return Scopes.Any(scope => type.FullName.StartsWith(scope, StringComparison.Ordinal));
    }

    // What the compiler writes for records and properties reads nothing from outside; local functions and lambdas are ours.
    static bool IsGenerated(MethodDefinition method) =>
        !method.Name.Contains("__", StringComparison.Ordinal) && method.CustomAttributes.Any(attribute => attribute.AttributeType.Name == nameof(System.Runtime.CompilerServices.CompilerGeneratedAttribute));

    static void Instrument(MethodDefinition method, MethodReference hit, List<string> methods)
    {
        var body = method.Body;
        body.SimplifyMacros();
        var instructions = body.GetILProcessor();
        var moved = new Dictionary<Instruction, Instruction>();
        foreach (var leader in Leaders(body))
        {
            var number = instructions.Create(OpCodes.Ldc_I4, methods.Count);
            methods.Add(method.FullName);
            instructions.InsertBefore(leader, number);
            instructions.InsertBefore(leader, instructions.Create(OpCodes.Call, hit));
            moved[leader] = number;
        }

        Instruction To(Instruction? target) => target is not null && moved.TryGetValue(target, out var probe) ? probe : target!;
        foreach (var instruction in body.Instructions)
        {
            if (instruction.Operand is Instruction target) instruction.Operand = To(target);
            else if (instruction.Operand is Instruction[] targets) instruction.Operand = targets.Select(To).ToArray();
        }

        foreach (var handler in body.ExceptionHandlers)
        {
            handler.TryStart = To(handler.TryStart);
            handler.TryEnd = To(handler.TryEnd);
            handler.HandlerStart = To(handler.HandlerStart);
            handler.HandlerEnd = To(handler.HandlerEnd);
            handler.FilterStart = To(handler.FilterStart);
        }

        body.OptimizeMacros();
    }

    static HashSet<Instruction> Leaders(MethodBody body)
    {
        var leaders = new HashSet<Instruction> { body.Instructions[0] };
        foreach (var instruction in body.Instructions)
        {
            if (instruction.Operand is Instruction target) leaders.Add(target);
            else if (instruction.Operand is Instruction[] targets) leaders.UnionWith(targets);
            if (instruction.OpCode.FlowControl is FlowControl.Cond_Branch && instruction.Next is not null) leaders.Add(instruction.Next);
        }

        foreach (var handler in body.ExceptionHandlers)
        {
            leaders.Add(handler.HandlerStart);
            if (handler.FilterStart is not null) leaders.Add(handler.FilterStart);
        }

        return leaders;
    }
}
