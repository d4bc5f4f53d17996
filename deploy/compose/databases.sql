-- Run once by the postgres image, on an empty data directory.
-- Passwords are for a machine of one's own: see docker-compose.yml.
CREATE ROLE store LOGIN PASSWORD 'store';
CREATE ROLE balance LOGIN PASSWORD 'balance';
CREATE ROLE inventory LOGIN PASSWORD 'inventory';
CREATE ROLE logtailer LOGIN REPLICATION PASSWORD 'logtailer';
GRANT pg_read_all_data TO logtailer;
CREATE DATABASE store OWNER store;
CREATE DATABASE balance OWNER balance;
CREATE DATABASE inventory OWNER inventory;
