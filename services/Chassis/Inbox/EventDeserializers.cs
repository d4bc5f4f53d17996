using System.Collections.Concurrent;
using Avro;
using Avro.Specific;
using Checkout.Chassis.WireFormat;
using Confluent.Kafka;
using Confluent.SchemaRegistry;
using Confluent.SchemaRegistry.Serdes;

namespace Checkout.Chassis.Inbox;

/// <summary>Confluent's Avro deserializer, one for each type of event, as it needs the type to read into.</summary>
internal sealed class EventDeserializers(ISchemaRegistryClient registry)
{
    private readonly ConcurrentDictionary<Type, IEventDeserializer> _byType = new();

    /// <param name="written">The schema that the record names, which resolves to that of the type.</param>
    /// <param name="body">What lies behind the schema's id, where that is in the value.</param>
    /// <exception cref="AvroException">The body does not fit the schema it was said to be written with.</exception>
    public async Task<ISpecificRecord> ReadAsync(Type type, RecordSchema written, ReadOnlyMemory<byte> value,
        ReadOnlyMemory<byte> body, SerializationContext context)
    {
        var read = await ByType(type).ReadAsync(value, context);
        var left = body.Length - AvroBody.Length(written, body.Span);
        return left == 0 ? read : throw new AvroException(
            $"{left} bytes are left after the record: it was not written with this schema.");
    }

    private IEventDeserializer ByType(Type type) => _byType.GetOrAdd(type, static (type, registry) =>
        (IEventDeserializer)Activator.CreateInstance(typeof(Deserializer<>).MakeGenericType(type), registry)!,
        registry);

    private interface IEventDeserializer
    {
        Task<ISpecificRecord> ReadAsync(ReadOnlyMemory<byte> value, SerializationContext context);
    }

    private sealed class Deserializer<T>(ISchemaRegistryClient registry) : IEventDeserializer
        where T : class, ISpecificRecord
    {
        // The id's place needs no setting: by default it is looked for in the header and then before the value.
        private readonly AvroDeserializer<T> _deserializer = new(registry,
            new AvroDeserializerConfig { SubjectNameStrategy = SubjectNameStrategy.TopicRecord });

        public Task<ISpecificRecord> ReadAsync(ReadOnlyMemory<byte> value, SerializationContext context) =>
            Task.Factory.StartNew(() => DeserializeAsync(value, context), CancellationToken.None,
                TaskCreationOptions.None, OnThisThread.Scheduler).Unwrap();

        private async Task<ISpecificRecord> DeserializeAsync(ReadOnlyMemory<byte> value,
            SerializationContext context) =>
            await _deserializer.DeserializeAsync(value, isNull: false, context);
    }

    /// <summary>
    /// The deserializer continues its tasks on the current scheduler, twice a record (2.16.0). By the default one that
    /// is a way through the thread pool's queue each time, which under load costs more than all of the decoding.
    /// </summary>
    private sealed class OnThisThread : TaskScheduler
    {
        public static readonly OnThisThread Scheduler = new();

        protected override void QueueTask(Task task) => TryExecuteTask(task);

        protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => TryExecuteTask(task);

        protected override IEnumerable<Task> GetScheduledTasks() => [];
    }
}
