using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Belfry.Core.Hosting;
using Belfry.Core.Runtime;

namespace Belfry.Server;

/// <summary>The certificate of <c>https</c> addresses.</summary>
static class ServerCertificate
{
    /// <summary>Reads it, or null when none is configured.</summary>
    /// <exception cref="ConfigurationException">It cannot be read.</exception>
    public static X509Certificate2? Load(BelfryOptions options)
    {
        if (options.TlsCertificate is not { } path) return null;
        try
        {
            return X509Certificate2.CreateFromPemFile(path, options.TlsKey);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            var key = options.TlsKey is { } file ? $" with TlsKey '{ForeignText.CleanEndpoint(file, ForeignText.Sentence)}'" : "";
            throw new ConfigurationException([$"Belfry:TlsCertificate '{ForeignText.CleanEndpoint(path, ForeignText.Sentence)}'{key} cannot be read: {FileFaults.Explain(problem)}"]);
        }
    }
}
