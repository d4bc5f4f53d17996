using System.Globalization;
using Checkout.Chassis.Edge;
using Checkout.Observer.Looking;

namespace Checkout.Observer.Board;

/// <summary>What the page shows, and to whom.</summary>
internal sealed record BoardView
{
    public bool IsSignedIn { get; init; }

    /// <summary>Who tried to sign in was refused: what the script kept of it goes.</summary>
    public bool IsRefused { get; init; }

    /// <summary>The page was asked for by a link elsewhere, with which a browser sends no cookie.</summary>
    public bool MayBeSignedIn { get; init; }

    /// <summary>What is wrong, in a sentence.</summary>
    public string? Problem { get; init; }

    /// <summary>Null where they can't be read, or may not be seen.</summary>
    public BoardFigures? Figures { get; init; }

    /// <summary>Null where they may not be seen.</summary>
    public ProcessesAnswer? Processes { get; init; }
}

/// <summary>
/// The first view, made here and not by the script: figures that can be read before, and without, any script. What only
/// a script can do is of the class live, and hidden where there is none. The script knows the page by its ids and data
/// attributes.
/// </summary>
internal sealed class BoardPage
{
    /// <summary>
    /// Only what is ours, nothing inline, nothing made from text (Trusted Types), and nobody may frame it.
    /// </summary>
    public const string ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; "
        + "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        + "require-trusted-types-for 'script'; trusted-types 'none'";

    private static readonly Html Hidden = new(" hidden"), SignedIn = new(" data-signed-in"),
        Refused = new(" data-refused"), Unknown = new("<p>Nothing is known yet.</p>"),
        LoadAgain = new("""<a href="/">Load it again</a>""");

    public PageAssets Assets { get; } = new(typeof(BoardPage).Assembly, "board/");

    // With the referrer policy of all answers a browser may not say the origin of our own forms either (Fetch,
    // section 3.2): null, as of a page that hides where it is from.
    public string Render(BoardView view) => Html.Of(
        $"""
         <!doctype html>
         <html lang="en">
         <head>
           <meta charset="utf-8">
           <meta name="viewport" content="width=device-width, initial-scale=1">
           <meta name="color-scheme" content="light dark">
           <meta name="referrer" content="same-origin">
           <title>Checkout observer</title>
           <link rel="icon" type="image/svg+xml" href="{Assets.Url("board.svg")}">
           <link rel="stylesheet" href="{Assets.Url("board.css")}">
           <noscript><link rel="stylesheet" href="{Assets.Url("noscript.css")}"></noscript>
           <script type="module" src="{Assets.Url("board.js")}"></script>
         </head>
         <body{(view.IsSignedIn ? SignedIn : Html.Nothing)}{(view.IsRefused ? Refused : Html.Nothing)}>
           <a class="skip" href="#main">Skip to the board</a>
           <header>
             <h1>Checkout observer</h1>
             <p id="line" role="status">{Line(view)}</p>
             <p id="trouble" class="trouble" role="alert">{view.Problem}</p>
             <p id="as-of"{Unless(view.IsSignedIn)}>{AsOf(view)}</p>
             <form id="sign-out" method="post" action="/sign-out"{Unless(view.IsSignedIn)}>
               <button type="submit" class="quiet">Sign out</button></form>
           </header>
           <main id="main" tabindex="-1">
             <form id="sign-in" class="panel" method="post" action="/"{Unless(!view.IsSignedIn)}>
               <h2>Sign in</h2>
               <p id="sign-in-why" hidden>These are the figures of when the page was loaded. Sign in in this tab, too,
                 to see them live, look something up, and settle what is wrong.</p>
               {(view.MayBeSignedIn ? Elsewhere : Html.Nothing)}
               <label>A token of the scope support
                 <input type="password" name="token" autocomplete="off" spellcheck="false" required></label>
               <button type="submit">Sign in</button>
             </form>
             <noscript><p class="panel">To see figures live, look something up and settle what is wrong, allow scripts
               for this page: it loads nothing from elsewhere.</p></noscript>
             <section class="panel live" id="look" aria-labelledby="look-title" tabindex="-1">
               <h2 id="look-title">Any checkout, any player</h2>
               <form id="look-up">
                 <label>A checkout's id, or a customer's
                   <input type="text" name="id" maxlength="128" autocomplete="off" spellcheck="false" required></label>
                 <button type="submit">Look up</button>
               </form>
               <div id="found" role="region" aria-label="What was found" aria-live="polite"></div>
             </section>
             <section class="panel" aria-labelledby="picture-heading">
               <h2 id="picture-heading">The choreography</h2>
               <div class="wide" tabindex="0" role="group" aria-label="The picture of the choreography">
                 {BoardPicture.Of(view.Figures?.Summary)}
               </div>
               <p id="events">{Events(view)}</p>
             </section>
             <section class="panel" aria-labelledby="stuck-title">
               <h2 id="stuck-title">Stuck</h2>
               <div id="stuck">{(view.Figures is { } stuck ? BoardLists.Stuck(stuck.Stuck) : Unknown)}</div>
             </section>
             <section class="panel" aria-labelledby="parked-title">
               <h2 id="parked-title">Parked</h2>
               <div id="parked">{(view.Figures is { } parked ? BoardLists.Parked(parked.Parked) : Unknown)}</div>
             </section>
             <section class="panel" aria-labelledby="violations-title">
               <h2 id="violations-title">Violations</h2>
               <div id="violations">{(view.Figures is { } wrong ? BoardLists.Violations(wrong.Violations)
                   : Unknown)}</div>
             </section>
             <section class="panel" aria-labelledby="processes-title">
               <h2 id="processes-title">Processes</h2>
               <div id="processes">{(view.Processes is { } all ? BoardLists.Processes(all) : Unknown)}</div>
             </section>
           </main>
         </body>
         </html>

         """).Markup;

    private static readonly Html Elsewhere = new(
        """<p>You came by a link from elsewhere. Signed in already? <a href="/">Show the figures</a></p>""");

    private static Html Unless(bool isShown) => isShown ? Html.Nothing : Hidden;

    private static string Line(BoardView view) => view switch
    {
        { IsSignedIn: false } => "Sign in to see how everything is.",
        { Figures: null } => "How everything is can't be seen right now.",
        { Figures.Summary: var s } => FormattableString.Invariant(
            $"{s.Purchases:N0} purchases, {s.Wrong:N0} wrong, oldest waiting {Seconds(s.OldestWaitingSeconds)}, ")
            + (s.AuditAgeSeconds is { } age ? $"audit {Seconds(age)} behind" : "audit not done yet"),
    };

    private static Html AsOf(BoardView view)
    {
        if (view.Figures is not { At: var at }) return view.IsSignedIn ? Html.Of($"{LoadAgain} soon.") : Html.Nothing;
        var exact = at.ToString("O", CultureInfo.InvariantCulture);
        var time = Html.Of($"""<time datetime="{exact}">{BoardLists.Time(at)}</time>""");
        return Html.Of($"As of {time}. {LoadAgain} to see how it is now.");
    }

    private static string Events(BoardView view) => view.Figures?.Summary is not { } s
        ? view.IsSignedIn ? "Nothing is known yet." : "Figures come when you are signed in."
        : FormattableString.Invariant($"{s.Events.Sum(count => count.Events):N0} events are judged, ")
            + FormattableString.Invariant($"{s.CoinsPaidNotDelivered:N0} coins are paid and not delivered, ")
            + FormattableString.Invariant($"{s.Strangers:N0} records on the topics are no events.");

    private static string Seconds(double seconds) => seconds.ToString("F1", CultureInfo.InvariantCulture) + " s";
}
