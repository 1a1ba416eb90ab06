Console.WriteLine("belfry");
