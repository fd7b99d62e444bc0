-- Which version of the program's folding has made the columns that are searched and sorted by. The program makes them anew after
-- this migration, and sets its version.
CREATE TABLE folding (version INTEGER NOT NULL);
INSERT INTO folding (version) VALUES (1);
