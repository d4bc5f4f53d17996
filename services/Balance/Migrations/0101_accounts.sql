CREATE TABLE accounts (
    customer_id text   PRIMARY KEY,
    coins       bigint NOT NULL CONSTRAINT coins_never_below_zero CHECK (coins >= 0)
);
COMMENT ON TABLE accounts IS 'Projection: the whole coins of each customer. The first credit opens the account.';

CREATE TABLE deductions (
    checkout_id uuid    PRIMARY KEY,
    customer_id text    NOT NULL,
    coins       bigint  NOT NULL CONSTRAINT a_deduction_takes CHECK (coins >= 0),
    refunded    boolean NOT NULL
);
COMMENT ON TABLE deductions IS 'Projection: what was taken for each checkout, once, and whether it was given back.';

CREATE TABLE credits (
    customer_id text   NOT NULL,
    cause       text   NOT NULL,
    reference   text   NOT NULL,
    coins       bigint NOT NULL CONSTRAINT a_credit_gives CHECK (coins > 0),
    CONSTRAINT a_fact_counts_once PRIMARY KEY (customer_id, cause, reference)
);
COMMENT ON TABLE credits IS 'Projection: the facts that gave coins, by their business key, so that one sent again gives none.';
