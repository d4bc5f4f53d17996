CREATE TABLE tallies (
    name  text   PRIMARY KEY,
    total bigint NOT NULL CONSTRAINT a_tally_is_not_below_zero CHECK (total >= 0)
);
COMMENT ON TABLE tallies IS 'Projection: numbers added up by name.';

CREATE TABLE tips (reference text PRIMARY KEY);
COMMENT ON TABLE tips IS 'Facts that were counted, by their business key.';
