-- The event store: one insert-only chain of events per database, numbered without gaps in commit order.
-- LogTailer follows the inserts into events; nothing is ever updated or deleted there.

CREATE TABLE head (
    only_row   boolean  PRIMARY KEY DEFAULT true CONSTRAINT head_is_one_row CHECK (only_row),
    topic      text     NOT NULL,
    source     text     NOT NULL,
    partitions integer  NOT NULL CONSTRAINT head_has_partitions CHECK (partitions > 0),
    position   bigint   NOT NULL DEFAULT 0,
    last       bigint[] NOT NULL CONSTRAINT head_knows_every_partition CHECK (cardinality(last) = partitions)
) WITH (fillfactor = 10);
COMMENT ON TABLE head IS 'The end of the chain: the last position given, and the last one on each partition (last[partition + 1]). The last lock of every append.';
COMMENT ON COLUMN head.source IS 'CloudEvents source: names the service and its shard.';

CREATE TABLE schemas (
    fingerprint bytea PRIMARY KEY CONSTRAINT fingerprint_is_crc_64_avro CHECK (octet_length(fingerprint) = 8),
    name        text  NOT NULL,
    schema      text  NOT NULL
);
COMMENT ON TABLE schemas IS 'Avro schemas of the events, by CRC-64-AVRO fingerprint as it stands in the payload (little endian).';

CREATE TABLE events (
    position       bigint      PRIMARY KEY,
    previous       bigint      NOT NULL CONSTRAINT events_chain_goes_back CHECK (previous < position),
    partition      integer     NOT NULL,
    event_id       uuid        NOT NULL CONSTRAINT an_event_happens_once UNIQUE,
    key            text        NOT NULL,
    type           text        NOT NULL,
    occurred_at    timestamptz NOT NULL,
    correlation_id text,
    causation_id   uuid,
    traceparent    text,
    tracestate     text,
    payload        bytea       NOT NULL
);
COMMENT ON TABLE events IS 'The facts, in commit order. payload is Avro in single-object encoding; previous is the position before this one on the same partition, 0 for its first.';
CREATE INDEX events_by_correlation ON events (correlation_id) WHERE correlation_id IS NOT NULL;

-- Numbers a batch from the head and inserts it: the head's row is the last lock of a transaction, and nothing that can wait comes after it.
-- key_hashes are non-negative; an event goes to partition key_hash modulo the pinned count.
CREATE FUNCTION append_events(
    event_ids uuid[], keys text[], key_hashes integer[], types text[], times timestamptz[],
    correlations text[], causations uuid[], traceparents text[], tracestates text[], payloads bytea[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    h head;
    n integer := cardinality(event_ids);
BEGIN
    SELECT * INTO STRICT h FROM head FOR UPDATE;
    WITH appended AS (
        INSERT INTO events (position, previous, partition, event_id, key, type, occurred_at, correlation_id, causation_id, traceparent, tracestate, payload)
        SELECT h.position + e.ordinal,
               coalesce(h.position + lag(e.ordinal) OVER (PARTITION BY e.key_hash % h.partitions ORDER BY e.ordinal), h.last[e.key_hash % h.partitions + 1]),
               e.key_hash % h.partitions, e.event_id, e.key, e.type, e.occurred_at, e.correlation_id, e.causation_id, e.traceparent, e.tracestate, e.payload
        FROM unnest(event_ids, keys, key_hashes, types, times, correlations, causations, traceparents, tracestates, payloads) WITH ORDINALITY
             AS e(event_id, key, key_hash, type, occurred_at, correlation_id, causation_id, traceparent, tracestate, payload, ordinal)
        RETURNING partition, position),
    ends AS (SELECT partition, max(position) AS position FROM appended GROUP BY partition)
    UPDATE head SET
        position = h.position + n,
        last = (SELECT array_agg(coalesce(ends.position, h.last[p + 1]) ORDER BY p)
                FROM generate_series(0, h.partitions - 1) AS p LEFT JOIN ends ON ends.partition = p);
    RETURN h.position;
END $$;
COMMENT ON FUNCTION append_events IS 'Returns the position before the first appended event.';

CREATE TABLE handled (
    topic     text    NOT NULL,
    partition integer NOT NULL,
    position  bigint  NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 10);
COMMENT ON TABLE handled IS 'How far the chain of each partition has been handled: moved forward in the transaction that holds the reactions.';

CREATE TABLE parked (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic       text        NOT NULL,
    partition   integer     NOT NULL,
    position    bigint      NOT NULL,
    key         text        NOT NULL,
    value       bytea,
    headers     jsonb       NOT NULL,
    reason      text        NOT NULL,
    blocks      boolean     NOT NULL,
    parked_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON COLUMN parked.blocks IS 'Whether what follows of its key waits for it; false for a record that is no link of the chain.';
COMMENT ON TABLE parked IS 'Events that could not be handled, and those of the same key behind them, in order of id; freed by redrive or discard. position is the offset on a topic without a chain.';
CREATE UNIQUE INDEX parked_once ON parked (topic, partition, position, md5(coalesce(value, '')));
CREATE INDEX parked_by_key ON parked (topic, key, id);

CREATE TABLE freed (
    parked_id bigint      NOT NULL,
    topic     text        NOT NULL,
    key       text        NOT NULL,
    position  bigint      NOT NULL,
    action    text        NOT NULL CONSTRAINT freed_by_redrive_or_discard CHECK (action IN ('redrive', 'discard')),
    who       text        NOT NULL,
    why       text        NOT NULL,
    freed_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE freed IS 'What became of parked events, by whose hand and why. Their bytes are gone: they may speak of a player who is to be forgotten.';

-- Publication before slot: a slot made before its publication can never be read (PostgreSQL 15: 42704 on every start).
CREATE PUBLICATION events FOR TABLE events WITH (publish = 'insert');
