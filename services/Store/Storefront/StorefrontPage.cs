using Checkout.Chassis.Edge;
using Checkout.Store.Packages;

namespace Checkout.Store.Storefront;

/// <summary>
/// The first view, made here and not by the script: a catalogue that can be read before, and without, any script. What
/// only a script can do is hidden until it is there. The script knows the page by its ids and data attributes.
/// </summary>
/// <param name="isDemo">Whether anybody may sign in as anybody, for which POST /demo/token must be there.</param>
public sealed class StorefrontPage(StorefrontAssets assets, StorefrontOptions options, bool isDemo)
{
    private static readonly string[] DemoPlayers = ["player-1", "player-2"];

    /// <summary>
    /// Only what is ours, nothing inline, nothing made from text (Trusted Types), and nobody may frame it: a click on
    /// it is a purchase.
    /// </summary>
    public string ContentSecurityPolicy { get; } = string.Join("; ",
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'",
        string.Join(' ', new[] { "connect-src 'self'", StorefrontOptions.Origin(options.BalanceUrl),
            StorefrontOptions.Origin(options.InventoryUrl) }.OfType<string>().Distinct()),
        "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'",
        "trusted-types 'none'");

    /// <param name="packages">Null where they can't be read now.</param>
    public string Render(IReadOnlyList<PackageAnswer>? packages) => Html.Of(
        $"""
         <!doctype html>
         <html lang="en">
         <head>
           <meta charset="utf-8">
           <meta name="viewport" content="width=device-width, initial-scale=1">
           <meta name="color-scheme" content="light dark">
           <meta name="description" content="Avatars for the coins that you earned in the game.">
           <title>Avatar store</title>
           <link rel="icon" type="image/svg+xml" href="{assets.Url("coin.svg")}">
           <link rel="stylesheet" href="{assets.Url("storefront.css")}">
           <script type="module" src="{assets.Url("storefront.js")}"></script>
         </head>
         <body data-balance="{StorefrontOptions.Base(options.BalanceUrl)}"
             data-inventory="{StorefrontOptions.Base(options.InventoryUrl)}">
           <a class="skip" href="#packages">Skip to the avatars</a>
           <header class="top"><div>
             <p class="brand"><img src="{assets.Url("avatar.gorilla.svg")}" alt="" width="36" height="36">
               <span>Avatar store</span></p>
             <div class="player" id="player" hidden>
               <p class="coins" id="coins"><img src="{assets.Url("coin.svg")}" alt="" width="28" height="28">
                 <strong id="coins-number">…</strong> <span id="coins-word">coins</span></p>
               <p class="who"><span class="for-ears">Signed in as </span><span id="player-name"></span></p>
               <button type="button" class="quiet" id="sign-out">Sign out</button>
             </div>
           </div></header>
           <main>
             <section class="hero" aria-labelledby="title">
               <div>
                 <h1 id="title">Be somebody else tonight</h1>
                 <p class="lead">Claim an avatar for the coins that you earned in the game. It is yours for good, and
                   if it can't be, your coins come back by themselves.</p>
                 <noscript><p class="note">This is the catalogue. To claim an avatar, allow scripts for this page: it
                   loads nothing from elsewhere.</p></noscript>
                 <p class="note" id="note" role="status" hidden></p>
               </div>
               {(isDemo ? DemoSignIn() : GamesSignIn)}
               <section class="owned" id="owned" aria-labelledby="owned-title" hidden>
                 <h2 id="owned-title">Your avatars</h2>
                 <p id="owned-words"></p>
                 <ul id="owned-avatars" class="portraits"></ul>
               </section>
             </section>
             <section aria-labelledby="packages-title" id="packages" tabindex="-1">
               <h2 id="packages-title">In the store</h2>
               {Catalogue(packages)}
             </section>
             <p class="under-way" id="under-way" hidden><span id="under-way-words" role="status"></span>
               <button type="button" id="under-way-show">Show</button></p>
           </main>
           <footer><p>Every claim is followed live, step by step, from the services that take part in it.</p></footer>
           {Purchase}
           <template id="drawings">{assets.Drawings.Select(drawing => Html.Of(
               $"""<img data-sku="{drawing.Sku}" src="{drawing.Url}" alt="">"""))}<img src="{assets.DrawingOf("")}"
             alt=""></template>
         </body>
         </html>

         """).Markup;

