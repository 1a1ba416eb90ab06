namespace Belfry.Redis.Connection.Lines;

/// <summary>A queue in an array that grows and is used again. Not safe for several threads by itself.</summary>
sealed class RingQueue<T>
    where T : class
{
    T?[] items = new T?[64];
    int head;

    public int Count { get; private set; }

    /// <summary>The item at a place from the front.</summary>
    public T this[int index] => items[(head + index) & (items.Length - 1)]!;

    public void Enqueue(T item)
    {
        if (Count == items.Length) Grow();
        items[(head + Count++) & (items.Length - 1)] = item;
    }

    public T Dequeue()
    {
        if (Count == 0) throw new InvalidOperationException("The queue is empty.");
        var item = items[head]!;
        items[head] = null;
        head = (head + 1) & (items.Length - 1);
        Count--;
        return item;
    }

    void Grow()
    {
        var larger = new T?[items.Length * 2];
        for (var i = 0; i < Count; i++) larger[i] = this[i];
        (items, head) = (larger, 0);
    }
}
