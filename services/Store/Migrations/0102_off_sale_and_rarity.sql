-- An older instance beside a newer one knows none of these: it lists without rarity, and sells what is off sale.
ALTER TABLE packages ADD COLUMN rarity text NOT NULL DEFAULT 'UNKNOWN';
ALTER TABLE packages ADD COLUMN is_on_sale boolean NOT NULL DEFAULT true;
COMMENT ON TABLE packages IS 'Projection: what was put on sale, for how much, and whether it is on sale now.';

-- Part of the body that the key stands for; null where the post named no price.
ALTER TABLE posts ADD COLUMN expected_price_coins bigint;
