CREATE TABLE packages (
    sku         text   PRIMARY KEY,
    name        text   NOT NULL,
    price_coins bigint NOT NULL CONSTRAINT a_price_is_not_below_zero CHECK (price_coins >= 0)
);
COMMENT ON TABLE packages IS 'Projection: what is on sale.';

CREATE TABLE checkouts (
    checkout_id uuid        PRIMARY KEY,
    customer_id text        NOT NULL,
    sku         text        NOT NULL,
    price_coins bigint      NOT NULL,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    status      text        NOT NULL CONSTRAINT status_is_known CHECK (status IN ('Pending', 'Completed', 'Failed', 'RefundDue', 'Refunded')),
    reason      text,
    ended_at    timestamptz,
    CONSTRAINT a_checkout_ends_once CHECK ((status IN ('Pending', 'RefundDue')) = (ended_at IS NULL))
);
COMMENT ON TABLE checkouts IS 'Projection of Store''s own events.';
CREATE INDEX checkouts_under_way ON checkouts (expires_at) WHERE ended_at IS NULL;

CREATE TABLE posts (
    customer_id     text NOT NULL,
    idempotency_key text NOT NULL,
    sku             text NOT NULL,
    checkout_id     uuid NOT NULL,
    CONSTRAINT a_key_is_one_checkout PRIMARY KEY (customer_id, idempotency_key)
);
COMMENT ON TABLE posts IS 'Which checkout each idempotency key stands for, kept for ever: a post sent again after a year is still the same purchase.';

CREATE TABLE observations (
    event_id    uuid        PRIMARY KEY,
    checkout_id uuid        NOT NULL,
    type        text        NOT NULL,
    source      text        NOT NULL,
    occurred_at timestamptz NOT NULL
);
COMMENT ON TABLE observations IS 'What Store heard of a checkout from others, for its timeline. Not state: it can be read again from the topics.';
CREATE INDEX observations_by_checkout ON observations (checkout_id);
