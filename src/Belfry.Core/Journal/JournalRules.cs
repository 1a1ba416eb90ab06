using System.Text.Json;
using Belfry.Core.Chains;

namespace Belfry.Core.Journal;

/// <summary>What every adapter of the journal decides alike.</summary>
public static class JournalRules
{
    /// <summary>Whether an entry is wanted.</summary>
    public static bool Matches(JournalFilter? filter, JournalEntry entry) => filter is null
        || ((filter.Chain is not { } chain || entry.Chain == chain)
            && (filter.Script is null || filter.Script.Equals(entry.Event.Script))
            && (filter.Kinds is null || filter.Kinds.Contains(entry.Event.Kind))
            && (filter.Transaction is not { } transaction || entry.Event.Transaction == transaction)
            && (filter.Height is not { } height || entry.Event.Height == height)
            && (filter.Block is not { } block || BlockOf(entry.Event) == block));

    /// <summary>The block that an event tells to have joined or left the best chain; null for every other event.</summary>
    public static BlockHash? BlockOf(PendingEvent told)
    {
        ArgumentNullException.ThrowIfNull(told);
        if (told.Kind is not (EventKind.NewBlock or EventKind.BlockDisconnected)) return null;
        try
        {
            var reader = new Utf8JsonReader(told.Data.Span);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) return null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var found = reader.ValueTextEquals("block_hash"u8);
                reader.Read();
                if (found) return reader.TokenType == JsonTokenType.String && Hash256.TryParse(reader.GetString(), out var hash) ? new BlockHash(hash) : null;
                reader.Skip();
            }
        }
        catch (JsonException)
        {
            // data of a foreign writer: they tell of no block
            return null;
        }

        return null;
    }

    /// <summary>Refuses a position that this journal never gave out: reading on from it would wait for ever, or skip.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Before the beginning, beyond the head, or no entries wanted.</exception>
    public static void CheckRange(long after, int limit, long head)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(after);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limit);
        if (after > head) throw new ArgumentOutOfRangeException(nameof(after), after, $"The journal ends at {head}: this position is from another journal.");
    }

    /// <summary>A new journal's epoch: 16 hexadecimal digits.</summary>
    public static string NewEpoch(Runtime.IEntropy entropy)
    {
        ArgumentNullException.ThrowIfNull(entropy);
        Span<byte> bytes = stackalloc byte[8];
        entropy.Fill(bytes);
        return Convert.ToHexStringLower(bytes);
    }
}
