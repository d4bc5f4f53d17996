-- Two histories: a position names an event only within one history of a store, so its id is kept beside it.
ALTER TABLE handled ADD COLUMN event_id uuid;
ALTER TABLE handled ADD COLUMN event_position bigint;
COMMENT ON COLUMN handled.event_id IS
    'The event at event_position. On a topic without a chain position is the offset behind the last '
    'record handled, and there is no event.';
COMMENT ON COLUMN handled.event_position IS
    'The same as position, unless a version that does not know it moved that on: then event_id says '
    'nothing.';

-- Versions side by side: what a newer one reacts to, an older one must not pass over.
CREATE TABLE reactions (
    name       text        NOT NULL,
    topic      text        NOT NULL,
    type       text        NOT NULL,
    first_at   timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz,
    who        text,
    why        text,
    CONSTRAINT a_reaction_is_retired_by_somebody CHECK (retired_at IS NULL OR (who IS NOT NULL AND why IS NOT NULL)),
    PRIMARY KEY (topic, type, name)
);
COMMENT ON TABLE reactions IS
    'Every reaction that any version of the service ever had, written before it reads its topics. An '
    'instance that lacks one which is not retired leaves that topic to others.';
