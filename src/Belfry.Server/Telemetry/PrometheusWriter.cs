using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Belfry.Server.Telemetry;

/// <summary>
/// Collects the instruments of the meter <c>Belfry</c> and writes them as Prometheus text (format 0.0.4): <c>belfry.delivery.events</c> becomes
/// <c>belfry_delivery_events_total</c>, units are appended as OpenTelemetry's exporters do.
/// </summary>
sealed class PrometheusWriter : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";
    public const string MeterName = "Belfry";
    static readonly double[] Buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    readonly ConcurrentDictionary<(Instrument Instrument, string Labels), Series> series = new();
    readonly MeterListener listener = new();

    /// <summary>Begins to listen.</summary>
    /// <param name="own">The server's own meter.</param>
    /// <param name="factory">The server's factory. Only its meters, the own one and those without a scope are heard: several servers can live in one process.</param>
    public PrometheusWriter(Meter own, IMeterFactory factory)
    {
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == MeterName && (instrument.Meter == own || instrument.Meter.Scope is null || instrument.Meter.Scope == factory)) self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        listener.Start();
    }

    /// <summary>Everything that is known now.</summary>
    public string Write()
    {
        // Labels of an observed value that is not reported any more (a chain that is gone) must not stay for ever.
        foreach (var key in series.Keys.Where(key => key.Instrument.IsObservable)) series.TryRemove(key, out _);
        listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var group in series.GroupBy(entry => Name(entry.Key.Instrument)).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var instrument = group.First().Key.Instrument;
            text.Append("# HELP ").Append(group.Key).Append(' ').Append((instrument.Description ?? "").ReplaceLineEndings(" ")).Append('\n');
            text.Append("# TYPE ").Append(group.Key).Append(' ').Append(Type(instrument)).Append('\n');
            foreach (var ((_, labels), values) in group.OrderBy(entry => entry.Key.Labels, StringComparer.Ordinal)) values.Write(text, group.Key, labels);
        }

        return text.ToString();
    }

    public void Dispose() => listener.Dispose();

    void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var entry = series.GetOrAdd((instrument, Labels(tags)), key => IsHistogram(key.Instrument) ? new Histogram() : new Sum());
        entry.Record(value, Type(instrument) == "counter" && !instrument.IsObservable || IsUpDown(instrument));
    }

    static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.IsEmpty) return "";
        var text = new StringBuilder();
        foreach (var (key, value) in tags)
        {
            if (text.Length > 0) text.Append(',');
            var escaped = Convert.ToString(value, CultureInfo.InvariantCulture)?.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append(Clean(key)).Append("=\"").Append(escaped).Append('"');
        }

        return text.ToString();
    }

    static string Name(Instrument instrument)
    {
        var unit = instrument.Unit switch { "By" => "_bytes", "s" => "_seconds", "ms" => "_milliseconds", "1" => "_ratio", _ => "" };
        var name = Clean(instrument.Name);
        if (unit.Length > 0 && !name.EndsWith(unit, StringComparison.Ordinal)) name += unit;
        return Type(instrument) == "counter" ? name + "_total" : name;
    }

    static string Clean(string name) => string.Concat(name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : '_'));

    static string Type(Instrument instrument)
    {
        if (IsHistogram(instrument)) return "histogram";
        var kind = instrument.GetType().Name;
        return kind.StartsWith("Counter", StringComparison.Ordinal) || kind.StartsWith("ObservableCounter", StringComparison.Ordinal) ? "counter" : "gauge";
    }

    static bool IsHistogram(Instrument instrument) => instrument.GetType().Name.StartsWith("Histogram", StringComparison.Ordinal);

    static bool IsUpDown(Instrument instrument) => instrument.GetType().Name.StartsWith("UpDownCounter", StringComparison.Ordinal);

    abstract class Series
    {
        public abstract void Record(double value, bool adds);

        public abstract void Write(StringBuilder text, string name, string labels);

        protected static void Line(StringBuilder text, string name, string labels, double value)
        {
            text.Append(name);
            if (labels.Length > 0) text.Append('{').Append(labels).Append('}');
            text.Append(' ').Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        }
    }

    sealed class Sum : Series
    {
        double total;

        public override void Record(double value, bool adds)
        {
            if (!adds)
            {
                Volatile.Write(ref total, value);
                return;
            }

            var seen = Volatile.Read(ref total);
            while (Interlocked.CompareExchange(ref total, seen + value, seen) is var now && !now.Equals(seen)) seen = now;
        }

        public override void Write(StringBuilder text, string name, string labels) => Line(text, name, labels, Volatile.Read(ref total));
    }

    sealed class Histogram : Series
    {
        readonly Lock gate = new();
        readonly long[] counts = new long[Buckets.Length + 1];
        double sum;

        public override void Record(double value, bool adds)
        {
            var bucket = Array.FindIndex(Buckets, bound => value <= bound);
            lock (gate)
            {
                counts[bucket < 0 ? Buckets.Length : bucket]++;
                sum += value;
            }
        }

        public override void Write(StringBuilder text, string name, string labels)
        {
            var separator = labels.Length > 0 ? "," : "";
            lock (gate)
            {
                long running = 0;
                for (var i = 0; i < counts.Length; i++)
                {
                    running += counts[i];
                    var bound = i < Buckets.Length ? Buckets[i].ToString("R", CultureInfo.InvariantCulture) : "+Inf";
                    Line(text, name + "_bucket", $"{labels}{separator}le=\"{bound}\"", running);
                }

                Line(text, name + "_sum", labels, sum);
                Line(text, name + "_count", labels, running);
            }
        }
    }
}
