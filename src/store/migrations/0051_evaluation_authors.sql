-- Who made what reviewers are asked and the servers of tools; told where it is known.
ALTER TABLE evaluation_question ADD COLUMN created_by TEXT;
ALTER TABLE tool_server ADD COLUMN created_by TEXT;
ALTER TABLE tool_server ADD COLUMN updated_by TEXT;
ALTER TABLE tool_server_version ADD COLUMN created_by TEXT;
ALTER TABLE tool_server_version ADD COLUMN updated_by TEXT;
ALTER TABLE tool_server_address ADD COLUMN created_by TEXT;
ALTER TABLE tool_server_address ADD COLUMN updated_by TEXT;
