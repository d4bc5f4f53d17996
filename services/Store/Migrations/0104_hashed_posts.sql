-- An older instance beside a newer one writes posts alone; a newer one writes both, and asks both.
CREATE TABLE hashed_posts (
    customer_id text NOT NULL,
    key_hash    text NOT NULL,
    checkout_id uuid NOT NULL,
    body_hash   text NOT NULL,
    CONSTRAINT a_hashed_key_is_one_checkout PRIMARY KEY (customer_id, key_hash)
);
COMMENT ON TABLE hashed_posts IS
    'Projection: which checkout each idempotency key stands for, by the hashes that its event carries. '
    'It is there again after posts was lost with the database.';
