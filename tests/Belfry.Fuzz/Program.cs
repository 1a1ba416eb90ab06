using Belfry.Fuzz;
using Belfry.Fuzz.Targets;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

// A target's name (or "all") fuzzes; "list" names the targets; anything else is for the test runner.
if (args is [var word, ..] && (word is "all" or "list" || TargetCatalog.Names.Contains(word))) return FuzzCommand.Run(args);
return args.Any(argument => argument is "--server" or "--internal-msbuild-node")
    ? await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions)
    : await ConsoleRunner.Run(args);
