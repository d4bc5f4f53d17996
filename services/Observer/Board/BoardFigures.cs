using Checkout.Chassis.Edge;
using Checkout.Chassis.Resilience;
using Checkout.Observer.Asking;
using Checkout.Observer.Looking;
using Npgsql;

namespace Checkout.Observer.Board;

/// <summary>What is on the board, as the API gives it.</summary>
/// <param name="At">UTC.</param>
internal sealed record BoardFigures(DateTime At, SummaryAnswer Summary, StuckPage Stuck, ParkedSeenAnswer Parked,
    ViolationPage Violations);

/// <summary>Asks for it, from where the API has it.</summary>
internal sealed class BoardReader(NpgsqlDataSource database, SummaryWatch watch, Processes processes,
    ObserverOptions options, TimeProvider time)
{
    /// <summary>As many as the page's script asks for.</summary>
    private const int MostLines = 20;

    /// <summary>They are known without a database.</summary>
    public ProcessesAnswer Processes => ProcessList.Of(processes);

    /// <returns>Null where the database does not answer, or is not migrated yet: a person is told so by a page.
    /// </returns>
    public async Task<BoardFigures?> ReadAsync(CancellationToken cancellation)
    {
        try
        {
            var summary = await watch.NowAsync(cancellation);
            return await database.AskAsync(async connection => new BoardFigures(time.GetUtcNow().UtcDateTime, summary,
                await StuckList.ReadAsync(connection, options.StuckAfter, waitsFor: null, MostLines, cancellation),
                await ParkedSeen.ReadAsync(connection, processes, cancellation),
                await ViolationList.ReadAsync(connection, MostLines, cancellation)), cancellation);
        }
        catch (Exception e) when (Outage.IsNobodysFault(e))
        {
            return null;
        }
    }
}
