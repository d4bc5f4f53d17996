CREATE TABLE stock (
    sku       text   PRIMARY KEY,
    available bigint NOT NULL CONSTRAINT stock_never_below_zero CHECK (available >= 0)
) WITH (fillfactor = 10);
COMMENT ON TABLE stock IS 'Projection: the pieces of each package that are left.';

CREATE TABLE ownership (
    customer_id text NOT NULL,
    sku         text NOT NULL,
    checkout_id uuid NOT NULL CONSTRAINT a_checkout_assigns_once UNIQUE,
    CONSTRAINT an_avatar_is_owned_once PRIMARY KEY (customer_id, sku)
);
COMMENT ON TABLE ownership IS 'Projection: which avatars a customer has, and by which checkout.';

CREATE TABLE deliveries (
    sku       text   NOT NULL,
    reference text   NOT NULL,
    quantity  bigint NOT NULL CONSTRAINT a_delivery_adds CHECK (quantity > 0),
    CONSTRAINT a_delivery_counts_once PRIMARY KEY (sku, reference)
);
COMMENT ON TABLE deliveries IS 'Projection: the deliveries that added stock, by their business key.';
