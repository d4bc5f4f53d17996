-- Positions that a refill recorded as lost: no event ever comes for them, and nothing is missing (docs/observer.md).
ALTER TABLE holes ADD COLUMN is_lost boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN holes.is_lost IS
    'A refill of the store said that these positions were lost with its database before anybody saw their events.';
