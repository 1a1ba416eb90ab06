namespace Belfry.Redis.Connection;

/// <summary>What a reply is, in the terms of RESP3; RESP2 has the first five and <see cref="Null"/>.</summary>
public enum RespKind
{
    /// <summary><c>+</c>: a short word such as OK.</summary>
    Simple,

    /// <summary><c>-</c> or <c>!</c>: the server refused; the first word is the code.</summary>
    Error,

    /// <summary><c>:</c>: a signed integer of 64 bits.</summary>
    Integer,

    /// <summary><c>$</c> or <c>=</c>: bytes (of verbatim text, without its three letters of format).</summary>
    Bulk,

    /// <summary><c>*</c> or <c>~</c>: items.</summary>
    Array,

    /// <summary><c>_</c>, or RESP2's <c>$-1</c> and <c>*-1</c>: nothing.</summary>
    Null,

    /// <summary><c>,</c>: a floating-point number.</summary>
    Double,

    /// <summary><c>#</c>: true or false.</summary>
    Boolean,

    /// <summary><c>(</c>: an integer of any size, as its digits.</summary>
    BigNumber,

    /// <summary><c>%</c>: pairs of key and value.</summary>
    Map,

    /// <summary><c>&gt;</c>: told, not asked for.</summary>
    Push,
}
