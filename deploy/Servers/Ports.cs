using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Checkout.Servers;

/// <summary>
/// Free TCP ports of this machine's loopback address, safe between processes that choose at the same time. A port asked
/// of the system (bind to 0) comes from the ephemeral range and may be an outgoing connection's before its server
/// binds; here a port lies below that range and is reserved by a locked file. A reservation lasts as long as the
/// process; the system gives the lock back, however it ends.
/// </summary>
public static class Ports
{
    // Linux gives outgoing connections ports from 32768 on, macOS from 49152.
    private const int First = 5100;
    private const int Last = 31000;
    private const int MaxAttempts = 2000;

    // Ports that browsers refuse to open (the Fetch standard's "bad ports" in our range): a page served there would
    // never show.
    private static readonly HashSet<int> RefusedByBrowsers = [6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
        10080];

    private static readonly string Folder = MakeFolder();
    private static readonly Dictionary<int, FileStream> Reserved = [];
    private static readonly Lock Gate = new();

    /// <summary>This port if it is free, else another.</summary>
    public static int Preferred(int port)
    {
        lock (Gate) return TryReserve(port) ? port : Free();
    }

    /// <summary>The first of this many consecutive free ports.</summary>
    public static int Free(int count = 1)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        lock (Gate)
        {
            for (var attempt = 0; attempt < MaxAttempts; attempt++)
            {
                var first = Random.Shared.Next(First, Last - count);
                if (TryReserveAll(first, count)) return first;
            }
        }
        throw new ServerFailedException(
            $"No {count} free ports in a row were found between {First} and {Last} on 127.0.0.1: " +
            $"end the servers that hold them, or remove {Folder} if no server runs.");
    }

    private static bool TryReserveAll(int first, int count)
    {
        for (var i = 0; i < count; i++)
        {
            if (TryReserve(first + i)) continue;
            for (var j = 0; j < i; j++) Release(first + j);
            return false;
        }
        return true;
    }

    private static bool TryReserve(int port)
    {
        if (Reserved.ContainsKey(port) || RefusedByBrowsers.Contains(port) || Lock(port) is not { } file) return false;
        if (!CanBind(IPAddress.Loopback, port) || !CanBind(IPAddress.IPv6Loopback, port))
        {
            file.Dispose();
            return false;
        }
        Reserved.Add(port, file);
        return true;
    }

    private static void Release(int port)
    {
        if (Reserved.Remove(port, out var file)) file.Dispose();
    }

    private static FileStream? Lock(int port)
    {
        var path = Path.Combine(Folder, port.ToString(CultureInfo.InvariantCulture));
        try
        {
            // FileShare.None is an exclusive flock, also on a file opened for reading; opened so, another user's
            // left-over file does not block a port for ever. Opening it with O_CREAT would fail even for root
            // (fs.protected_regular).
            return File.Exists(path)
                ? new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None)
                : new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool CanBind(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return true;
        }
        catch (SocketException e)
        {
            // A machine without IPv6 has no ::1 that anybody could hold.
            return e.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported;
        }
    }

    private static string MakeFolder()
    {
        var folder = Path.Combine(Directory.Exists("/tmp") ? "/tmp" : Path.GetTempPath(), "checkout-ports");
        if (Directory.Exists(folder)) return folder;
        Directory.CreateDirectory(folder);
        const UnixFileMode everybody = (UnixFileMode)511; // 0777
        try
        {
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, everybody | UnixFileMode.StickyBit);
        }
        catch (UnauthorizedAccessException) { } // Another user made it at the same moment, and sets its mode.
        return folder;
    }
}
