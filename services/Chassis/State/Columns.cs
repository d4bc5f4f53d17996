using System.Reflection;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Checkout.Chassis.State;

/// <summary>
/// How a key or a row lies in columns: a record in one for each of its constructor's parameters, named like it in snake
/// case; anything else in one. Enums are kept by their names; one that only a newer version knows is read as unknown,
/// as on the wire, and written back as it was.
/// </summary>
internal sealed class Columns<T>
{
    private readonly Column[] _columns;
    private readonly ConstructorInvoker? _make;
    private readonly bool _hasSymbols;

    /// <param name="name">The column's, where there is one; null for a record.</param>
    public Columns(string? name)
    {
        if (name is not null)
        {
            _columns = [new(name, typeof(T), isNullable: false, value => value)];
            _hasSymbols = typeof(T).IsEnum;
            return;
        }
        var constructor = typeof(T).GetConstructors().OrderByDescending(c => c.GetParameters().Length).First();
        _make = ConstructorInvoker.Create(constructor);
        var nullability = new NullabilityInfoContext();
        _columns = constructor.GetParameters().Select(parameter =>
        {
            var property = typeof(T).GetProperty(parameter.Name!)
                ?? throw new InvalidOperationException(
                    $"{typeof(T).Name} has no property {parameter.Name}: a row is a record.");
            return new Column(JsonNamingPolicy.SnakeCaseLower.ConvertName(parameter.Name!), parameter.ParameterType,
                nullability.Create(parameter).WriteState == NullabilityState.Nullable, property.GetValue);
        }).ToArray();
        _hasSymbols = _columns.Any(column => column.Symbols is not null);
        Strict = _columns.FirstOrDefault(column => column.Symbols is { HasUnknown: false });
    }

    public IReadOnlyList<Column> All => _columns;

    public IEnumerable<string> Names => _columns.Select(column => column.Name);

    public int Count => _columns.Length;

    /// <param name="newer">Names of enums that this version does not know, by column; null where there are
    /// none.</param>
    public T Read(NpgsqlDataReader reader, int first, out Dictionary<string, string>? newer)
    {
        newer = null;
        if (_make is null) return (T)_columns[0].Read(reader, first, ref newer)!;
        var values = new object?[_columns.Length];
        for (var i = 0; i < values.Length; i++) values[i] = _columns[i].Read(reader, first + i, ref newer);
        return (T)_make.Invoke(values.AsSpan());
    }

    /// <summary>A parameter for each column, each an array with a value for each of these.</summary>
    /// <param name="newer">What <see cref="Read"/> said of each of them.</param>
    public IEnumerable<NpgsqlParameter> Arrays(IReadOnlyList<T> of,
        IReadOnlyList<Dictionary<string, string>?>? newer = null) =>
        _columns.Select(column => column.Array(of, newer));

    /// <summary>Whether an enum in it is one that this version does not know.</summary>
    public bool IsUnknown(T key) => _hasSymbols && _columns.Any(column => column.IsUnknown(key));

    /// <summary>A column with an enum that has no symbol for what it does not know.</summary>
    public Column? Strict { get; }

    /// <summary>The order in which rows are locked and inserted, the same in every process.</summary>
    public int Compare(T x, T y)
    {
        foreach (var column in _columns)
            if (column.Compare(x, y) is not 0 and var order) return order;
        return 0;
    }

    internal sealed class Column
    {
        private readonly Func<object?, object?> _get;
        private readonly Type _type;
        private readonly Kind _kind;

        public Column(string name, Type type, bool isNullable, Func<object?, object?> get)
        {
            _type = Nullable.GetUnderlyingType(type) ?? type;
            (Name, IsNullable, _get) = (name, isNullable || _type != type, get);
            _kind = Kind.All.FirstOrDefault(kind => kind.Is(_type))
                ?? throw new InvalidOperationException($"A column can't hold a {type.Name} ({name}).");
            Symbols = _type.IsEnum ? Symbols.Of(_type) : null;
        }

