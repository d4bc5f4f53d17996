-- pg_dump --inserts of a database of the first version.
SET check_function_bodies = false;
CREATE FUNCTION public.append_events(event_ids uuid[], keys text[], key_hashes integer[], types text[], times timestamp with time zone[], correlations text[], causations uuid[], traceparents text[], tracestates text[], payloads bytea[]) RETURNS bigint
    LANGUAGE plpgsql
    AS $$
DECLARE
    h head;
    n integer := cardinality(event_ids);
BEGIN
    SELECT * INTO STRICT h FROM head FOR UPDATE;
    WITH appended AS (
        INSERT INTO events (position, previous, partition, event_id, key, type, occurred_at, correlation_id, causation_id, traceparent, tracestate, payload)
        SELECT h.position + e.ordinal,
               coalesce(h.position + lag(e.ordinal) OVER (PARTITION BY e.key_hash % h.partitions ORDER BY e.ordinal), h.last[e.key_hash % h.partitions + 1]),
               e.key_hash % h.partitions, e.event_id, e.key, e.type, e.occurred_at, e.correlation_id, e.causation_id, e.traceparent, e.tracestate, e.payload
        FROM unnest(event_ids, keys, key_hashes, types, times, correlations, causations, traceparents, tracestates, payloads) WITH ORDINALITY
             AS e(event_id, key, key_hash, type, occurred_at, correlation_id, causation_id, traceparent, tracestate, payload, ordinal)
        RETURNING partition, position),
    ends AS (SELECT partition, max(position) AS position FROM appended GROUP BY partition)
    UPDATE head SET
        position = h.position + n,
        last = (SELECT array_agg(coalesce(ends.position, h.last[p + 1]) ORDER BY p)
                FROM generate_series(0, h.partitions - 1) AS p LEFT JOIN ends ON ends.partition = p);
    RETURN h.position;
