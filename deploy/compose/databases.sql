-- Run once by the postgres image, on an empty data directory.
-- Passwords are for a machine of one's own: see docker-compose.yml.
CREATE ROLE store LOGIN PASSWORD 'store';
CREATE ROLE balance LOGIN PASSWORD 'balance';
CREATE ROLE inventory LOGIN PASSWORD 'inventory';
CREATE ROLE registry LOGIN PASSWORD 'registry';
CREATE ROLE logtailer LOGIN REPLICATION PASSWORD 'logtailer';
-- The second, to see the transactions of others that hold back the clean-up of a head row's dead versions.
GRANT pg_read_all_data, pg_read_all_stats TO logtailer;
CREATE DATABASE store OWNER store;
CREATE DATABASE balance OWNER balance;
CREATE DATABASE inventory OWNER inventory;
CREATE DATABASE registry OWNER registry;
