using System.Globalization;
using System.Xml.Linq;

namespace Checkout.Local.Pictures;

/// <summary>
/// Draws what happened as an SVG: a lane for each party, time downwards, a box for each moment, an arrow from its
/// cause.
/// It is a page of its own (background, light and dark, no script, no font to load), so it can be shown anywhere.
/// </summary>
internal sealed class SequencePicture
{
    private const int Width = 1040;
    private const int Margin = 24;
    private const int TimeRight = 92;
    private const int BoxWidth = 158;
    private const int BoxHeight = 38;
    private const int LanesTop = 96;
    private const int FirstRow = 158;
    private const double RowPixels = 44;

    // A long wait shows as a gap, a very long one as no more than this.
    private const double PixelsPerMillisecond = 1;
    private const double WidestGapPixels = 24;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private const string Style =
        """
        text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; fill: #1f2328; }
        .page { fill: #ffffff; stroke: #d1d9e0; } .title { font-size: 20px; font-weight: 600; }
        .lane { stroke: #d1d9e0; stroke-width: 1.5; stroke-dasharray: 3 4; } .head { fill: #f0f3f6; stroke: #d1d9e0; }
        .note { font-size: 12.5px; fill: #59636e; } .time { font-size: 12px; fill: #59636e; text-anchor: end; }
        .name { font-size: 14px; font-weight: 600; text-anchor: middle; }
        .what { font-size: 13px; font-weight: 600; text-anchor: middle; }
        .detail { font-size: 11.5px; text-anchor: middle; fill: #59636e; }
        .box { stroke-width: 1.5; } .arrow { fill: none; stroke-width: 1.8; opacity: .75; }
        .s0 .box, .key.s0 { fill: #ddf4ff; stroke: #0969da; } .s0.arrow { stroke: #0969da; } .s0.tip { fill: #0969da; }
        .s1 .box, .key.s1 { fill: #fff1e5; stroke: #bc4c00; } .s1.arrow { stroke: #bc4c00; } .s1.tip { fill: #bc4c00; }
        .end .box { stroke-width: 3; }
        @media (prefers-color-scheme: dark) {
          text { fill: #f0f6fc; } .page { fill: #0d1117; stroke: #3d444d; } .note, .time, .detail { fill: #9198a1; }
          .lane { stroke: #3d444d; } .head { fill: #212830; stroke: #3d444d; }
          .s0 .box, .key.s0 { fill: #0c2d6b; stroke: #58a6ff; }
          .s0.arrow { stroke: #58a6ff; } .s0.tip { fill: #58a6ff; }
          .s1 .box, .key.s1 { fill: #5a1e02; stroke: #f0883e; }
          .s1.arrow { stroke: #f0883e; } .s1.tip { fill: #f0883e; }
        }
        """;

    private readonly string _title;
    private readonly IReadOnlyList<string> _notes;
    private readonly IReadOnlyList<string> _lanes;
    private readonly IReadOnlyList<string> _stories;
    private readonly IReadOnlyList<Moment> _moments;
    private readonly Dictionary<string, double> _rows = [];

    /// <param name="moments">In the order in which they are to stand.</param>
    public SequencePicture(
        string title, IReadOnlyList<string> notes, IReadOnlyList<string> lanes, IReadOnlyList<string> stories,
        IReadOnlyList<Moment> moments)
    {
        (_title, _notes, _lanes, _stories, _moments) = (title, notes, lanes, stories, moments);
        double y = FirstRow;
        for (var i = 0; i < moments.Count; i++)
        {
            if (i > 0) y += RowPixels + Gap(moments[i].At - moments[i - 1].At);
            _rows.Add(moments[i].Id, y);
        }
    }

    private double LanesBottom => _rows.Values.Max() + BoxHeight;

    private double Height => LanesBottom + 30 + (_notes.Count * 19) + Margin;

    public XDocument Draw() => new(Element("svg",
        new XAttribute("viewBox", Text($"0 0 {Width} {Height:0}")),
        new XAttribute("width", Width), new XAttribute("height", Text($"{Height:0}")),
        new XAttribute("role", "img"), new XAttribute("aria-labelledby", "title"),
        Element("title", new XAttribute("id", "title"), _title), Element("style", Style),
        Rectangle("page", 0.5, 0.5, Width - 1, Height - 1, 10),
        Label("title", Margin, 44, _title), Key(),
        _lanes.Select(Lane), _moments.Select(Arrow), _moments.Select(Box),
        _notes.Select((note, i) => Label("note", Margin, LanesBottom + 40 + (i * 19), note))));