END $$;
COMMENT ON FUNCTION public.append_events(event_ids uuid[], keys text[], key_hashes integer[], types text[], times timestamp with time zone[], correlations text[], causations uuid[], traceparents text[], tracestates text[], payloads bytea[]) IS 'Returns the position before the first appended event.';
CREATE TABLE public.deliveries (
    sku text NOT NULL,
    reference text NOT NULL,
    quantity bigint NOT NULL,
    CONSTRAINT a_delivery_adds CHECK ((quantity > 0))
);
COMMENT ON TABLE public.deliveries IS 'Projection: the deliveries that added stock, by their business key.';
CREATE TABLE public.events (
    "position" bigint NOT NULL,
    previous bigint NOT NULL,
    partition integer NOT NULL,
    event_id uuid NOT NULL,
    key text NOT NULL,
    type text NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    correlation_id text,
    causation_id uuid,
    traceparent text,
    tracestate text,
    payload bytea NOT NULL,
    CONSTRAINT events_chain_goes_back CHECK ((previous < "position"))
);
COMMENT ON TABLE public.events IS 'The facts, in commit order. payload is Avro in single-object encoding; previous is the position before this one on the same partition, 0 for its first.';
CREATE TABLE public.freed (
    parked_id bigint NOT NULL,
    topic text NOT NULL,
    key text NOT NULL,
    "position" bigint NOT NULL,
    action text NOT NULL,
    who text NOT NULL,
    why text NOT NULL,
    freed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT freed_by_redrive_or_discard CHECK ((action = ANY (ARRAY['redrive'::text, 'discard'::text])))
);
COMMENT ON TABLE public.freed IS 'What became of parked events, by whose hand and why. Their bytes are gone: they may speak of a player who is to be forgotten.';
CREATE TABLE public.handled (
    topic text NOT NULL,
    partition integer NOT NULL,
    "position" bigint NOT NULL
)
WITH (fillfactor='10');
COMMENT ON TABLE public.handled IS 'How far the chain of each partition has been handled: moved forward in the transaction that holds the reactions.';
CREATE TABLE public.head (
    only_row boolean DEFAULT true NOT NULL,
    topic text NOT NULL,
    source text NOT NULL,
    partitions integer NOT NULL,
    "position" bigint DEFAULT 0 NOT NULL,
    last bigint[] NOT NULL,
    CONSTRAINT head_has_partitions CHECK ((partitions > 0)),
    CONSTRAINT head_is_one_row CHECK (only_row),
    CONSTRAINT head_knows_every_partition CHECK ((cardinality(last) = partitions))
)
WITH (fillfactor='10');
COMMENT ON TABLE public.head IS 'The end of the chain: the last position given, and the last one on each partition (last[partition + 1]). The last lock of every append.';
COMMENT ON COLUMN public.head.source IS 'CloudEvents source: names the service and its shard.';
CREATE TABLE public.migrations (
    schemaversionsid integer NOT NULL,
    scriptname character varying(255) NOT NULL,
    applied timestamp without time zone NOT NULL
);
CREATE SEQUENCE public.migrations_schemaversionsid_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.migrations_schemaversionsid_seq OWNED BY public.migrations.schemaversionsid;
CREATE TABLE public.ownership (
    customer_id text NOT NULL,
    sku text NOT NULL,
    checkout_id uuid NOT NULL
);
COMMENT ON TABLE public.ownership IS 'Projection: which avatars a customer has, and by which checkout.';
CREATE TABLE public.parked (
    id bigint NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    "position" bigint NOT NULL,
    key text NOT NULL,
    value bytea,
    headers jsonb NOT NULL,
    reason text NOT NULL,
    blocks boolean NOT NULL,
    parked_at timestamp with time zone DEFAULT now() NOT NULL
);
COMMENT ON TABLE public.parked IS 'Events that could not be handled, and those of the same key behind them, in order of id; freed by redrive or discard. position is the offset on a topic without a chain.';
COMMENT ON COLUMN public.parked.blocks IS 'Whether what follows of its key waits for it; false for a record that is no link of the chain.';
ALTER TABLE public.parked ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.parked_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.schemas (
    fingerprint bytea NOT NULL,
    name text NOT NULL,
    schema text NOT NULL,
    CONSTRAINT fingerprint_is_crc_64_avro CHECK ((octet_length(fingerprint) = 8))
);
COMMENT ON TABLE public.schemas IS 'Avro schemas of the events, by CRC-64-AVRO fingerprint as it stands in the payload (little endian).';
CREATE TABLE public.stock (
    sku text NOT NULL,
    available bigint NOT NULL,
    CONSTRAINT stock_never_below_zero CHECK ((available >= 0))
)
WITH (fillfactor='10');
COMMENT ON TABLE public.stock IS 'Projection: the pieces of each package that are left.';
ALTER TABLE ONLY public.migrations ALTER COLUMN schemaversionsid SET DEFAULT nextval('public.migrations_schemaversionsid_seq'::regclass);
INSERT INTO public.deliveries VALUES
	('gorilla', 'opening', 5000),
	('tiger', 'opening', 50),
	('palm', 'opening', 1);
