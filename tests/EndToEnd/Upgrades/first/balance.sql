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
CREATE TABLE public.accounts (
    customer_id text NOT NULL,
    coins bigint NOT NULL,
    CONSTRAINT coins_never_below_zero CHECK ((coins >= 0))
);
COMMENT ON TABLE public.accounts IS 'Projection: the whole coins of each customer. The first credit opens the account.';
CREATE TABLE public.credits (
    customer_id text NOT NULL,
    cause text NOT NULL,
    reference text NOT NULL,
    coins bigint NOT NULL,
    CONSTRAINT a_credit_gives CHECK ((coins > 0))
);
COMMENT ON TABLE public.credits IS 'Projection: the facts that gave coins, by their business key, so that one sent again gives none.';
CREATE TABLE public.deductions (
    checkout_id uuid NOT NULL,
    customer_id text NOT NULL,
    coins bigint NOT NULL,
    refunded boolean NOT NULL,
    CONSTRAINT a_deduction_takes CHECK ((coins >= 0))
);
COMMENT ON TABLE public.deductions IS 'Projection: what was taken for each checkout, once, and whether it was given back.';
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
ALTER TABLE ONLY public.migrations ALTER COLUMN schemaversionsid SET DEFAULT nextval('public.migrations_schemaversionsid_seq'::regclass);
INSERT INTO public.accounts VALUES
	('player-3', 0),
	('player-2', 570),
	('player-1', 549999500);
INSERT INTO public.credits VALUES
	('player-1', 'OPERATOR', 'opening', 550000000),
	('player-2', 'OPERATOR', 'opening', 1000),
	('player-3', 'OPERATOR', 'opening', 500000000),
	('player-2', 'OPERATOR', 'gift', 70);
INSERT INTO public.deductions VALUES
	('01a216bd-f73f-7ae7-9e17-6a419c70c44a', 'player-1', 500, false),
	('01a216be-0913-7311-a4f7-0351a850c3f3', 'player-3', 500000000, false),
	('01a216bd-fbc6-7e92-92a2-1281d0d1a44b', 'player-2', 500, false),
	('01a216bd-fca1-7e50-8595-26bf152cccd1', 'player-1', 500000000, true),
	('01a216be-094f-74f1-a47d-2bb7772740f8', 'player-1', 500, true);
