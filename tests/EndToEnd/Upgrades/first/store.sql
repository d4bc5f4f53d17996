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
CREATE TABLE public.checkouts (
    checkout_id uuid NOT NULL,
    customer_id text NOT NULL,
    sku text NOT NULL,
    price_coins bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    status text NOT NULL,
    reason text,
    ended_at timestamp with time zone,
    CONSTRAINT a_checkout_ends_once CHECK (((status = ANY (ARRAY['Pending'::text, 'RefundDue'::text])) = (ended_at IS NULL))),
    CONSTRAINT status_is_known CHECK ((status = ANY (ARRAY['Pending'::text, 'Completed'::text, 'Failed'::text, 'RefundDue'::text, 'Refunded'::text])))
);
COMMENT ON TABLE public.checkouts IS 'Projection of Store''s own events.';
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
CREATE TABLE public.observations (
    event_id uuid NOT NULL,
    checkout_id uuid NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    occurred_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE public.observations IS 'What Store heard of a checkout from others, for its timeline. Not state: it can be read again from the topics.';
CREATE TABLE public.packages (
    sku text NOT NULL,
    name text NOT NULL,
    price_coins bigint NOT NULL,
    CONSTRAINT a_price_is_not_below_zero CHECK ((price_coins >= 0))
);
COMMENT ON TABLE public.packages IS 'Projection: what is on sale.';
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
CREATE TABLE public.posts (
    customer_id text NOT NULL,
    idempotency_key text NOT NULL,
    sku text NOT NULL,
    checkout_id uuid NOT NULL
);
COMMENT ON TABLE public.posts IS 'Which checkout each idempotency key stands for, kept for ever: a post sent again after a year is still the same purchase.';
CREATE TABLE public.schemas (
    fingerprint bytea NOT NULL,
    name text NOT NULL,
    schema text NOT NULL,
    CONSTRAINT fingerprint_is_crc_64_avro CHECK ((octet_length(fingerprint) = 8))
);
COMMENT ON TABLE public.schemas IS 'Avro schemas of the events, by CRC-64-AVRO fingerprint as it stands in the payload (little endian).';
ALTER TABLE ONLY public.migrations ALTER COLUMN schemaversionsid SET DEFAULT nextval('public.migrations_schemaversionsid_seq'::regclass);
INSERT INTO public.checkouts VALUES
	('01a216bd-f73f-7ae7-9e17-6a419c70c44a', 'player-1', 'gorilla', 500, '2026-11-26 07:24:38.428112+00', '2026-11-26 07:29:38.079983+00', 'Completed', NULL, '2026-11-26 07:24:41.814073+00'),
	('01a216bd-fb73-765e-a26b-ebf52d12bc31', 'player-2', 'tiger', 60000, '2026-11-26 07:24:39.192143+00', '2026-11-26 07:29:39.155318+00', 'Failed', 'INSUFFICIENT_FUNDS', '2026-11-26 07:24:44.96401+00'),
	('01a216bd-fc3f-7d5d-80d4-b6eb90847e10', 'player-9', 'gorilla', 500, '2026-11-26 07:24:39.362534+00', '2026-11-26 07:29:39.359264+00', 'Failed', 'UNKNOWN_ACCOUNT', '2026-11-26 07:24:44.96401+00'),
	('01a216bd-fbc6-7e92-92a2-1281d0d1a44b', 'player-2', 'gorilla', 500, '2026-11-26 07:24:39.247125+00', '2026-11-26 07:29:39.239+00', 'Completed', NULL, '2026-11-26 07:24:48.875427+00'),
	('01a216be-0913-7311-a4f7-0351a850c3f3', 'player-3', 'palm', 500000000, '2026-11-26 07:24:42.652094+00', '2026-11-26 07:29:42.643795+00', 'Completed', NULL, '2026-11-26 07:24:48.875427+00'),
	('01a216bd-fca1-7e50-8595-26bf152cccd1', 'player-1', 'palm', 500000000, '2026-11-26 07:24:39.482512+00', '2026-11-26 07:29:39.457869+00', 'Refunded', 'SOLD_OUT', '2026-11-26 07:24:49.027814+00'),
	('01a216be-094f-74f1-a47d-2bb7772740f8', 'player-1', 'gorilla', 500, '2026-11-26 07:24:42.71014+00', '2026-11-26 07:29:42.703396+00', 'Refunded', 'ALREADY_OWNED', '2026-11-26 07:24:49.027814+00');
INSERT INTO public.events VALUES
	(1, 0, 1, 'ccc98138-d0b6-8f3d-9c91-8b4c33aaa425', 'gorilla', 'avatarstore.store.PackageListed', '2026-11-26 07:23:55.630695+00', NULL, NULL, NULL, NULL, '\xc301203e854bc48c6cdc4863636339383133382d643062362d386633642d396339312d386234633333616161343235cee1b0b89acab0060e676f72696c6c610e476f72696c6c61e807'),
	(3, 0, 7, '8beb81f6-fdc2-8b79-8ad6-017f216ba7a3', 'palm', 'avatarstore.store.PackageListed', '2026-11-26 07:23:55.630695+00', NULL, NULL, NULL, NULL, '\xc301203e854bc48c6cdc4838626562383166362d666463322d386237392d386164362d303137663231366261376133cee1b0b89acab0060870616c6d2250616c6d205b554c54524120524152455d8094ebdc03'),
	(2, 0, 10, 'f108bfeb-0777-8d6b-a576-72b26cf37e69', 'tiger', 'avatarstore.store.PackageListed', '2026-11-26 07:23:55.630695+00', NULL, NULL, NULL, NULL, '\xc301203e854bc48c6cdc4866313038626665622d303737372d386436622d613537362d373262323663663337653639cee1b0b89acab0060a74696765720a5469676572a08d06'),
	(4, 2, 10, '01a216bd-ebcb-84d5-9429-78c62d12019a', 'tiger', 'avatarstore.store.PriceChanged', '2026-11-26 07:24:37.360047+00', NULL, NULL, NULL, NULL, '\xc30154dcb785312dc2294830316132313662642d656263622d383464352d393432392d373863363264313230313961ded696e09acab0060a7469676572c0a907a08d06'),
	(5, 0, 11, '01a216bd-f73f-8d21-a40e-d96c055a136a', 'player-1', 'avatarstore.store.CheckoutCreated', '2026-11-26 07:24:38.428112+00', '01a216bd-f73f-7ae7-9e17-6a419c70c44a', NULL, '00-2f0d3cbb852bcff574b2d722b1e32ae5-22ecf40136981313-00', NULL, '\xc3018d68d6326087fbff4830316132313662642d663733662d386432312d613430652d643936633035356131333661a08799e19acab0064830316132313662642d663733662d376165372d396531372d36613431396337306334346110706c617965722d310e676f72696c6c61e807ded3fbfe9ccab006'),
	(6, 5, 11, '01a216bd-fb73-8b9f-be66-c9b30141d08e', 'player-2', 'avatarstore.store.CheckoutCreated', '2026-11-26 07:24:39.192143+00', '01a216bd-fb73-765e-a26b-ebf52d12bc31', NULL, '00-2e874f9255de09a9a16f9cb3d2fbbf89-b0bd82ef225ca861-00', NULL, '\xc3018d68d6326087fbff4830316132313662642d666237332d386239662d626536362d6339623330313431643038659ea9f6e19acab0064830316132313662642d666237332d373635652d613236622d65626635326431326263333110706c617965722d320a7469676572c0a907ecf5feff9ccab006'),
	(7, 6, 11, '01a216bd-fbc6-8cbd-bdb4-d42ac43f4040', 'player-2', 'avatarstore.store.CheckoutCreated', '2026-11-26 07:24:39.247125+00', '01a216bd-fbc6-7e92-92a2-1281d0d1a44b', NULL, '00-aeee8d9587800bbeadb212fd9e1a1c59-1819aac745651901-00', NULL, '\xc3018d68d6326087fbff4830316132313662642d666263362d386362642d626462342d643432616334336634303430aa84fde19acab0064830316132313662642d666263362d376539322d393261322d31323831643064316134346210706c617965722d320e676f72696c6c61e807b09189809dcab006'),
	(8, 0, 8, '01a216bd-fc3f-8ac1-a5f3-770f0101d120', 'player-9', 'avatarstore.store.CheckoutCreated', '2026-11-26 07:24:39.362534+00', '01a216bd-fc3f-7d5d-80d4-b6eb90847e10', NULL, '00-dc947ea44b64651f5ac9c47518f3d1a4-cf8f6b5214aca6e5-00', NULL, '\xc3018d68d6326087fbff4830316132313662642d666333662d386163312d613566332d373730663031303164313230cc8f8be29acab0064830316132313662642d666333662d376435642d383064342d62366562393038343765313010706c617965722d390e676f72696c6c61e807c0e897809dcab006'),
	(9, 7, 11, '01a216bd-fca1-83e0-9591-1640decc2f23', 'player-1', 'avatarstore.store.CheckoutCreated', '2026-11-26 07:24:39.482512+00', '01a216bd-fca1-7e50-8595-26bf152cccd1', NULL, '00-51f2e24b9c08b20662dd78eff11078be-2d9dbec34830ad08-00', NULL, '\xc3018d68d6326087fbff4830316132313662642d666361312d383365302d393539312d313634306465636332663233a0e299e29acab0064830316132313662642d666361312d376535302d383539352d32366266313532636363643110706c617965722d310870616c6d8094ebdc039aeda3809dcab006'),
	(10, 9, 11, '01a216bd-f73f-827b-91d8-8bd0e11e8bfa', 'player-1', 'avatarstore.store.CheckoutCompleted', '2026-11-26 07:24:41.814073+00', '01a216bd-f73f-7ae7-9e17-6a419c70c44a', '01a216bd-f73f-8284-8345-775a01087903', '00-2f0d3cbb852bcff574b2d722b1e32ae5-2a5c1b24dba8fbf5-00', NULL, '\xc3015d9c4fb609c841914830316132313662642d663733662d383237622d393164382d386264306531316538626661f2b0b6e49acab0064830316132313662642d663733662d376165372d396531372d36613431396337306334346110706c617965722d310e676f72696c6c61e807'),
	(11, 0, 3, '01a216be-0913-8a73-9804-537966df8e8e', 'player-3', 'avatarstore.store.CheckoutCreated', '2026-11-26 07:24:42.652094+00', '01a216be-0913-7311-a4f7-0351a850c3f3', NULL, '00-c44525a640965287ffb6730eb2643937-2d31377bb7f3c4ff-00', NULL, '\xc3018d68d6326087fbff4830316132313662652d303931332d386137332d393830342d353337393636646638653865fcd69ce59acab0064830316132313662652d303931332d373331312d613466372d30333531613835306333663310706c617965722d330870616c6d8094ebdc03a6e1a8839dcab006'),
	(12, 10, 11, '01a216be-094f-8e89-ad85-d56b8cf14834', 'player-1', 'avatarstore.store.CheckoutCreated', '2026-11-26 07:24:42.71014+00', '01a216be-094f-74f1-a47d-2bb7772740f8', NULL, '00-457f6667945bccc70f2b55f7282aa716-cfce1227dbff58dc-00', NULL, '\xc3018d68d6326087fbff4830316132313662652d303934662d386538392d616438352d643536623863663134383334f8e1a3e59acab0064830316132313662652d303934662d373466312d613437642d32626237373732373430663810706c617965722d310e676f72696c6c61e807c884b0839dcab006'),
	(13, 8, 8, '01a216bd-fc3f-80d4-b795-6d9b380b99ef', 'player-9', 'avatarstore.store.CheckoutFailed', '2026-11-26 07:24:44.96401+00', '01a216bd-fc3f-7d5d-80d4-b6eb90847e10', '01a216bd-fc3f-865d-9516-3a675e53a0ee', '00-dc947ea44b64651f5ac9c47518f3d1a4-0d2e55c483e33681-00', NULL, '\xc3012e40ec66df7c66634830316132313662642d666333662d383064342d623739352d366439623338306239396566d4f2b6e79acab0064830316132313662642d666333662d376435642d383064342d62366562393038343765313010706c617965722d390e676f72696c6c610400'),
	(14, 12, 11, '01a216bd-fb73-8099-bd2e-bd820d44429d', 'player-2', 'avatarstore.store.CheckoutFailed', '2026-11-26 07:24:44.96401+00', '01a216bd-fb73-765e-a26b-ebf52d12bc31', '01a216bd-fb73-8971-9935-a89d853a3bd1', '00-2e874f9255de09a9a16f9cb3d2fbbf89-c2e54036e3f9d68b-00', NULL, '\xc3012e40ec66df7c66634830316132313662642d666237332d383039392d626432652d626438323064343434323964d4f2b6e79acab0064830316132313662642d666237332d373635652d613236622d65626635326431326263333110706c617965722d320a74696765720200'),
	(15, 11, 3, '01a216be-0913-8333-ae27-9e5f14ae61ce', 'player-3', 'avatarstore.store.CheckoutCompleted', '2026-11-26 07:24:48.875427+00', '01a216be-0913-7311-a4f7-0351a850c3f3', '01a216be-0913-86ab-a2b4-a1ee69bb9198', '00-c44525a640965287ffb6730eb2643937-4a830fa256295732-00', NULL, '\xc3015d9c4fb609c841914830316132313662652d303931332d383333332d616532372d396535663134616536316365c6ae94eb9acab0064830316132313662652d303931332d373331312d613466372d30333531613835306333663310706c617965722d330870616c6d8094ebdc03'),
	(16, 14, 11, '01a216bd-fbc6-8934-aedc-b377080eb4ff', 'player-2', 'avatarstore.store.CheckoutCompleted', '2026-11-26 07:24:48.875427+00', '01a216bd-fbc6-7e92-92a2-1281d0d1a44b', '01a216bd-fbc6-861f-b410-d707672962fe', '00-aeee8d9587800bbeadb212fd9e1a1c59-d346fbe87e0c1c0c-00', NULL, '\xc3015d9c4fb609c841914830316132313662642d666263362d383933342d616564632d623337373038306562346666c6ae94eb9acab0064830316132313662642d666263362d376539322d393261322d31323831643064316134346210706c617965722d320e676f72696c6c61e807'),
	(17, 16, 11, '01a216bd-fca1-80fd-a6f3-e490438c7a53', 'player-1', 'avatarstore.store.CheckoutFailed', '2026-11-26 07:24:49.027814+00', '01a216bd-fca1-7e50-8595-26bf152cccd1', '01a216bd-fca1-8518-801a-9073aca5ee25', '00-51f2e24b9c08b20662dd78eff11078be-63695e76830b9d9f-00', NULL, '\xc3012e40ec66df7c66634830316132313662642d666361312d383066642d613666332d653439303433386337613533ccfba6eb9acab0064830316132313662642d666361312d376535302d383539352d32366266313532636363643110706c617965722d310870616c6d0601'),
	(18, 17, 11, '01a216bd-fca1-8488-82a0-45b62420dbd8', 'player-1', 'avatarstore.store.CheckoutRefunded', '2026-11-26 07:24:49.027814+00', '01a216bd-fca1-7e50-8595-26bf152cccd1', '01a216bd-fca1-8518-801a-9073aca5ee25', '00-51f2e24b9c08b20662dd78eff11078be-63695e76830b9d9f-00', NULL, '\xc301f8bd7b589a676cca4830316132313662642d666361312d383438382d383261302d343562363234323064626438ccfba6eb9acab0064830316132313662642d666361312d376535302d383539352d32366266313532636363643110706c617965722d310870616c6d8094ebdc03'),
	(19, 18, 11, '01a216be-094f-8e4f-b0e0-699e0b726750', 'player-1', 'avatarstore.store.CheckoutFailed', '2026-11-26 07:24:49.027814+00', '01a216be-094f-74f1-a47d-2bb7772740f8', '01a216be-094f-8521-8ead-f9fe02ca43f4', '00-457f6667945bccc70f2b55f7282aa716-c93ea5cc6fceb638-00', NULL, '\xc3012e40ec66df7c66634830316132313662652d303934662d386534662d623065302d363939653062373236373530ccfba6eb9acab0064830316132313662652d303934662d373466312d613437642d32626237373732373430663810706c617965722d310e676f72696c6c610801'),
	(20, 19, 11, '01a216be-094f-8db3-866b-86ce359753a0', 'player-1', 'avatarstore.store.CheckoutRefunded', '2026-11-26 07:24:49.027814+00', '01a216be-094f-74f1-a47d-2bb7772740f8', '01a216be-094f-8521-8ead-f9fe02ca43f4', '00-457f6667945bccc70f2b55f7282aa716-c93ea5cc6fceb638-00', NULL, '\xc301f8bd7b589a676cca4830316132313662652d303934662d386462332d383636622d383663653335393735336130ccfba6eb9acab0064830316132313662652d303934662d373466312d613437642d32626237373732373430663810706c617965722d310e676f72696c6c61e807');
INSERT INTO public.handled VALUES
	('inventory.avatars', 1, 1),
	('inventory.avatars', 7, 3),
	('inventory.avatars', 10, 2),
	('balance.accounts', 3, 8),
	('balance.accounts', 11, 13),
	('inventory.avatars', 3, 5),
	('inventory.avatars', 11, 8),
	('balance.accounts', 8, 6);
INSERT INTO public.head VALUES
	(true, 'store.checkouts', '/store/0', 12, 20, '{0,1,0,15,0,0,0,3,13,0,4,20}');
INSERT INTO public.migrations VALUES
	(1, 'Checkout.Chassis.EventStore.Migrations.0001_event_store.sql', '2026-11-26 07:23:44.185116'),
	(2, 'Checkout.Store.Migrations.0101_checkouts.sql', '2026-11-26 07:23:44.688765');
INSERT INTO public.observations VALUES
	('01a216bd-f73f-8f8b-9162-71c1a0f39d3b', '01a216bd-f73f-7ae7-9e17-6a419c70c44a', 'avatarstore.balance.BalanceDeducted', '/balance/0', '2026-11-26 07:24:39.423063+00'),
	('01a216bd-f73f-8284-8345-775a01087903', '01a216bd-f73f-7ae7-9e17-6a419c70c44a', 'avatarstore.inventory.AvatarAssigned', '/inventory/0', '2026-11-26 07:24:41.108201+00'),
	('01a216bd-fc3f-865d-9516-3a675e53a0ee', '01a216bd-fc3f-7d5d-80d4-b6eb90847e10', 'avatarstore.balance.DeductionRejected', '/balance/0', '2026-11-26 07:24:40.807715+00'),
	('01a216bd-fb73-8971-9935-a89d853a3bd1', '01a216bd-fb73-765e-a26b-ebf52d12bc31', 'avatarstore.balance.DeductionRejected', '/balance/0', '2026-11-26 07:24:40.807715+00'),
	('01a216be-0913-88f5-8237-6b831f8ffc82', '01a216be-0913-7311-a4f7-0351a850c3f3', 'avatarstore.balance.BalanceDeducted', '/balance/0', '2026-11-26 07:24:45.816663+00'),
	('01a216bd-fbc6-8a6b-b854-163d54814db2', '01a216bd-fbc6-7e92-92a2-1281d0d1a44b', 'avatarstore.balance.BalanceDeducted', '/balance/0', '2026-11-26 07:24:45.816663+00'),
	('01a216bd-fca1-8ca0-acfd-b539ebfad54a', '01a216bd-fca1-7e50-8595-26bf152cccd1', 'avatarstore.balance.BalanceDeducted', '/balance/0', '2026-11-26 07:24:45.816663+00'),
	('01a216be-094f-89b3-88d3-41f3db59b5a8', '01a216be-094f-74f1-a47d-2bb7772740f8', 'avatarstore.balance.BalanceDeducted', '/balance/0', '2026-11-26 07:24:45.816663+00'),
	('01a216be-0913-86ab-a2b4-a1ee69bb9198', '01a216be-0913-7311-a4f7-0351a850c3f3', 'avatarstore.inventory.AvatarAssigned', '/inventory/0', '2026-11-26 07:24:45.942691+00'),
	('01a216bd-fbc6-861f-b410-d707672962fe', '01a216bd-fbc6-7e92-92a2-1281d0d1a44b', 'avatarstore.inventory.AvatarAssigned', '/inventory/0', '2026-11-26 07:24:45.942691+00'),
	('01a216bd-fca1-8518-801a-9073aca5ee25', '01a216bd-fca1-7e50-8595-26bf152cccd1', 'avatarstore.balance.BalanceRefunded', '/balance/0', '2026-11-26 07:24:47.801159+00'),
	('01a216be-094f-8521-8ead-f9fe02ca43f4', '01a216be-094f-74f1-a47d-2bb7772740f8', 'avatarstore.balance.BalanceRefunded', '/balance/0', '2026-11-26 07:24:47.801159+00'),
	('01a216bd-fca1-84d4-847e-572ad6252858', '01a216bd-fca1-7e50-8595-26bf152cccd1', 'avatarstore.inventory.AssignmentRejected', '/inventory/0', '2026-11-26 07:24:45.942691+00'),
	('01a216be-094f-8395-b518-01d36975c044', '01a216be-094f-74f1-a47d-2bb7772740f8', 'avatarstore.inventory.AssignmentRejected', '/inventory/0', '2026-11-26 07:24:45.942691+00');
INSERT INTO public.packages VALUES
	('gorilla', 'Gorilla', 500),
	('palm', 'Palm [ULTRA RARE]', 500000000),
	('tiger', 'Tiger', 60000);
INSERT INTO public.posts VALUES
	('player-1', 'first', 'gorilla', '01a216bd-f73f-7ae7-9e17-6a419c70c44a'),
	('player-2', 't', 'tiger', '01a216bd-fb73-765e-a26b-ebf52d12bc31'),
	('player-2', 'g', 'gorilla', '01a216bd-fbc6-7e92-92a2-1281d0d1a44b'),
	('player-9', 'g', 'gorilla', '01a216bd-fc3f-7d5d-80d4-b6eb90847e10'),
	('player-1', 'palm', 'palm', '01a216bd-fca1-7e50-8595-26bf152cccd1'),
	('player-3', 'palm', 'palm', '01a216be-0913-7311-a4f7-0351a850c3f3'),
	('player-1', 'again', 'gorilla', '01a216be-094f-74f1-a47d-2bb7772740f8');
INSERT INTO public.schemas VALUES
	('\x8d68d6326087fbff', 'avatarstore.store.CheckoutCreated', '{"type":"record","name":"CheckoutCreated","doc":"A customer asked to buy a package; nothing is taken or promised yet. Key on the topic: the customer id.","namespace":"avatarstore.store","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"checkoutId","doc":"Id of the checkout, the same on every event of its story.","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","doc":"Whose it is: the opaque pseudonym issued by the studio''s account service, never a name or address. Key of the record on the topic.","type":"string"},{"name":"sku","doc":"Stock-keeping unit of the package that is bought, an opaque code as listed in the catalogue.","type":"string"},{"name":"priceCoins","doc":"Price of the package as fixed when the checkout was created, in whole coins.","type":"long"},{"name":"expiresAt","doc":"Deadline of the checkout: whoever takes coins or assigns an avatar refuses after it. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}}]}'),
	('\x5d9c4fb609c84191', 'avatarstore.store.CheckoutCompleted', '{"type":"record","name":"CheckoutCompleted","doc":"The avatar is the customer''s and the coins are spent. The checkout ends here. Key on the topic: the customer id.","namespace":"avatarstore.store","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"checkoutId","doc":"Id of the checkout, the same on every event of its story.","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","doc":"Whose it is: the opaque pseudonym issued by the studio''s account service, never a name or address. Key of the record on the topic.","type":"string"},{"name":"sku","doc":"Stock-keeping unit of the package that is bought, an opaque code as listed in the catalogue.","type":"string"},{"name":"priceCoins","doc":"Price of the package as fixed when the checkout was created, in whole coins.","type":"long"}]}'),
	('\x2e40ec66df7c6663', 'avatarstore.store.CheckoutFailed', '{"type":"record","name":"CheckoutFailed","doc":"The checkout was refused. It ends here unless a refund is due. Key on the topic: the customer id.","namespace":"avatarstore.store","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"checkoutId","doc":"Id of the checkout, the same on every event of its story.","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","doc":"Whose it is: the opaque pseudonym issued by the studio''s account service, never a name or address. Key of the record on the topic.","type":"string"},{"name":"sku","doc":"Stock-keeping unit of the package that is bought, an opaque code as listed in the catalogue.","type":"string"},{"name":"reason","doc":"Why the checkout was refused. UNKNOWN where the reader does not know the writer''s symbol.","default":"UNKNOWN","type":{"type":"enum","name":"Reason","doc":"Why something was refused. The definition is the same in every schema that uses it.","namespace":"avatarstore","symbols":["UNKNOWN","INSUFFICIENT_FUNDS","UNKNOWN_ACCOUNT","SOLD_OUT","ALREADY_OWNED","UNKNOWN_PACKAGE","EXPIRED"],"default":"UNKNOWN"}},{"name":"refundDue","doc":"True where the coins had been taken and come back by a refund still to follow; false where none were taken.","type":"boolean"}]}'),
	('\xf8bd7b589a676cca', 'avatarstore.store.CheckoutRefunded', '{"type":"record","name":"CheckoutRefunded","doc":"The coins of a failed checkout are back on the customer''s balance. The checkout ends here. Key on the topic: the customer id.","namespace":"avatarstore.store","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"checkoutId","doc":"Id of the checkout, the same on every event of its story.","type":{"type":"string","logicalType":"uuid"}},{"name":"customerId","doc":"Whose it is: the opaque pseudonym issued by the studio''s account service, never a name or address. Key of the record on the topic.","type":"string"},{"name":"sku","doc":"Stock-keeping unit of the package that is bought, an opaque code as listed in the catalogue.","type":"string"},{"name":"refundedCoins","doc":"Coins given back, in whole coins.","type":"long"}]}'),
	('\x203e854bc48c6cdc', 'avatarstore.store.PackageListed', '{"type":"record","name":"PackageListed","doc":"A package was put on sale. Key on the topic: the sku.","namespace":"avatarstore.store","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"sku","doc":"Stock-keeping unit of the package put on sale, an opaque code as listed in the catalogue.","type":"string"},{"name":"name","doc":"What the package is called in the shop window: the name of a product, for display.","type":"string"},{"name":"priceCoins","doc":"Price from now on, in whole coins.","type":"long"}]}'),
	('\x54dcb785312dc229', 'avatarstore.store.PriceChanged', '{"type":"record","name":"PriceChanged","doc":"The price of a listed package changed; checkouts already created keep theirs. Key on the topic: the sku.","namespace":"avatarstore.store","fields":[{"name":"eventId","doc":"Id of this event, unique over all events of all owners; a record that carries an id seen before is a copy.","type":{"type":"string","logicalType":"uuid"}},{"name":"occurredAt","doc":"When the owner decided this. Microseconds since 1970-01-01T00:00:00Z.","type":{"type":"long","logicalType":"timestamp-micros"}},{"name":"sku","doc":"Stock-keeping unit of the package whose price changed, an opaque code as listed in the catalogue.","type":"string"},{"name":"priceCoins","doc":"Price from now on, in whole coins.","type":"long"},{"name":"previousPriceCoins","doc":"Price until now, in whole coins.","type":"long"}]}');
SELECT pg_catalog.setval('public.migrations_schemaversionsid_seq', 2, true);
SELECT pg_catalog.setval('public.parked_id_seq', 1, false);
ALTER TABLE ONLY public.migrations
    ADD CONSTRAINT "PK_migrations_Id" PRIMARY KEY (schemaversionsid);
ALTER TABLE ONLY public.posts
    ADD CONSTRAINT a_key_is_one_checkout PRIMARY KEY (customer_id, idempotency_key);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT an_event_happens_once UNIQUE (event_id);
ALTER TABLE ONLY public.checkouts
    ADD CONSTRAINT checkouts_pkey PRIMARY KEY (checkout_id);
ALTER TABLE ONLY public.events
    ADD CONSTRAINT events_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY public.handled
    ADD CONSTRAINT handled_pkey PRIMARY KEY (topic, partition);
ALTER TABLE ONLY public.head
    ADD CONSTRAINT head_pkey PRIMARY KEY (only_row);
ALTER TABLE ONLY public.observations
    ADD CONSTRAINT observations_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.packages
    ADD CONSTRAINT packages_pkey PRIMARY KEY (sku);
ALTER TABLE ONLY public.parked
    ADD CONSTRAINT parked_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.schemas
    ADD CONSTRAINT schemas_pkey PRIMARY KEY (fingerprint);
CREATE INDEX checkouts_under_way ON public.checkouts USING btree (expires_at) WHERE (ended_at IS NULL);
CREATE INDEX events_by_correlation ON public.events USING btree (correlation_id) WHERE (correlation_id IS NOT NULL);
CREATE INDEX observations_by_checkout ON public.observations USING btree (checkout_id);
CREATE INDEX parked_by_key ON public.parked USING btree (topic, key, id);
CREATE UNIQUE INDEX parked_once ON public.parked USING btree (topic, partition, "position", md5(COALESCE(value, '\x'::bytea)));
CREATE PUBLICATION events WITH (publish = 'insert');
ALTER PUBLICATION events ADD TABLE ONLY public.events;
