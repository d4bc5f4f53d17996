using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Checkout.Chassis.Edge;
using Checkout.Observer.Looking;

namespace Checkout.Observer.Board;

/// <summary>
/// The lists of the board, as the page's script makes them: element by element the same, without a space between them,
/// so that it finds nothing to change where nothing has changed.
/// </summary>
internal static class BoardLists
{
    /// <summary>What HTML gives a meaning to is encoded where it is put in.</summary>
    private static readonly JsonSerializerOptions Readable = new()
    {
        WriteIndented = true,
        IndentSize = 1,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static Html Stuck(StuckPage stuck) => stuck.Checkouts is [] ? Sentence("Nothing is stuck.")
        : Table("The oldest first", ["Checkout", "Package", "Waits for", "State", "Since"],
            stuck.Checkouts.Select(c => (Html[])[Id($"{c.CheckoutId}"), Text(c.Sku ?? "?"), Text(c.WaitsFor),
                Text(c.State), Text(Time(c.LastAt))]));

    public static Html Parked(ParkedSeenAnswer parked) => parked.Parked is [] ? Sentence("Nothing is parked.")
        : Table("As the services say", ["Service", "Event", "Since", "Reason", "Fields"],
            parked.Parked.Select(p => (Html[])[Text(p.Service),
                Text(Invariant($"{p.Event ?? "?"} ({p.Topic} {p.Position})")), Text(Time(p.ParkedAt)), Text(p.Reason),
                Fields(p.Fields)]));

    public static Html Violations(ViolationPage page) => page.Violations is []
        ? Html.Of($"""<p class="good">Nothing is wrong.</p>""") : Html.Of($"{page.Violations.Select(Violation)}");

    public static Html Processes(ProcessesAnswer answer) => answer.Processes is []
        ? Sentence("None was asked yet.")
        : Table("What each says of itself", ["Process", "Answer", "Rows compared with events", "Position"],
            answer.Processes.Select(p => (Html[])[Text(p.Process),
                p.Problem is { } problem ? Bad(problem) : Text("answers"), Compared(p), Text(Position(p))]));

    /// <summary>To the second: nobody reads more of it.</summary>
    public static string Time(DateTime utc) => utc.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static Html Violation(ViolationAnswer v)
    {
        var isOpen = v.SettledAt is null;
        var title = isOpen ? Html.Of($"""<h3 class="bad">{v.Kind}</h3>""") : Html.Of($"<h3>{v.Kind}</h3>");
        var events = Fields(new JsonArray([.. v.Events.Select(e => e.DeepClone())]));
        return Html.Of($"""<article data-key="{v.Id}">{title}<p>{v.What}</p>{Details(events)}{(isOpen ? Settle(v.Id)
            : Html.Of($"<p>Settled by {v.Who}: {v.Why}</p>"))}</article>""");
    }

    private static Html Details(Html events) =>
        Html.Of($"<details><summary>The events that show it</summary>{events}</details>");

    /// <summary>A script sends it, with the token of its tab.</summary>
    private static Html Settle(long id) => Html.Of(
        $"""<form class="live" data-settle="{id}"><label>Why it is settled{Why}</label>{Button}</form>""");

    private static readonly Html Why = new("""<input type="text" maxlength="200" required="" autocomplete="off">""");

    private static readonly Html Button = new("""<button type="submit">Settle</button>""");

    private static string Position(ProcessAnswer p) => p.Head is { } head ? Invariant($"{head:N0}")
        : string.Join("; ", p.Topics.Select(t => Invariant(
            $"{t.Topic ?? "?"}: {Number(t.Acknowledged)} of {Number(t.Head)}, {t.State}")));

    private static string Number(long? number) => number is { } known ? Invariant($"{known:N0}") : "?";

    private static Html Compared(ProcessAnswer p)
    {
        if (p.Compared is not { } compared) return Text(p.Head is null ? "" : "by another instance, or not yet");
        var text = Invariant($"up to {compared.Position:N0}, {compared.AgeSeconds:F0} s ago");
        return compared.Difference is { } difference ? Bad($"{text}: {difference}") : Text(text);
    }

    private static Html Table(string caption, string[] heads, IEnumerable<Html[]> rows)
    {
        var head = heads.Select(name => Html.Of($"""<th scope="col">{name}</th>"""));
        var body = rows.Select(row => Html.Of($"<tr>{row.Select(cell => Html.Of($"<td>{cell}</td>"))}</tr>"));
        var table = Html.Of($"<caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>");
        return Html.Of(
            $"""<div class="wide" tabindex="0" role="group" aria-label="{caption}"><table>{table}</table></div>""");
    }

    private static Html Sentence(string text) => Html.Of($"<p>{text}</p>");

    private static Html Text(string? text) => Html.Of($"{text}");

    private static Html Bad(string text) => Html.Of($"""<span class="bad">{text}</span>""");

    private static Html Id(string id) =>
        Html.Of($"""<button type="button" class="quiet id" data-look="{id}">{id}</button>""");

    private static Html Fields(JsonNode? fields) =>
        Html.Of($"<pre>{fields?.ToJsonString(Readable) ?? "null"}</pre>");

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
