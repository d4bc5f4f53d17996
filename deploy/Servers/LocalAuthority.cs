using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Checkout.Servers;

/// <summary>
/// A certificate authority of a folder, for servers of this machine: it signs a certificate for 127.0.0.1 and localhost
/// at each start. Its key lies in the folder, for nobody but its owner to read.
/// </summary>
public sealed class LocalAuthority
{
    private static readonly TimeSpan AuthorityLasts = TimeSpan.FromDays(3_650);
    private static readonly TimeSpan ServerLasts = TimeSpan.FromDays(90);
    /// <summary>For a server whose machine's clock is behind.</summary>
    private static readonly TimeSpan Before = TimeSpan.FromDays(1);

    private readonly string _folder;

    private LocalAuthority(string folder) => _folder = folder;

    /// <summary>What clients trust, in PEM.</summary>
    public string Certificate => Path.Combine(_folder, "ca.pem");

    private string Key => Path.Combine(_folder, "ca.key");

    /// <summary>Made where the folder has none, or one that ends before a server's certificate would.</summary>
    public static LocalAuthority In(string folder)
    {
        SecretFile.MakeFolder(folder);
        var authority = new LocalAuthority(folder);
        if (!authority.IsUsable()) authority.Make();
        return authority;
    }

    /// <summary>A certificate for this machine's loopback addresses, with its key, each in PEM.</summary>
    public (string Certificate, string Key) Issue(string name)
    {
        using var authority = X509Certificate2.CreateFromPemFile(Certificate, Key);
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, true));
        // Of a server, and of a client where the server is one: a broker asks its controller.
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new("1.3.6.1.5.5.7.3.1"), new("1.3.6.1.5.5.7.3.2")], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        var now = DateTimeOffset.UtcNow;
        using var issued = request.Create(authority, now - Before, now + ServerLasts,
            RandomNumberGenerator.GetBytes(16));
        return (issued.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }

    private bool IsUsable()
    {
        if (!File.Exists(Certificate) || !File.Exists(Key)) return false;
        using var there = X509CertificateLoader.LoadCertificateFromFile(Certificate);
        return there.NotAfter.ToUniversalTime() > DateTime.UtcNow + ServerLasts
            && there.NotBefore.ToUniversalTime() < DateTime.UtcNow;
    }

    private void Make()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=Checkout on this machine", key, HashAlgorithmName.SHA256,
            RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var now = DateTimeOffset.UtcNow;
        using var made = request.CreateSelfSigned(now - 2 * Before, now + AuthorityLasts);
        SecretFile.Write(Key, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Certificate, made.ExportCertificatePem());
    }
}