INSERT INTO public.events VALUES
	(1, 0, 11, 'd5a9307b-f132-8fcc-88f0-e22eb2886b84', 'player-1', 'avatarstore.balance.BalanceCredited', '2026-11-26 07:23:55.637671+00', NULL, NULL, NULL, NULL, '\xc301357eb79d608396d94864356139333037622d663133322d386663632d383866302d653232656232383836623834ceceb1b89acab00610706c617965722d3180d6c28c0480d6c28c04080e6f70656e696e67'),
	(2, 1, 11, '7153ae5f-e299-8c2b-a2b6-ddffa0cae0f5', 'player-2', 'avatarstore.balance.BalanceCredited', '2026-11-26 07:23:55.637671+00', NULL, NULL, NULL, NULL, '\xc301357eb79d608396d94837313533616535662d653239392d386332622d613262362d646466666130636165306635ceceb1b89acab00610706c617965722d32d00fd00f080e6f70656e696e67'),
	(3, 0, 3, '118a9f27-07e5-8143-81fe-fc981819db9c', 'player-3', 'avatarstore.balance.BalanceCredited', '2026-11-26 07:24:27.790346+00', NULL, NULL, NULL, NULL, '\xc301357eb79d608396d94831313861396632372d303765352d383134332d383166652d66633938313831396462396394c086d79acab00610706c617965722d338094ebdc038094ebdc03080e6f70656e696e67'),
	(4, 2, 11, 'cfbd7276-f328-8360-98db-86d2fd7d2c46', 'player-2', 'avatarstore.balance.BalanceCredited', '2026-11-26 07:24:27.790346+00', NULL, NULL, NULL, NULL, '\xc301357eb79d608396d94863666264373237362d663332382d383336302d393864622d38366432666437643263343694c086d79acab00610706c617965722d328c01dc10080867696674'),
	(5, 4, 11, '01a216bd-f73f-8f8b-9162-71c1a0f39d3b', 'player-1', 'avatarstore.balance.BalanceDeducted', '2026-11-26 07:24:39.423063+00', '01a216bd-f73f-7ae7-9e17-6a419c70c44a', '01a216bd-f73f-8d21-a40e-d96c055a136a', '00-2f0d3cbb852bcff574b2d722b1e32ae5-1df0f6fe494c7efc-00', NULL, '\xc301b170d1633daa39ab4830316132313662642d663733662d386638622d393136322d373163316130663339643362aec192e29acab0064830316132313662642d663733662d376165372d396531372d36613431396337306334346110706c617965722d310e676f72696c6c61e807ded3fbfe9ccab00698cec28c04'),
	(6, 0, 8, '01a216bd-fc3f-865d-9516-3a675e53a0ee', 'player-9', 'avatarstore.balance.DeductionRejected', '2026-11-26 07:24:40.807715+00', '01a216bd-fc3f-7d5d-80d4-b6eb90847e10', '01a216bd-fc3f-8ac1-a5f3-770f0101d120', '00-dc947ea44b64651f5ac9c47518f3d1a4-c0913c00bde8225c-00', NULL, '\xc301f4bf8f5c997c5f7b4830316132313662642d666333662d383635642d393531362d336136373565353361306565c6c4bbe39acab0064830316132313662642d666333662d376435642d383064342d62366562393038343765313010706c617965722d390e676f72696c6c61e8070400'),
	(7, 5, 11, '01a216bd-fb73-8971-9935-a89d853a3bd1', 'player-2', 'avatarstore.balance.DeductionRejected', '2026-11-26 07:24:40.807715+00', '01a216bd-fb73-765e-a26b-ebf52d12bc31', '01a216bd-fb73-8b9f-be66-c9b30141d08e', '00-2e874f9255de09a9a16f9cb3d2fbbf89-41d38efa69e958dc-00', NULL, '\xc301f4bf8f5c997c5f7b4830316132313662642d666237332d383937312d393933352d613839643835336133626431c6c4bbe39acab0064830316132313662642d666237332d373635652d613236622d65626635326431326263333110706c617965722d320a7469676572c0a90702dc10'),
	(8, 3, 3, '01a216be-0913-88f5-8237-6b831f8ffc82', 'player-3', 'avatarstore.balance.BalanceDeducted', '2026-11-26 07:24:45.816663+00', '01a216be-0913-7311-a4f7-0351a850c3f3', '01a216be-0913-8a73-9804-537966df8e8e', '00-c44525a640965287ffb6730eb2643937-d03885bfdb8ac381-00', NULL, '\xc301b170d1633daa39ab4830316132313662652d303931332d383866352d383233372d366238333166386666633832aefd9ee89acab0064830316132313662652d303931332d373331312d613466372d30333531613835306333663310706c617965722d330870616c6d8094ebdc03a6e1a8839dcab00600'),
	(9, 7, 11, '01a216bd-fbc6-8a6b-b854-163d54814db2', 'player-2', 'avatarstore.balance.BalanceDeducted', '2026-11-26 07:24:45.816663+00', '01a216bd-fbc6-7e92-92a2-1281d0d1a44b', '01a216bd-fbc6-8cbd-bdb4-d42ac43f4040', '00-aeee8d9587800bbeadb212fd9e1a1c59-799bd81b346a579d-00', NULL, '\xc301b170d1633daa39ab4830316132313662642d666263362d386136622d623835342d313633643534383134646232aefd9ee89acab0064830316132313662642d666263362d376539322d393261322d31323831643064316134346210706c617965722d320e676f72696c6c61e807b09189809dcab006f408'),
	(10, 9, 11, '01a216bd-fca1-8ca0-acfd-b539ebfad54a', 'player-1', 'avatarstore.balance.BalanceDeducted', '2026-11-26 07:24:45.816663+00', '01a216bd-fca1-7e50-8595-26bf152cccd1', '01a216bd-fca1-83e0-9591-1640decc2f23', '00-51f2e24b9c08b20662dd78eff11078be-043965599dc2ba0f-00', NULL, '\xc301b170d1633daa39ab4830316132313662642d666361312d386361302d616366642d623533396562666164353461aefd9ee89acab0064830316132313662642d666361312d376535302d383539352d32366266313532636363643110706c617965722d310870616c6d8094ebdc039aeda3809dcab00698bad72f'),
	(11, 10, 11, '01a216be-094f-89b3-88d3-41f3db59b5a8', 'player-1', 'avatarstore.balance.BalanceDeducted', '2026-11-26 07:24:45.816663+00', '01a216be-094f-74f1-a47d-2bb7772740f8', '01a216be-094f-8e89-ad85-d56b8cf14834', '00-457f6667945bccc70f2b55f7282aa716-b3de4b4a20f98041-00', NULL, '\xc301b170d1633daa39ab4830316132313662652d303934662d383962332d383864332d343166336462353962356138aefd9ee89acab0064830316132313662652d303934662d373466312d613437642d32626237373732373430663810706c617965722d310e676f72696c6c61e807c884b0839dcab006b0b2d72f'),
	(12, 11, 11, '01a216bd-fca1-8518-801a-9073aca5ee25', 'player-1', 'avatarstore.balance.BalanceRefunded', '2026-11-26 07:24:47.801159+00', '01a216bd-fca1-7e50-8595-26bf152cccd1', '01a216bd-fca1-84d4-847e-572ad6252858', '00-51f2e24b9c08b20662dd78eff11078be-1a1cdf33e041a1cc-00', NULL, '\xc301297e9f107b675ad14830316132313662642d666361312d383531382d383031612d3930373361636135656532358e9d91ea9acab0064830316132313662642d666361312d376535302d383539352d32366266313532636363643110706c617965722d310870616c6d8094ebdc0306b0c6c28c04'),
	(13, 12, 11, '01a216be-094f-8521-8ead-f9fe02ca43f4', 'player-1', 'avatarstore.balance.BalanceRefunded', '2026-11-26 07:24:47.801159+00', '01a216be-094f-74f1-a47d-2bb7772740f8', '01a216be-094f-8395-b518-01d36975c044', '00-457f6667945bccc70f2b55f7282aa716-994ed3997eafba64-00', NULL, '\xc301297e9f107b675ad14830316132313662652d303934662d383532312d386561642d6639666530326361343366348e9d91ea9acab0064830316132313662652d303934662d373466312d613437642d32626237373732373430663810706c617965722d310e676f72696c6c61e8070898cec28c04');
