using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Checkout.Chassis.Telemetry;

/// <summary>A histogram that is to be told before anything was measured.</summary>
/// <param name="Name">As Prometheus has it.</param>
/// <param name="Unit">As Prometheus has it.</param>
/// <param name="Label">The one label, of a few values.</param>
/// <param name="Beside">A counter of the same meter that has no label of its own.</param>
public sealed record ToldHistogram(string Name, string Unit, string Description, IReadOnlyList<double> Buckets,
    string Label, IReadOnlyList<string> Values, string Beside);

/// <summary>
/// Adds to what the exporter tells the histograms of which nothing was measured yet: the OpenTelemetry SDK makes a
/// series with its first measurement, and one that begins with a value has no increase by it for Prometheus.
/// </summary>
internal static class WholeHistograms
{
    private const string End = "# EOF\n";

    /// <summary>In front of the exporter's endpoint.</summary>
    public static void Use(WebApplication app)
    {
        var told = app.Services.GetServices<ToldHistogram>().ToList();
        if (told.Count == 0) return;
        app.UseWhen(context => context.Request.Path.Equals("/metrics", StringComparison.OrdinalIgnoreCase),
            metrics => metrics.Use(async (context, next) =>
            {
                // Told as it is, and not compressed by the exporter.
                context.Request.Headers.AcceptEncoding = default;
                var body = context.Response.Body;
                using var exposed = new MemoryStream();
                context.Response.Body = exposed;
                try
                {
                    await next(context);
                }
                finally
                {
                    context.Response.Body = body;
                }
                var bytes = exposed.ToArray();
                if (context.Response.StatusCode == StatusCodes.Status200OK
                    && context.Response.Headers.ContentEncoding.Count == 0)
                {
                    var text = Encoding.UTF8.GetString(bytes);
                    foreach (var histogram in told) text = With(text, histogram);
                    bytes = Encoding.UTF8.GetBytes(text);
                    context.Response.ContentLength = bytes.Length;
                }
                await body.WriteAsync(bytes, context.RequestAborted);
            }));
    }

    /// <param name="exposition">In Prometheus' or OpenMetrics' text format.</param>
    internal static string With(string exposition, ToldHistogram histogram)
    {
        var beside = Regex.Match(exposition, $@"^{histogram.Beside}{{(?<labels>[^}}]*)}} \S+(?<at> \S+)?$",
            RegexOptions.Multiline);
        // Where the exporter tells another way, what it says is left as it is.
        if (!beside.Success) return exposition;
        var isOpenMetrics = exposition.EndsWith(End, StringComparison.Ordinal);
        var added = new StringBuilder();
        foreach (var value in histogram.Values)
        {
            var labels = $"{beside.Groups["labels"].Value},{histogram.Label}=\"{value}\"";
            if (exposition.Contains($"\n{histogram.Name}_count{{{labels}}} ", StringComparison.Ordinal)) continue;
            var at = beside.Groups["at"].Value;
            foreach (var bucket in histogram.Buckets.Append(double.PositiveInfinity))
                added.Append(CultureInfo.InvariantCulture,
                    $"{histogram.Name}_bucket{{{labels},le=\"{Of(bucket, isOpenMetrics)}\"}} 0{at}\n");
            added.Append(CultureInfo.InvariantCulture, $"{histogram.Name}_sum{{{labels}}} 0{at}\n")
                .Append(CultureInfo.InvariantCulture, $"{histogram.Name}_count{{{labels}}} 0{at}\n");
        }
        if (added.Length == 0) return exposition;
        var first = exposition.IndexOf($"\n{histogram.Name}_", StringComparison.Ordinal);
        // All series of a name stand together.
        if (first >= 0) return exposition.Insert(first + 1, added.ToString());
        return exposition.Insert(exposition.Length - (isOpenMetrics ? End.Length : 0),
            $"# TYPE {histogram.Name} histogram\n"
            + (isOpenMetrics ? $"# UNIT {histogram.Name} {histogram.Unit}\n" : "")
            + $"# HELP {histogram.Name} {histogram.Description}\n{added}");
    }

    /// <summary>OpenMetrics has 1 as 1.0.</summary>
    private static string Of(double bucket, bool isOpenMetrics) =>
        double.IsPositiveInfinity(bucket) ? "+Inf"
        : bucket.ToString(isOpenMetrics && double.IsInteger(bucket) ? "0.0" : "R", CultureInfo.InvariantCulture);
}
