using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Belfry.TestKit.Nodes;

namespace Belfry.TestKit.Redis;

/// <summary>An authority made for one test, and certificates of it for a server on loopback and for a client, as PEM files.</summary>
public sealed class TestCertificates : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("belfry-test-certificates-").FullName;

    /// <summary>Makes them.</summary>
    /// <param name="serverName">The one name of the server's certificate; null for localhost and 127.0.0.1.</param>
    public TestCertificates(string? serverName = null)
    {
        ChildGuard.Watch(folder);
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Belfry test authority", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        using var authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File.WriteAllText(AuthorityFile, authority.ExportCertificatePem());
        var names = new SubjectAlternativeNameBuilder();
        if (serverName is null)
        {
            names.AddDnsName("localhost");
            names.AddIpAddress(IPAddress.Loopback);
        }
        else
        {
            names.AddDnsName(serverName);
        }

        Issue(authority, serverName ?? "localhost", names.Build(), "1.3.6.1.5.5.7.3.1", ServerCertificateFile, ServerKeyFile);
        Issue(authority, "belfry", null, "1.3.6.1.5.5.7.3.2", ClientCertificateFile, ClientKeyFile);
    }

    /// <summary>The authority.</summary>
    public string AuthorityFile => Path.Combine(folder, "authority.pem");

    /// <summary>The server's certificate.</summary>
    public string ServerCertificateFile => Path.Combine(folder, "server.pem");

    /// <summary>Its key.</summary>
    public string ServerKeyFile => Path.Combine(folder, "server.key");

    /// <summary>A client's certificate.</summary>
    public string ClientCertificateFile => Path.Combine(folder, "client.pem");

    /// <summary>Its key.</summary>
    public string ClientKeyFile => Path.Combine(folder, "client.key");

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(folder, recursive: true);

    static void Issue(X509Certificate2 authority, string name, X509Extension? names, string purpose, string certificateFile, string keyFile)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(purpose)], critical: false));
        if (names is not null) request.CertificateExtensions.Add(names);
        using var certificate = request.Create(authority, DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(7), RandomNumberGenerator.GetBytes(16));
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
    }
}
