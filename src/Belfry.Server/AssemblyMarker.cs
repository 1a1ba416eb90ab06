namespace Belfry.Server;

/// <summary>Names this assembly for tests and embedded resources.</summary>
public static class AssemblyMarker;