INSERT INTO public.events VALUES
	(1, 0, 1, 'f84b000f-b7d9-8301-be4f-fcf4b4e7d4a5', 'gorilla', 'avatarstore.inventory.StockAdded', '2026-11-26 07:23:55.094487+00', NULL, NULL, NULL, NULL, '\xc3013e3ff194987b3f694866383462303030662d623764392d383330312d626534662d666366346234653764346135aea7efb79acab0060e676f72696c6c61904e904e0e6f70656e696e67'),
	(3, 0, 7, '991aabf1-d6de-8729-ab1e-842d73c4f7c8', 'palm', 'avatarstore.inventory.StockAdded', '2026-11-26 07:23:55.094487+00', NULL, NULL, NULL, NULL, '\xc3013e3ff194987b3f694839393161616266312d643664652d383732392d616231652d383432643733633466376338aea7efb79acab0060870616c6d02020e6f70656e696e67'),
	(2, 0, 10, 'f6491dfc-c14c-82c7-81a4-1fc56c24cd8c', 'tiger', 'avatarstore.inventory.StockAdded', '2026-11-26 07:23:55.094487+00', NULL, NULL, NULL, NULL, '\xc3013e3ff194987b3f694866363439316466632d633134632d383263372d383161342d316663353663323463643863aea7efb79acab0060a746967657264640e6f70656e696e67'),
	(4, 0, 11, '01a216bd-f73f-8284-8345-775a01087903', 'player-1', 'avatarstore.inventory.AvatarAssigned', '2026-11-26 07:24:41.108201+00', '01a216bd-f73f-7ae7-9e17-6a419c70c44a', '01a216bd-f73f-8f8b-9162-71c1a0f39d3b', '00-2f0d3cbb852bcff574b2d722b1e32ae5-ad8c7271c7fef41c-00', NULL, '\xc301018964b23a806cbe4830316132313662642d663733662d383238342d383334352d373735613031303837393033d29be0e39acab0064830316132313662642d663733662d376165372d396531372d36613431396337306334346110706c617965722d310e676f72696c6c61e8078e4e'),
	(5, 0, 3, '01a216be-0913-86ab-a2b4-a1ee69bb9198', 'player-3', 'avatarstore.inventory.AvatarAssigned', '2026-11-26 07:24:45.942691+00', '01a216be-0913-7311-a4f7-0351a850c3f3', '01a216be-0913-88f5-8237-6b831f8ffc82', '00-c44525a640965287ffb6730eb2643937-85ffae0a22012d78-00', NULL, '\xc301018964b23a806cbe4830316132313662652d303931332d383661622d613262342d613165653639626239313938c6aeaee89acab0064830316132313662652d303931332d373331312d613466372d30333531613835306333663310706c617965722d330870616c6d8094ebdc0300'),
	(6, 4, 11, '01a216bd-fbc6-861f-b410-d707672962fe', 'player-2', 'avatarstore.inventory.AvatarAssigned', '2026-11-26 07:24:45.942691+00', '01a216bd-fbc6-7e92-92a2-1281d0d1a44b', '01a216bd-fbc6-8a6b-b854-163d54814db2', '00-aeee8d9587800bbeadb212fd9e1a1c59-1f06f1c54a55a0ea-00', NULL, '\xc301018964b23a806cbe4830316132313662642d666263362d383631662d623431302d643730373637323936326665c6aeaee89acab0064830316132313662642d666263362d376539322d393261322d31323831643064316134346210706c617965722d320e676f72696c6c61e8078c4e'),
	(7, 6, 11, '01a216bd-fca1-84d4-847e-572ad6252858', 'player-1', 'avatarstore.inventory.AssignmentRejected', '2026-11-26 07:24:45.942691+00', '01a216bd-fca1-7e50-8595-26bf152cccd1', '01a216bd-fca1-8ca0-acfd-b539ebfad54a', '00-51f2e24b9c08b20662dd78eff11078be-aaa78de5932a4606-00', NULL, '\xc3017f205ba62726ece94830316132313662642d666361312d383464342d383437652d353732616436323532383538c6aeaee89acab0064830316132313662642d666361312d376535302d383539352d32366266313532636363643110706c617965722d310870616c6d8094ebdc0306'),
	(8, 7, 11, '01a216be-094f-8395-b518-01d36975c044', 'player-1', 'avatarstore.inventory.AssignmentRejected', '2026-11-26 07:24:45.942691+00', '01a216be-094f-74f1-a47d-2bb7772740f8', '01a216be-094f-89b3-88d3-41f3db59b5a8', '00-457f6667945bccc70f2b55f7282aa716-c560dea3e55a1611-00', NULL, '\xc3017f205ba62726ece94830316132313662652d303934662d383339352d623531382d303164333639373563303434c6aeaee89acab0064830316132313662652d303934662d373466312d613437642d32626237373732373430663810706c617965722d310e676f72696c6c61e80708');
INSERT INTO public.handled VALUES
	('balance.accounts', 8, 6),
	('balance.accounts', 3, 8),
	('balance.accounts', 11, 13);
INSERT INTO public.head VALUES
	(true, 'inventory.avatars', '/inventory/0', 12, 8, '{0,1,0,5,0,0,0,3,0,0,2,8}');
INSERT INTO public.migrations VALUES
	(1, 'Checkout.Chassis.EventStore.Migrations.0001_event_store.sql', '2026-11-26 07:23:45.187836'),
	(2, 'Checkout.Inventory.Migrations.0101_stock.sql', '2026-11-26 07:23:45.405047');
INSERT INTO public.ownership VALUES
	('player-1', 'gorilla', '01a216bd-f73f-7ae7-9e17-6a419c70c44a'),
	('player-3', 'palm', '01a216be-0913-7311-a4f7-0351a850c3f3'),
	('player-2', 'gorilla', '01a216bd-fbc6-7e92-92a2-1281d0d1a44b');