        public string Name { get; }

        public bool IsNullable { get; }

        /// <summary>Null where it is no enum.</summary>
        public Symbols? Symbols { get; }

        /// <summary>As PostgreSQL's format_type names it.</summary>
        public string SqlType => _kind.SqlType;

        public object? Read(NpgsqlDataReader reader, int at, ref Dictionary<string, string>? newer)
        {
            if (reader.IsDBNull(at)) return null;
            if (Symbols is null) return _kind.Read(reader, at);
            var text = reader.GetString(at);
            var symbol = Symbols.Read(text, out var isKnown);
            if (!isKnown) (newer ??= []).Add(Name, text);
            return symbol;
        }

        public NpgsqlParameter Array(IReadOnlyList<T> of, IReadOnlyList<Dictionary<string, string>?>? newer)
        {
            var values = new object?[of.Count];
            for (var i = 0; i < values.Length; i++)
                values[i] = IsUnknown(of[i]) && newer?[i]?.GetValueOrDefault(Name) is { } was ? was
                    : Stored(_get(of[i]));
            return new() { Value = _kind.Array(values), NpgsqlDbType = NpgsqlDbType.Array | _kind.DbType };
        }

        public bool IsUnknown(T of) => Symbols is not null && _get(of) is { } symbol && Symbols.IsUnknown(symbol);

        public int Compare(T x, T y) => _kind.Compare(Stored(_get(x)), Stored(_get(y)));

        private static object? Stored(object? value) => value is Enum ? value.ToString() : value;
    }
}

/// <summary>A type that a column may have.</summary>
internal sealed class Kind
{
    public static readonly Kind[] All =
    [
        Reference<string>("text", NpgsqlDbType.Text, (reader, at) => reader.GetString(at), StringComparer.Ordinal,
            type => type == typeof(string) || type.IsEnum),
        Of("uuid", NpgsqlDbType.Uuid, (reader, at) => reader.GetGuid(at)),
        Of("bigint", NpgsqlDbType.Bigint, (reader, at) => reader.GetInt64(at)),
        Of("integer", NpgsqlDbType.Integer, (reader, at) => reader.GetInt32(at)),
        Of("boolean", NpgsqlDbType.Boolean, (reader, at) => reader.GetBoolean(at)),
        Of("timestamp with time zone", NpgsqlDbType.TimestampTz, (reader, at) => reader.GetDateTime(at)),
    ];

    public required string SqlType { get; init; }
    public required NpgsqlDbType DbType { get; init; }
    public required Func<Type, bool> Is { get; init; }
    public required Func<NpgsqlDataReader, int, object> Read { get; init; }
    public required Func<object?[], Array> Array { get; init; }
    public required Comparison<object?> Compare { get; init; }

    private static Kind Of<TValue>(string sqlType, NpgsqlDbType dbType, Func<NpgsqlDataReader, int, TValue> read)
        where TValue : struct => new()
        {
            SqlType = sqlType,
            DbType = dbType,
            Is = type => type == typeof(TValue),
            Read = (reader, at) => read(reader, at),
            // An array of nullable values costs more to write, and is seldom needed.
            Array = values =>
                values.Contains(null)
                    ? System.Array.ConvertAll(values, v => (TValue?)v)
                    : System.Array.ConvertAll(values, v => (TValue)v!),
            Compare = Comparer<object?>.Default.Compare,
        };

    private static Kind Reference<TValue>(
        string sqlType, NpgsqlDbType dbType, Func<NpgsqlDataReader, int, TValue> read, IComparer<TValue> comparer,
        Func<Type, bool> @is) where TValue : class => new()
        {
            SqlType = sqlType,
            DbType = dbType,
            Is = @is,
            Read = read,
            Array = values => System.Array.ConvertAll(values, v => (TValue?)v),
            Compare = (x, y) => comparer.Compare((TValue?)x, (TValue?)y),
        };
}
