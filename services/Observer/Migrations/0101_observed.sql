-- What the Observer read of the topics, and what follows from it. But for the words of who settled a violation all of
-- it can be read again: rebuild empties these tables.

CREATE TABLE reading (
    topic      text    NOT NULL,
    partition  integer NOT NULL,
    next       bigint  NOT NULL,
    last_id    text,
    duplicates bigint  NOT NULL DEFAULT 0,
    strangers  bigint  NOT NULL DEFAULT 0,
    PRIMARY KEY (topic, partition)
);
COMMENT ON TABLE reading IS 'How far each partition is read: the offset of the next record, moved with what the records led to, and the id of the last one, by which a topic that was made anew is known.';

-- Offsets begin anew on a topic that was made anew, and facts without a chain have nothing else that counts them.
CREATE SEQUENCE facts;

CREATE TABLE events (
    topic         text        NOT NULL,
    position      bigint      NOT NULL,
    partition     integer     NOT NULL,
    previous      bigint,
    record_offset bigint      NOT NULL,
    event_id      uuid        NOT NULL,
    type          text        NOT NULL,
    source        text        NOT NULL,
    occurred_at   timestamptz NOT NULL,
    read_at       timestamptz NOT NULL,
    checkout_id   uuid,
    customer_id   text,
    cause_id      uuid,
    trace_parent  text,
    fields        jsonb,
    PRIMARY KEY (topic, position, partition)
);
COMMENT ON TABLE events IS 'Every event of the topics once, decoded. On a topic without a chain the position is a number in the order of reading. No fields: it could not be decoded.';
CREATE INDEX events_of_a_checkout ON events (checkout_id) WHERE checkout_id IS NOT NULL;
CREATE INDEX events_of_a_customer ON events (customer_id, occurred_at);
CREATE INDEX events_by_id ON events (event_id);
CREATE INDEX events_by_previous ON events (topic, previous);

CREATE TABLE strangers (
    topic         text        NOT NULL,
    partition     integer     NOT NULL,
    record_offset bigint      NOT NULL,
    reason        text        NOT NULL,
    headers       jsonb       NOT NULL,
    read_at       timestamptz NOT NULL,
    PRIMARY KEY (topic, partition, record_offset)
);
COMMENT ON TABLE strangers IS 'Records that are no event of the topic''s owner, or can''t be decoded; the first thousand of a partition, reading counts all.';

CREATE TABLE stores (
    topic   text   PRIMARY KEY,
    judged  bigint NOT NULL DEFAULT 0,
    highest bigint NOT NULL DEFAULT 0,
    passed  bigint NOT NULL DEFAULT 0,
    missing bigint NOT NULL DEFAULT 0,
    opaque  bigint NOT NULL DEFAULT 0,
    last    jsonb  NOT NULL DEFAULT '{}',
    hole_at timestamptz
);
COMMENT ON TABLE stores IS 'How far each store''s chain is judged, in the order of its positions: up to there every event has been, or was said to be missing.';

CREATE TABLE holes (
    topic     text        NOT NULL,
    first     bigint      NOT NULL,
    last      bigint      NOT NULL,
    passed_at timestamptz NOT NULL,
    PRIMARY KEY (topic, first)
);
COMMENT ON TABLE holes IS 'Positions that were passed over since no partition has them.';

CREATE TABLE checkouts (
    checkout_id    uuid PRIMARY KEY,
    customer_id    text,
    sku            text,
    price_coins    bigint,
    created_at     timestamptz,
    expires_at     timestamptz,
    seen           integer NOT NULL,
    deducted_coins bigint  NOT NULL DEFAULT 0,
    refunded_coins bigint  NOT NULL DEFAULT 0,
    refund_due     boolean,
    told_coins     bigint,
    decided_at     timestamptz,
    reason         text,
    ended_at       timestamptz,
    state          text    NOT NULL,
    waits_for      text,
    last_at        timestamptz NOT NULL,
    odd_since      timestamptz
);
COMMENT ON TABLE checkouts IS 'What is known of each checkout, in whatever order its events came. Seen: a bit for each kind of event.';
CREATE INDEX checkouts_waiting ON checkouts (last_at) WHERE waits_for IS NOT NULL;
CREATE INDEX checkouts_odd ON checkouts (odd_since) WHERE odd_since IS NOT NULL;
CREATE INDEX checkouts_of_a_customer ON checkouts (customer_id, created_at);

CREATE TABLE accounts (
    customer_id   text   PRIMARY KEY,
    balance_coins bigint NOT NULL,
    position      bigint NOT NULL
);
COMMENT ON TABLE accounts IS 'The running figure of each account, and the event that says it.';

CREATE TABLE stock (
    sku       text   PRIMARY KEY,
    available bigint NOT NULL,
    position  bigint NOT NULL
);
COMMENT ON TABLE stock IS 'The running figure of each package''s stock, and the event that says it.';

CREATE TABLE once (
    what     text   NOT NULL,
    key      text   NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (what, key)
);
COMMENT ON TABLE once IS 'What may happen once: coins for a cause and reference, a delivery, a customer''s owning of a package.';

CREATE TABLE counts (
    topic  text   NOT NULL,
    type   text   NOT NULL,
    events bigint NOT NULL,
    PRIMARY KEY (topic, type)
);
COMMENT ON TABLE counts IS 'How many events of each kind were judged.';

CREATE TABLE states (
    state     text   PRIMARY KEY,
    checkouts bigint NOT NULL
);
COMMENT ON TABLE states IS 'How many checkouts are in each state.';

CREATE TABLE audit (
    only_row  boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    credited  numeric     NOT NULL DEFAULT 0,
    deducted  numeric     NOT NULL DEFAULT 0,
    refunded  numeric     NOT NULL DEFAULT 0,
    balances  numeric     NOT NULL DEFAULT 0,
    frontier  timestamptz,
    moved_at  timestamptz NOT NULL DEFAULT now(),
    uncounted bigint      NOT NULL DEFAULT 0,
    generation bigint     NOT NULL DEFAULT 0
);
COMMENT ON TABLE audit IS 'Coins in all, and how far the audit is: everything that was on the topics at the frontier is read and judged. Each rebuild is another generation.';
INSERT INTO audit DEFAULT VALUES;

CREATE TABLE violations (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text        NOT NULL,
    subject     text        NOT NULL,
    what        text        NOT NULL,
    first_at    timestamptz NOT NULL,
    times       bigint      NOT NULL DEFAULT 1,
    events      jsonb       NOT NULL,
    settled_at  timestamptz,
    who         text,
    why         text,
    CONSTRAINT a_violation_is_said_once UNIQUE (kind, subject)
);
COMMENT ON TABLE violations IS 'What can''t be if the system is right, with the events that show it, until somebody says who and why. A settled one stays.';
CREATE INDEX violations_open ON violations (id) WHERE settled_at IS NULL;