    private Html Catalogue(IReadOnlyList<PackageAnswer>? packages) => packages switch
    {
        null => Html.Of($"""<p class="note">The catalogue can't be read right now. Load the page again soon.</p>"""),
        [] => Html.Of($"""<p class="note">Nothing is on sale yet. Come back soon.</p>"""),
        _ => Html.Of($"""<ul class="cards">{packages.Select(Card)}</ul>"""),
    };

    /// <summary>The button is never disabled, so that it can be reached and can say why it does nothing.</summary>
    private Html Card(PackageAnswer package, int place) => Html.Of(
        $"""

                 <li class="card" data-sku="{package.Sku}" data-name="{package.Name}"
                     data-price="{package.PriceCoins}" data-rarity="{package.Rarity}">
                   <div class="stage">
                     <img class="drawing" src="{assets.DrawingOf(package.Sku)}" alt="" width="240" height="240">
                     {Badge(package.Rarity)}
                     <p class="left" hidden></p>
                   </div>
                   <h3 id="package-{place}">{package.Name}</h3>
                   <p class="price"><img src="{assets.Url("coin.svg")}" alt="" width="20" height="20">
                     <span class="amount">{package.PriceCoins:N0}</span> {Coins(package.PriceCoins)}</p>
                   <button type="button" class="claim" aria-describedby="package-{place} why-{place}" hidden>Claim for
                     {package.PriceCoins:N0} {Coins(package.PriceCoins)}</button>
                   <p class="why" id="why-{place}"></p>
                 </li>
         """);

    private static string Coins(long coins) => coins == 1 ? "coin" : "coins";

    private static Html Badge(string rarity) => rarity switch
    {
        "common" => Html.Of($"""<p class="badge">Common</p>"""),
        "rare" => Html.Of($"""<p class="badge">Rare</p>"""),
        "ultraRare" => Html.Of($"""<p class="badge">Ultra rare</p>"""),
        _ => Html.Nothing,
    };

    private static Html DemoSignIn() => Html.Of(
        $"""
         <form class="sign-in" id="sign-in" data-demo hidden>
                 <h2 id="sign-in-title" tabindex="-1">Who is playing?</h2>
                 <fieldset><legend>Sign in as a demo player</legend>
                   {DemoPlayers.Select((player, i) => Html.Of(
                       $"""
                        <label class="choice"><input type="radio" name="player" value="{player}"{(i == 0 ? Checked
                            : Html.Nothing)}> {player}</label>

                        """))}
                   <label class="choice"><input type="radio" name="player" value=""> someone else</label>
                 </fieldset>
                 <label class="other">Player id <input type="text" name="other" maxlength="200" autocomplete="off"
                   spellcheck="false"></label>
                 <button type="submit">Sign in</button>
                 <p class="error" id="sign-in-error" role="alert"></p>
               </form>
         """);

    private static readonly Html Checked = new(" checked");

    /// <summary>How a token comes here is the studio's: storefront.signIn(token), see docs/storefront.md.</summary>
    private static readonly Html GamesSignIn = Html.Of(
        $"""
         <section class="sign-in" id="sign-in" aria-labelledby="sign-in-title" hidden>
                 <h2 id="sign-in-title" tabindex="-1">Come from your game</h2>
                 <p>Open the store from the game you play: it signs you in, and your coins and avatars are here.</p>
                 <p class="error" id="sign-in-error" role="alert"></p>
               </section>
         """);

    private static readonly Html Purchase = Html.Of(
        $"""
         <dialog class="purchase" id="purchase" aria-labelledby="purchase-title">
             <div class="stage"><img id="purchase-drawing" alt="" width="200" height="200"></div>
             <div class="story">
               <h2 id="purchase-title" tabindex="-1" autofocus></h2>
               <p class="status" id="purchase-status" role="status"></p>
               <ol class="timeline" id="timeline" aria-label="What happened"></ol>
               <p class="trouble" id="purchase-trouble" role="status"></p>
               <details class="support"><summary>For support</summary>
                 <dl><dt>Checkout</dt><dd id="support-checkout"></dd><dt>Trace</dt><dd id="support-trace"></dd></dl>
               </details>
               <p class="buttons"><button type="button" id="purchase-again" hidden></button>
                 <button type="button" class="quiet" id="purchase-close">Keep shopping</button></p>
             </div>
           </dialog>
         """);
}
