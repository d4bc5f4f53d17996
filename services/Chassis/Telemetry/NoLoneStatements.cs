using System.Diagnostics;
using OpenTelemetry;

namespace Checkout.Chassis.Telemetry;

/// <summary>
/// Statements are part of somebody's story. What looks at a database now and then, such as an idle LogTailer seven
/// times a second, would make a trace of one span of each look: those are not recorded. A processor in place of
/// Npgsql's own filters, since those are a data source's each; nor a sampler, since OTEL_TRACES_SAMPLER chooses that.
/// </summary>
internal sealed class NoLoneStatements : BaseProcessor<Activity>
{
    public const string Source = "Npgsql";

    public override void OnStart(Activity data)
    {
        if (data.Source.Name != Source || data.ParentId is not null) return;
        data.IsAllDataRequested = false;
        data.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
    }
}
