CREATE TABLE compensations (
    checkout_id uuid   NOT NULL,
    reference   text   NOT NULL,
    customer_id text   NOT NULL,
    coins       bigint NOT NULL CONSTRAINT a_compensation_gives CHECK (coins > 0),
    CONSTRAINT a_compensation_counts_once PRIMARY KEY (checkout_id, reference)
);
COMMENT ON TABLE compensations IS
    'Projection: coins that support gave for checkouts that went wrong, by checkout and reference, so that '
    'one given again gives none.';
