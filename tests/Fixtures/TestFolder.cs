namespace Checkout.Fixtures;

/// <summary>
/// A folder of a test's own, removed at its end. Not made by CreateTempSubdirectory: that one is closed to the user
/// PostgreSQL runs as under root.
/// </summary>
public sealed class TestFolder : IDisposable
{
    public TestFolder(string purpose = "files")
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"checkout-test-{purpose}-{Guid.NewGuid():N}");
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        if (Directory.Exists(Path)) Directory.Delete(Path, recursive: true);
    }
}
