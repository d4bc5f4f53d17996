-- Apart from others, since it reads the whole table: while it is built, posts wait. Where that is too long, build it
-- beforehand, by hand, with CREATE INDEX CONCURRENTLY; then there is nothing to do here (docs/operating.md,
-- "Rolling upgrades").
CREATE INDEX IF NOT EXISTS checkouts_of_a_customer ON checkouts (customer_id, checkout_id);
