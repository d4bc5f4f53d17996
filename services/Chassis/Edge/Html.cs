using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Checkout.Chassis.Edge;

/// <summary>
/// Markup. Made by <see cref="Of"/> from an interpolated text: what stands in it is markup, whatever is put into its
/// holes is text and is encoded, other markup excepted. So nothing that is stored can become an element.
/// </summary>
public readonly record struct Html(string Markup)
{
    /// <summary>Encodes what HTML gives a meaning to; names in any script stay readable.</summary>
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    public static readonly Html Nothing = new("");

    public static Html Of(Markups markup) => new(markup.ToString());

    public override string ToString() => Markup;

    /// <summary>Called by the compiler, for each piece of an interpolated text.</summary>
    [InterpolatedStringHandler]
    public readonly ref struct Markups
    {
        private readonly StringBuilder _written;

        public Markups(int literalLength, int formattedCount) =>
            _written = new(literalLength + formattedCount * AverageHole);

        private const int AverageHole = 40;

        public void AppendLiteral(string markup) => _written.Append(markup);

        public void AppendFormatted(Html markup) => _written.Append(markup.Markup);

        public void AppendFormatted(IEnumerable<Html> markups)
        {
            foreach (var markup in markups) _written.Append(markup.Markup);
        }

        /// <summary>Between quotes it is an attribute's value, elsewhere text.</summary>
        public void AppendFormatted(string? text) => _written.Append(Encoder.Encode(text ?? ""));

        public void AppendFormatted(long number) =>
            _written.Append(number.ToString(CultureInfo.InvariantCulture));

        public void AppendFormatted(long number, string format) =>
            _written.Append(number.ToString(format, CultureInfo.InvariantCulture));

        public override string ToString() => _written.ToString();
    }
}
