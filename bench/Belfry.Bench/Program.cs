if (args is ["ledger", .. var rest]) await Belfry.Bench.LedgerBench.RunAsync(rest); else
Console.WriteLine("bench");
