using System;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Darkbloom.Bench.Transport.Contenders;

/// <summary>A certificate for the servers that are measured; their clients believe any.</summary>
internal static class ServerCertificate
{
    public static X509Certificate2 Create()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