INSERT INTO public.handled VALUES
	('store.checkouts', 1, 1),
	('store.checkouts', 7, 3),
	('inventory.avatars', 1, 1),
	('inventory.avatars', 7, 3),
	('inventory.avatars', 10, 2),
	('store.checkouts', 10, 4),
	('store.checkouts', 3, 15),
	('store.checkouts', 11, 20),
	('inventory.avatars', 3, 5),
	('inventory.avatars', 11, 8),
	('store.checkouts', 8, 13);
INSERT INTO public.head VALUES
	(true, 'balance.accounts', '/balance/0', 12, 13, '{0,0,0,8,0,0,0,0,6,0,0,13}');
INSERT INTO public.migrations VALUES
	(1, 'Checkout.Chassis.EventStore.Migrations.0001_event_store.sql', '2026-11-26 07:23:43.536027'),
	(2, 'Checkout.Balance.Migrations.0101_accounts.sql', '2026-11-26 07:23:43.659501');
INSERT INTO public.parked OVERRIDING SYSTEM VALUE VALUES
	(1, 'store.checkouts', 3, 900, 'player-7', '\x0001', '{"ce_type": "avatarstore.store.CheckoutCreated"}', 'its value is not in the Confluent wire format', false, '2026-11-26 07:24:49.140219+00');
