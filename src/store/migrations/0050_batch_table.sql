-- A batch prediction may go into a table of a PostgreSQL database.

ALTER TABLE batch_job ADD COLUMN output_table TEXT NOT NULL DEFAULT '';
