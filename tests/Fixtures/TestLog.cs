using System.Reflection;

namespace Checkout.Fixtures;

/// <summary>
/// Says which servers served a test run. A test program run by itself shows its console; `dotnet test` shows it only of
/// a failed one (seen, SDK 10.0.401), so the lines also go to the file servers.txt in the results folder.
/// </summary>
public static class TestLog
{
    private const string FolderOption = "--results-directory";

    public static string File { get; } = Path.Combine(ResultsFolder(), "servers.txt");

    public static void Say(string line)
    {
        var text = $"{Assembly.GetEntryAssembly()?.GetName().Name}: {line}";
        Console.WriteLine(text);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(File)!);
            // Several test programs may have the same results folder; one line is one write.
            using var file = new FileStream(File, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
            file.Write(System.Text.Encoding.UTF8.GetBytes(text + "\n"));
        }
        catch (UnauthorizedAccessException) { } // Built by another user, who owns the folder: the console has it.
    }

    private static string ResultsFolder()
    {
        var words = Environment.GetCommandLineArgs();
        var option = Array.IndexOf(words, FolderOption);
        return option >= 0 && option + 1 < words.Length
            ? Path.GetFullPath(words[option + 1]) : Path.Combine(AppContext.BaseDirectory, "TestResults");
    }
}
