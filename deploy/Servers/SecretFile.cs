using System.Security.Cryptography;

namespace Checkout.Servers;

/// <summary>Files that only their owner can read.</summary>
public static class SecretFile
{
    private const UnixFileMode Owners = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>What connection strings, shells and formats stumble over, if they do.</summary>
    private const string Strange = """ ;'"\={}%#&+ä""";

    public static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, Owners | UnixFileMode.UserExecute);
    }

    /// <summary>In place of one that is there.</summary>
    public static void Write(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = Owners;
        File.Delete(path);
        using var file = new StreamWriter(path, options);
        file.Write(text);
    }

    /// <summary>The password in this file; made where there is none.</summary>
    /// <param name="plain">Of letters and digits alone, where a format has no way to write others.</param>
    public static string Password(string path, bool plain = false)
    {
        if (File.Exists(path)) return File.ReadAllText(path);
        MakeFolder(Path.GetDirectoryName(path)!);
        var made = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)) + (plain ? "" : Strange);
        Write(path, made);
        return made;
    }
}
