using Belfry.Core.Runtime;
using Belfry.Core.Watches;
using FsCheck;
using FsCheck.Fluent;
using Shouldly;

namespace Belfry.Core.Tests.Watches;

public sealed class FingerprintSetTests
{
    [Fact]
    public void Any_history_of_adding_and_removing_agrees_with_a_dictionary() =>
        Prop.ForAll(ArbMap.Default.ArbFor<(bool Add, byte Value, byte Cluster)[]>(), static steps =>
        {
            var set = new FingerprintSet();
            var model = new Dictionary<ulong, int>();
            foreach (var (add, value, cluster) in steps)
            {
                // Few segments and neighbouring homes: the worst that linear probing can meet.
                var fingerprint = ((ulong)(cluster & 1) << 63) | ((ulong)(value & 0x0f) << 1) | ((ulong)(value >> 4) << 29) | 1;
                Apply(set, model, add, fingerprint);
            }

            Agree(set, model);
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Many_fingerprints_that_grow_and_shrink_agree_with_a_dictionary()
    {
        var set = new FingerprintSet();
        var model = new Dictionary<ulong, int>();
        var state = 1UL;
        for (var i = 0; i < 300_000; i++)
        {
            state = (state * 6364136223846793005) + 1442695040888963407;
            var crowded = (state >> 20) % 60_000 * 0x9E3779B97F4A7C15 | 1;
            Apply(set, model, add: i < 150_000 ? state % 4 != 0 : state % 4 == 0, crowded);
        }

        Agree(set, model);
        foreach (var (fingerprint, count) in model.ToArray())
        {
            for (var i = 0; i < count; i++) set.Remove(fingerprint);
        }

        set.Count.ShouldBe(0);
    }

    [Fact]
    public void A_crowded_segment_with_a_summary_agrees_with_a_dictionary()
    {
        // All in one segment, so that it grows beyond the size from which on it has a summary; few homes, so that removing meets long clusters.
        var set = new FingerprintSet();
        var model = new Dictionary<ulong, int>();
        var state = 1UL;
        for (var i = 0; i < 120_000; i++)
        {
            state = (state * 6364136223846793005) + 1442695040888963407;
            var fingerprint = ((state >> 20) % 12_000 * 0x9E3779B97F4A7C15 >> 10) | 1;
            Apply(set, model, add: i < 60_000 ? state % 4 != 0 : state % 4 == 0, fingerprint);
            if (i % 20_000 == 0) Agree(set, model);
        }

        Agree(set, model);
        var asked = Enumerable.Range(0, 24_000).Select(static i => ((ulong)i * 0x9E3779B97F4A7C15 >> 10) | 1).ToArray();
        var found = new int[asked.Length];
        found[..set.Find(asked, found)].ShouldBe(Enumerable.Range(0, asked.Length).Where(i => model.ContainsKey(asked[i])));
    }

    [Fact]
    public void A_million_fingerprints_take_at_most_20_bytes_each()
    {
        var set = new FingerprintSet();
        for (var i = 1UL; i <= 1_000_000; i++) set.Add(i * 0x9E3779B97F4A7C15);
        set.Count.ShouldBe(1_000_000);
        (set.Bytes / 1e6).ShouldBeLessThan(20);
    }

    [Fact]
    public void A_batch_finds_what_single_look_ups_find_in_order()
    {
        var set = new FingerprintSet();
        for (var i = 1UL; i <= 1000; i += 3) set.Add(i * 0x9E3779B97F4A7C15);
        var asked = Enumerable.Range(1, 1000).Select(i => (ulong)i * 0x9E3779B97F4A7C15).ToArray();
        var found = new int[asked.Length];
        found[..set.Find(asked, found)].ShouldBe(Enumerable.Range(0, 1000).Where(i => set.Contains(asked[i])));
    }

    [Fact]
    public void Fingerprints_of_all_lengths_differ_and_depend_on_the_key()
    {
        var key = new FingerprintKey(SystemEntropy.Instance);
        var other = new FingerprintKey(SystemEntropy.Instance);
        var seen = new HashSet<ulong>();
        for (var length = 0; length < 200; length++)
        {
            var bytes = new byte[length];
            seen.Add(key.Hash(bytes)).ShouldBeTrue();
            seen.Add(other.Hash(bytes)).ShouldBeTrue();
            for (var i = 0; i < length; i++)
            {
                bytes[i] ^= 1;
                seen.Add(key.Hash(bytes)).ShouldBeTrue($"length {length}, byte {i}");
                bytes[i] ^= 1;
            }
        }
    }

    static void Apply(FingerprintSet set, Dictionary<ulong, int> model, bool add, ulong fingerprint)
    {
        if (add)
        {
            set.Add(fingerprint);
            model[fingerprint] = model.GetValueOrDefault(fingerprint) + 1;
            return;
        }

        set.Remove(fingerprint);
        if (!model.TryGetValue(fingerprint, out var count)) return;
        if (count == 1) model.Remove(fingerprint);
        else model[fingerprint] = count - 1;
    }

    static void Agree(FingerprintSet set, Dictionary<ulong, int> model)
    {
        set.Count.ShouldBe(model.Count);
        foreach (var fingerprint in model.Keys)
        {
            set.Contains(fingerprint).ShouldBeTrue();
            if (!model.ContainsKey(fingerprint ^ 2)) set.Contains(fingerprint ^ 2).ShouldBeFalse();
        }
    }
}
