using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Belfry.Core.Runtime;

namespace Belfry.Redis.Connection.Lines;

/// <summary>Opens the byte stream to a server, over TLS where asked.</summary>
sealed class RedisDialler(INetwork network, RedisTlsOptions? tls) : IDisposable
{
    readonly Lazy<Credentials> credentials = new(() => Credentials.Read(tls!));

    public async ValueTask<Stream> DialAsync(RedisEndpoint endpoint, CancellationToken cancellationToken)
    {
        var plain = await network.ConnectAsync(endpoint.Host, endpoint.Port, cancellationToken);
        if (tls is null) return plain;
        var secure = new SslStream(plain, leaveInnerStreamOpen: false);
        try
        {
            await secure.AuthenticateAsClientAsync(Describe(tls, endpoint), cancellationToken);
            return secure;
        }
        catch
        {
            await secure.DisposeAsync();
            throw;
        }
    }

    public void Dispose()
    {
        if (credentials.IsValueCreated) credentials.Value.Dispose();
    }

    SslClientAuthenticationOptions Describe(RedisTlsOptions options, RedisEndpoint endpoint)
    {
        var description = new SslClientAuthenticationOptions { TargetHost = options.ServerName ?? endpoint.Host };
        if (credentials.Value.Own is { } own) description.ClientCertificateContext = own;
        if (credentials.Value.Authorities is { } authorities)
        {
            description.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            description.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }

#pragma warning disable CA5359 // only the name is forgiven, and only when asked
        if (!options.CheckName) description.RemoteCertificateValidationCallback = static (_, _, _, faults) => (faults & ~SslPolicyErrors.RemoteCertificateNameMismatch) == SslPolicyErrors.None;
#pragma warning restore CA5359
        return description;
    }

    sealed record Credentials(X509Certificate2Collection? Authorities, SslStreamCertificateContext? Own) : IDisposable
    {
        public static Credentials Read(RedisTlsOptions options)
        {
            X509Certificate2Collection? authorities = null;
            if (options.CaFile is not null)
            {
                authorities = [];
                authorities.ImportFromPemFile(options.CaFile);
            }

            if (options.CertificateFile is null) return new Credentials(authorities, null);
            var own = X509Certificate2.CreateFromPemFile(options.CertificateFile, options.KeyFile);
            return new Credentials(authorities, SslStreamCertificateContext.Create(own, additionalCertificates: null, offline: true));
        }

        public void Dispose()
        {
            foreach (var authority in Authorities ?? []) authority.Dispose();
            Own?.TargetCertificate.Dispose();
        }
    }
}