    private IEnumerable<XElement> Key() => _stories.SelectMany((story, i) => new[]
    {
        Rectangle(Text($"key s{i}"), Margin + (i * 360), 58, 14, 14, 4),
        Label("note", Margin + 22 + (i * 360), 70, story),
    });

    private XElement Lane(string lane)
    {
        var x = X(lane);
        return Element("g",
            Line("lane", x, LanesTop + 30, x, LanesBottom),
            Rectangle("head", x - 60, LanesTop, 120, 30, 8), Label("name", x, LanesTop + 20, lane));
    }

    private XElement Box(Moment moment)
    {
        var (x, y) = (X(moment.Lane), _rows[moment.Id]);
        return Element("g", Class($"s{moment.Story}{(moment.IsEnd ? " end" : "")}"),
            Label("time", TimeRight, y + 4, Text($"{(moment.At - _moments[0].At).TotalMilliseconds:0.0} ms")),
            Rectangle("box", x - (BoxWidth / 2), y - (BoxHeight / 2), BoxWidth, BoxHeight, 9),
            Label("what", x, moment.Detail.Length > 0 ? y - 2 : y + 4, moment.Text),
            moment.Detail.Length > 0 ? Label("detail", x, y + 13, moment.Detail) : null);
    }

    /// <summary>
    /// From the side of the cause's box that looks at the effect to the side of the effect's that looks back.
    /// </summary>
    private XElement? Arrow(Moment moment)
    {
        if (moment.Cause is null || !_rows.TryGetValue(moment.Cause, out var fromY)) return null;
        var from = X(_moments.First(m => m.Id == moment.Cause).Lane);
        var (to, toY) = (X(moment.Lane), _rows[moment.Id]);
        var side = Math.Sign(to - from);
        var (startX, endX) = (from + (side * BoxWidth / 2), to - (side * BoxWidth / 2));
        var (startY, endY) = side == 0 ? (fromY + (BoxHeight / 2), toY - (BoxHeight / 2)) : (fromY, toY);
        var story = $"s{moment.Story}";
        return Element("g",
            Element("path", Class($"arrow {story}"),
                new XAttribute("d", Curve(startX, startY, endX - (side * 7), endY, side))),
            Element("path", Class($"tip {story}"), new XAttribute("d", Tip(endX, endY, side))));
    }

    private static string Curve(double startX, double startY, double endX, double endY, int side)
    {
        var bend = side * Math.Max(26, Math.Abs(endX - startX) / 2);
        var handles = Text($"{startX + bend:0.#} {startY:0.#} {endX - bend:0.#} {endY:0.#}");
        return Text($"M{startX:0.#} {startY:0.#} C{handles} {endX:0.#} {endY:0.#}");
    }

    private static string Tip(double x, double y, int side) => side == 0
        ? Text($"M{x:0.#} {y:0.#} l-5 -9 h10 z")
        : Text($"M{x:0.#} {y:0.#} l{-9 * side} -5 v10 z");

    private double X(string lane)
    {
        var first = TimeRight + 18 + (BoxWidth / 2);
        var last = Width - Margin - (BoxWidth / 2);
        var index = _lanes.TakeWhile(l => l != lane).Count();
        if (index == _lanes.Count) throw new ArgumentException($"There is no lane {lane}.", nameof(lane));
        return _lanes.Count == 1 ? first : first + ((last - first) * index / (double)(_lanes.Count - 1));
    }

    private static double Gap(TimeSpan wait) =>
        Math.Clamp(wait.TotalMilliseconds * PixelsPerMillisecond, 0, WidestGapPixels);

    private static XElement Rectangle(
        string style, double x, double y, double width, double height, double corner) => Element("rect",
        Class(style), At("x", x), At("y", y), At("width", width), At("height", height), At("rx", corner));

    private static XElement Line(string style, double x1, double y1, double x2, double y2) =>
        Element("line", Class(style), At("x1", x1), At("y1", y1), At("x2", x2), At("y2", y2));

    private static XElement Label(string style, double x, double y, string text) =>
        Element("text", Class(style), At("x", x), At("y", y), text);

    private static XElement Element(string name, params object?[] content) => new(Svg + name, content);

    private static XAttribute Class(string name) => new("class", name);

    private static XAttribute At(string name, double value) =>
        new(name, value.ToString("0.#", CultureInfo.InvariantCulture));

    private static string Text(FormattableString text) => FormattableString.Invariant(text);
}
