using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace Belfry.TestKit;

/// <summary>Waits for something that becomes true by itself: asks often, gives up at a deadline, and says what it last saw.</summary>
public static class Eventually
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    /// <exception cref="TimeoutException">It did not within <paramref name="within"/> (default 60 s).</exception>
    public static async Task HoldsAsync(
        Func<ValueTask<bool>> condition, TimeSpan? within = null, [CallerArgumentExpression(nameof(condition))] string what = "")
    {
        var watch = Stopwatch.StartNew();
        Exception? last;
        while (true)
        {
            try
            {
                if (await condition()) return;
                last = null;
            }
            catch (Exception problem) when (problem is not OperationCanceledException)
            {
                last = problem;
            }

            if (watch.Elapsed > (within ?? Patience)) throw new TimeoutException($"Still not true after {watch.Elapsed.TotalSeconds:F1} s: {what}", last);
            await Task.Delay(5);
        }
    }

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    public static Task HoldsAsync(Func<bool> condition, TimeSpan? within = null, [CallerArgumentExpression(nameof(condition))] string what = "") =>
        HoldsAsync(() => ValueTask.FromResult(condition()), within, what);

    /// <summary>Waits until <paramref name="probe"/> returns something, and returns it.</summary>
    public static async Task<T> GetAsync<T>(
        Func<ValueTask<T?>> probe, TimeSpan? within = null, [CallerArgumentExpression(nameof(probe))] string what = "")
        where T : class
    {
        T? result = null;
        await HoldsAsync(async () => (result = await probe()) is not null, within, what);
        return result!;
    }
}