INSERT INTO public.schemas VALUES
	('\xb170d1633daa39ab', 'avatarstore.balance.BalanceDeducted', '{"type":"record","name":"BalanceDeducted","doc":"The price of a checkout was taken from the customer''s balance. Carries what Inventory needs to decide. Key on the topic: the customer id.","namespace":"avatarstore.balance","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"checkoutId","doc":"Id of the checkout, the same on every event of its story.","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","doc":"Whose it is: the opaque pseudonym issued by the studio''s account service, never a name or address. Key of the record on the topic.","type":"string"},{"name":"sku","doc":"Stock-keeping unit of the package that is bought, an opaque code as listed in the catalogue.","type":"string"},{"name":"priceCoins","doc":"Price of the package as fixed when the checkout was created, in whole coins.","type":"long"},{"name":"expiresAt","doc":"Deadline of the checkout: whoever takes coins or assigns an avatar refuses after it. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"balanceCoins","doc":"The customer''s balance after this event, in whole coins.","type":"long"}]}'),
	('\xf4bf8f5c997c5f7b', 'avatarstore.balance.DeductionRejected', '{"type":"record","name":"DeductionRejected","doc":"The price of a checkout was not taken; the balance is as it was. Key on the topic: the customer id.","namespace":"avatarstore.balance","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"checkoutId","doc":"Id of the checkout, the same on every event of its story.","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","doc":"Whose it is: the opaque pseudonym issued by the studio''s account service, never a name or address. Key of the record on the topic.","type":"string"},{"name":"sku","doc":"Stock-keeping unit of the package that is bought, an opaque code as listed in the catalogue.","type":"string"},{"name":"priceCoins","doc":"Price of the package as fixed when the checkout was created, in whole coins.","type":"long"},{"name":"reason","doc":"Why the coins were not taken. UNKNOWN where the reader does not know the writer''s symbol.","default":"UNKNOWN","type":{"type":"enum","name":"Reason","doc":"Why something was refused. The definition is the same in every schema that uses it.","namespace":"avatarstore","symbols":["UNKNOWN","INSUFFICIENT_FUNDS","UNKNOWN_ACCOUNT","SOLD_OUT","ALREADY_OWNED","UNKNOWN_PACKAGE","EXPIRED"],"default":"UNKNOWN"}},{"name":"balanceCoins","doc":"The customer''s balance, which the refusal leaves as it was, in whole coins; 0 where there is no account.","type":"long"}]}'),
	('\x297e9f107b675ad1', 'avatarstore.balance.BalanceRefunded', '{"type":"record","name":"BalanceRefunded","doc":"The coins taken for a checkout were given back because Inventory refused it. Key on the topic: the customer id.","namespace":"avatarstore.balance","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"checkoutId","doc":"Id of the checkout, the same on every event of its story.","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","doc":"Whose it is: the opaque pseudonym issued by the studio''s account service, never a name or address. Key of the record on the topic.","type":"string"},{"name":"sku","doc":"Stock-keeping unit of the package that is bought, an opaque code as listed in the catalogue.","type":"string"},{"name":"refundedCoins","doc":"Coins given back: as many as were taken, in whole coins.","type":"long"},{"name":"reason","doc":"Why Inventory refused. UNKNOWN where the reader does not know the writer''s symbol.","default":"UNKNOWN","type":{"type":"enum","name":"Reason","doc":"Why something was refused. The definition is the same in every schema that uses it.","namespace":"avatarstore","symbols":["UNKNOWN","INSUFFICIENT_FUNDS","UNKNOWN_ACCOUNT","SOLD_OUT","ALREADY_OWNED","UNKNOWN_PACKAGE","EXPIRED"],"default":"UNKNOWN"}},{"name":"balanceCoins","doc":"The customer''s balance after this event, in whole coins.","type":"long"}]}'),
	('\x357eb79d608396d9', 'avatarstore.balance.BalanceCredited', '{"type":"record","name":"BalanceCredited","doc":"Coins were given to a customer; the first credit opens the account. Key on the topic: the customer id.","namespace":"avatarstore.balance","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"customerId","doc":"Whose it is: the opaque pseudonym issued by the studio''s account service, never a name or address. Key of the record on the topic.","type":"string"},{"name":"creditedCoins","doc":"Coins given, in whole coins.","type":"long"},{"name":"balanceCoins","doc":"The customer''s balance after this event, in whole coins.","type":"long"},{"name":"cause","doc":"Which kind of fact gave the coins. UNKNOWN where the reader does not know the writer''s symbol.","default":"UNKNOWN","type":{"type":"enum","name":"CreditCause","doc":"Which kind of fact gave the coins.","namespace":"avatarstore","symbols":["UNKNOWN","GAME_REGISTERED","DAILY_REWARD","ACHIEVEMENT","OPERATOR"],"default":"UNKNOWN"}},{"name":"reference","doc":"Business key of the fact behind the credit, unique for a customer and a cause: the game''s id, the day as yyyy-MM-dd, the achievement''s id, or the operator''s own reference.","type":"string"}]}');
SELECT pg_catalog.setval('public.migrations_schemaversionsid_seq', 2, true);
SELECT pg_catalog.setval('public.parked_id_seq', 1, true);
ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT "PK_migrations_Id" PRIMARY KEY (schemaversionsid);
ALTER TABLE ONLY public.credits
    ADD CONSTRAINT a_fact_counts_once PRIMARY KEY (customer_id, cause, reference);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (customer_id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT an_event_happens_once UNIQUE (event_id);
ALTER TABLE ONLY public.deductions
    ADD CONSTRAINT deductions_pkey PRIMARY KEY (checkout_id);
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
CREATE INDEX events_by_correlation ON public.events USING btree (correlation_id) WHERE (correlation_id IS NOT NULL);
CREATE INDEX parked_by_key ON public.parked USING btree (topic, key, id);
CREATE UNIQUE INDEX parked_once ON public.parked USING btree (topic, partition, "position", md5(COALESCE(value, '\x'::bytea)));
CREATE PUBLICATION events WITH (publish = 'insert');
ALTER PUBLICATION events ADD TABLE ONLY public.events;
