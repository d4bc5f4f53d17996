-- Run once by the postgres image, on an empty data directory.
-- Passwords are for a machine of one's own: see docker-compose.yml.
-- A service serves by a role that may change no event; another owns its database (docs/secured-servers.md).
CREATE ROLE store LOGIN PASSWORD 'store';
CREATE ROLE store_owner LOGIN PASSWORD 'store_owner';
CREATE ROLE balance LOGIN PASSWORD 'balance';
CREATE ROLE balance_owner LOGIN PASSWORD 'balance_owner';
CREATE ROLE inventory LOGIN PASSWORD 'inventory';
CREATE ROLE inventory_owner LOGIN PASSWORD 'inventory_owner';
-- The Observer owns what it derives: nobody else's facts are in its database.
CREATE ROLE observer LOGIN PASSWORD 'observer';
CREATE ROLE registry LOGIN PASSWORD 'registry';
CREATE ROLE logtailer LOGIN REPLICATION PASSWORD 'logtailer';
-- To see the transactions of others that hold back the clean-up of a head row's dead versions.
GRANT pg_read_all_stats TO logtailer;
CREATE DATABASE store OWNER store_owner;
CREATE DATABASE balance OWNER balance_owner;
CREATE DATABASE inventory OWNER inventory_owner;
CREATE DATABASE registry OWNER registry;
CREATE DATABASE observer OWNER observer;
-- Nobody looks into another's database.
REVOKE ALL ON DATABASE store, balance, inventory, registry, observer FROM PUBLIC;
GRANT CONNECT ON DATABASE store TO store, logtailer;
GRANT CONNECT ON DATABASE balance TO balance, logtailer;
GRANT CONNECT ON DATABASE inventory TO inventory, logtailer;
