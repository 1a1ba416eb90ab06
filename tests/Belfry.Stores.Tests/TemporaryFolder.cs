namespace Belfry.Stores.Tests;

/// <summary>A folder of one test, gone afterwards.</summary>
sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("belfry störe ").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
