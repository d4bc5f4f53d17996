-- A store that lacks what its topic holds is completed from it (docs/decisions/0014-refill.md).
CREATE TABLE refills (
    id         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    who        text        NOT NULL,
    why        text        NOT NULL,
    began_at   timestamptz NOT NULL DEFAULT now(),
    first      bigint,
    through    bigint,
    added      bigint      NOT NULL DEFAULT 0,
    set_aside  bigint      NOT NULL DEFAULT 0,
    lost       text,
    log_end    pg_lsn,
    ended_at   timestamptz
);
COMMENT ON TABLE refills IS 'Each time that the store was completed from its topic, by whom and why.';
COMMENT ON COLUMN refills.first IS 'The first position that the store lacked, or had another event at.';
COMMENT ON COLUMN refills.through IS 'Where the store ended when its events were complete; null before.';
COMMENT ON COLUMN refills.lost IS
    'Positions up to there that no event has, as ranges: they were given, and lost with the database before anybody '
    'saw their events.';
COMMENT ON COLUMN refills.log_end IS
    'Where the transaction log ended when nobody could append any more: what it has before may be of another history.';
CREATE UNIQUE INDEX one_refill_at_a_time ON refills ((ended_at IS NULL)) WHERE ended_at IS NULL;

CREATE TABLE set_aside (
    refill_id      bigint      NOT NULL,
    position       bigint      NOT NULL,
    previous       bigint      NOT NULL,
    partition      integer     NOT NULL,
    event_id       uuid        NOT NULL,
    key            text        NOT NULL,
    type           text        NOT NULL,
    occurred_at    timestamptz NOT NULL,
    correlation_id text,
    causation_id   uuid,
    traceparent    text,
    tracestate     text,
    payload        bytea       NOT NULL,
    PRIMARY KEY (refill_id, position)
);
COMMENT ON TABLE set_aside IS
    'Events that contradicted the topic of their store, as they stood in events: appended after it was restored to an '
    'earlier time, and published to nobody.';

CREATE TABLE replacements (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    who         text        NOT NULL,
    why         text        NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT now(),
    position    bigint      NOT NULL,
    table_name  text        NOT NULL,
    taken_out   bigint      NOT NULL,
    put_in      bigint      NOT NULL,
    difference  text        NOT NULL
);
COMMENT ON TABLE replacements IS
    'Each time that rows of state were replaced by those that the events up to position lead to, by whom and why.';

-- As it was, and nothing is appended while a refill is under way, by whatever version. An operator's command may, when
-- the events are complete: what was lost may have to be given again before the state can be.
CREATE OR REPLACE FUNCTION append_events(
    event_ids uuid[], keys text[], key_hashes integer[], types text[], times timestamptz[],
    correlations text[], causations uuid[], traceparents text[], tracestates text[], payloads bytea[])
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    h head;
    n integer := cardinality(event_ids);
BEGIN
    SELECT * INTO STRICT h FROM head FOR UPDATE;
    IF EXISTS (SELECT FROM refills WHERE ended_at IS NULL
               AND (through IS NULL OR coalesce(current_setting('checkout.by_hand', true), '') <> 'on')) THEN
        RAISE EXCEPTION 'the store is being refilled from its topic' USING ERRCODE = '57R01',
            HINT = 'Wait until refill has ended; where it was broken off, run it again.';
    END IF;
    WITH appended AS (
        INSERT INTO events (position, previous, partition, event_id, key, type, occurred_at, correlation_id,
                            causation_id, traceparent, tracestate, payload)
        SELECT h.position + e.ordinal,
               coalesce(h.position + lag(e.ordinal) OVER (PARTITION BY e.key_hash % h.partitions ORDER BY e.ordinal),
                        h.last[e.key_hash % h.partitions + 1]),
               e.key_hash % h.partitions, e.event_id, e.key, e.type, e.occurred_at, e.correlation_id, e.causation_id,
               e.traceparent, e.tracestate, e.payload
        FROM unnest(event_ids, keys, key_hashes, types, times, correlations, causations, traceparents, tracestates,
                    payloads) WITH ORDINALITY
             AS e(event_id, key, key_hash, type, occurred_at, correlation_id, causation_id, traceparent, tracestate,
                  payload, ordinal)
        RETURNING partition, position),
    ends AS (SELECT partition, max(position) AS position FROM appended GROUP BY partition)
    UPDATE head SET
        position = h.position + n,
        last = (SELECT array_agg(coalesce(ends.position, h.last[p + 1]) ORDER BY p)
                FROM generate_series(0, h.partitions - 1) AS p LEFT JOIN ends ON ends.partition = p);
    RETURN h.position;
END $$;