INSERT INTO public.schemas VALUES
	('\x018964b23a806cbe', 'avatarstore.inventory.AvatarAssigned', '{"type":"record","name":"AvatarAssigned","doc":"One avatar of the package is the customer''s from now on. Key on the topic: the customer id.","namespace":"avatarstore.inventory","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"checkoutId","doc":"Id of the checkout, the same on every event of its story.","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","doc":"Whose it is: the opaque pseudonym issued by the studio''s account service, never a name or address. Key of the record on the topic.","type":"string"},{"name":"sku","doc":"Stock-keeping unit of the package that is bought, an opaque code as listed in the catalogue.","type":"string"},{"name":"priceCoins","doc":"Price of the package as fixed when the checkout was created, in whole coins.","type":"long"},{"name":"remainingStock","doc":"Avatars of this sku still available after this event, in pieces.","type":"long"}]}'),
	('\x7f205ba62726ece9', 'avatarstore.inventory.AssignmentRejected', '{"type":"record","name":"AssignmentRejected","doc":"No avatar was assigned; the coins taken for it are to be given back. Key on the topic: the customer id.","namespace":"avatarstore.inventory","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"checkoutId","doc":"Id of the checkout, the same on every event of its story.","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","doc":"Whose it is: the opaque pseudonym issued by the studio''s account service, never a name or address. Key of the record on the topic.","type":"string"},{"name":"sku","doc":"Stock-keeping unit of the package that is bought, an opaque code as listed in the catalogue.","type":"string"},{"name":"priceCoins","doc":"Price of the package as fixed when the checkout was created, in whole coins.","type":"long"},{"name":"reason","doc":"Why no avatar was assigned. UNKNOWN where the reader does not know the writer''s symbol.","default":"UNKNOWN","type":{"type":"enum","name":"Reason","doc":"Why something was refused. The definition is the same in every schema that uses it.","namespace":"avatarstore","symbols":["UNKNOWN","INSUFFICIENT_FUNDS","UNKNOWN_ACCOUNT","SOLD_OUT","ALREADY_OWNED","UNKNOWN_PACKAGE","EXPIRED"],"default":"UNKNOWN"}}]}'),
	('\x3e3ff194987b3f69', 'avatarstore.inventory.StockAdded', '{"type":"record","name":"StockAdded","doc":"Avatars of a package became available. Key on the topic: the sku.","namespace":"avatarstore.inventory","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"sku","doc":"Stock-keeping unit of the package that was stocked, an opaque code as listed in the catalogue.","type":"string"},{"name":"quantity","doc":"Avatars added, in pieces.","type":"long"},{"name":"stock","doc":"Avatars of this sku available after this event, in pieces.","type":"long"},{"name":"reference","doc":"Business key of the delivery, given by the operator; the same one again adds nothing.","type":"string"}]}');
INSERT INTO public.stock VALUES
	('tiger', 50),
	('palm', 0),
	('gorilla', 4998);
SELECT pg_catalog.setval('public.migrations_schemaversionsid_seq', 2, true);
SELECT pg_catalog.setval('public.parked_id_seq', 1, false);
ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT "PK_migrations_Id" PRIMARY KEY (schemaversionsid);
ALTER TABLE ONLY public.ownership
    ADD CONSTRAINT a_checkout_assigns_once UNIQUE (checkout_id);
ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT a_delivery_counts_once PRIMARY KEY (sku, reference);
ALTER TABLE ONLY public.ownership
    ADD CONSTRAINT an_avatar_is_owned_once PRIMARY KEY (customer_id, sku);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT an_event_happens_once UNIQUE (event_id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY public.handled
    ADD CONSTRAINT handled_pkey PRIMARY KEY (topic, partition);
ALTER TABLE ONLY public.head
    ADD CONSTRAINT head_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY public.parked
    ADD CONSTRAINT parked_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.schemas
    ADD CONSTRAINT schemas_pkey PRIMARY KEY (fingerprint);
ALTER TABLE ONLY public.stock
    ADD CONSTRAINT stock_pkey PRIMARY KEY (sku);
CREATE INDEX events_by_correlation ON public.events USING btree (correlation_id) WHERE (correlation_id IS NOT NULL);
CREATE INDEX parked_by_key ON public.parked USING btree (topic, key, id);
CREATE UNIQUE INDEX parked_once ON public.parked USING btree (topic, partition, "position", md5(COALESCE(value, '\x'::bytea)));
CREATE PUBLICATION events WITH (publish = 'insert');
ALTER PUBLICATION events ADD TABLE ONLY public.events;
