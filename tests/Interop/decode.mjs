// Decodes what kcat reads from a topic, through a look-up in the schema registry, with Confluent's own client; writes
// a JSON line a record.
//   kcat -C -b ... -t TOPIC -e -q -D '' -f '%k\t%h\t%S\t%s' | node decode.mjs REGISTRY_URL TOPIC
import { AvroDeserializer, SchemaRegistryClient, SerdeType } from '@confluentinc/schemaregistry';

const [url, topic] = process.argv.slice(2);
const TAB = 0x09;

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const input = Buffer.concat(chunks);

const client = new SchemaRegistryClient({ baseURLs: [url] });
const deserializer = new AvroDeserializer(client, SerdeType.VALUE, {});

let at = 0;
function field() {
  const end = input.indexOf(TAB, at);
  const text = input.toString('utf8', at, end);
  at = end + 1;
  return text;
}

while (at < input.length) {
  const key = field();
  const headers = Object.fromEntries(field().split(',')
    .map((header) => [header.slice(0, header.indexOf('=')), header.slice(header.indexOf('=') + 1)]));
  const length = Number(field());
  const value = input.subarray(at, at + length);
  at += length;
  console.log(JSON.stringify({ key, headers, value: await deserializer.deserialize(topic, value) }));
}
await client.close?.();
