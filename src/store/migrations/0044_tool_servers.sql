-- Servers of tools that agents call: what they are, their versions, and where they are reached.
-- Documents are JSON text as it was given. A removed version stays as a row of status "deleted", so
-- that its number is not used twice.
CREATE TABLE tool_server (
  name TEXT PRIMARY KEY,
  display_name TEXT,
  description TEXT,
  icons TEXT,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);
CREATE TABLE tool_server_tag (
  server TEXT NOT NULL REFERENCES tool_server (name) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (server, key)
);
CREATE TABLE tool_server_alias (
  server TEXT NOT NULL REFERENCES tool_server (name) ON DELETE CASCADE,
  alias TEXT NOT NULL,
  version TEXT NOT NULL,
  PRIMARY KEY (server, alias)
);
CREATE TABLE tool_server_version (
  server TEXT NOT NULL REFERENCES tool_server (name) ON DELETE CASCADE,
  version TEXT NOT NULL,
  status TEXT NOT NULL,
  document TEXT NOT NULL,
  tools TEXT,
  options TEXT,
  source TEXT,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  PRIMARY KEY (server, version)
);
CREATE TABLE tool_server_version_tag (
  server TEXT NOT NULL REFERENCES tool_server (name) ON DELETE CASCADE,
  version TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (server, version, key)
);
CREATE TABLE tool_server_address (
  id TEXT PRIMARY KEY,
  server TEXT NOT NULL REFERENCES tool_server (name) ON DELETE CASCADE,
  url TEXT NOT NULL,
  transport TEXT NOT NULL,
  version TEXT,
  alias TEXT,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL
);
CREATE INDEX tool_server_address_server ON tool_server_address (server);
