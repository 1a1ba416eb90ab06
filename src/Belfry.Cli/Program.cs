using Belfry.Cli;

return await BelfryCommand.RunAsync(args, Terminal.OfProcess());
