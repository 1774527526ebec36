# SPDX-License-Identifier: Apache-2.0
"""The registry of MCP servers."""

from script import call

API3 = "/api/3.0/mlflow/mcp-servers"
WEATHER = "com.example/weather"
ICON = {"src": "https://example.com/i.png", "theme": "dark", "mimeType": " IMAGE/PNG "}


def ask(name, method, path, body=None, **more):
    call("tools: " + name, method, API3 + path, body if body is not None else {}, **more)


def version(number, **more):
    document = {"name": WEATHER, "version": number, "description": f"says {number}"}
    return {"server_json": document | more.pop("document", {})} | more


ask("create", "POST", "", {"name": WEATHER})
ask("create again", "POST", "", {"name": WEATHER})
ask("create described", "POST", "", {"name": "com.example/b2", "description": "other"})
for label, name in {
    "empty": "",
    "one part": "weather",
    "three parts": "a.b/c/d",
    "a reserved name": "com.example/tags",
    "blanks": "com example/x",
    "a dot at the end": "com.example./x",
    "one letter": "com.example/x",
}.items():
    ask(f"create with {label}", "POST", "", {"name": name})
ask("create without a name", "POST", "", {})
ask("create with a number", "POST", "", {"name": 5})
ask("create with an icon over http", "POST", "", {"name": "a.b/c1", "icons": [{"src": "http://x"}]})
ask("create with an icon of no image", "POST", "",
    {"name": "a.b/c1", "icons": [ICON | {"mimeType": "text/html"}]})  # fmt: skip
ask("create with icons no list", "POST", "", {"name": "a.b/c1", "icons": {}})
ask("get", "GET", f"/{WEATHER}")
ask("get encoded", "GET", "/com.example%2Fweather")
ask("get nobody", "GET", "/com.example/nobody")
ask("newest of none", "GET", f"/{WEATHER}/aliases/latest")
ask("add a draft", "POST", f"/{WEATHER}/versions", version("1.0.0"))
TOOLS = [{"name": "now", "description": "the weather now", "inputSchema": {"type": "object"}}]
ask("add with tools", "POST", f"/{WEATHER}/versions",
    version("1.2.0-beta.2", tools=TOOLS, status="active", source="git",
            connect_options={"npm": {"hidden": True}}, document={"_meta": {"k": 1}}))  # fmt: skip
ask("add a later one", "POST", f"/{WEATHER}/versions", version("1.2.0-beta.10", tools=[]))
ask("add it again", "POST", f"/{WEATHER}/versions", version("1.0.0"))
for number in ("1", "1.2", "01.2.3", "1.2.3-", "1.2.3-01", "v1.0.0", "1.2.3.4", "x", "", "1.2.3+"):
    ask(f"add version '{number}'", "POST", f"/{WEATHER}/versions", version(number))
ask("add of another name", "POST", "/com.example/b2/versions", version("1.0.0"))
ask("add deprecated", "POST", f"/{WEATHER}/versions", version("3.0.0", status="deprecated"))
ask("add of a moon's status", "POST", f"/{WEATHER}/versions", version("3.0.0", status="moon"))
ask("add without a document", "POST", f"/{WEATHER}/versions", {})
ask("add tools no list", "POST", f"/{WEATHER}/versions", version("3.0.0", tools={}))
ask("add a tool without a name", "POST", f"/{WEATHER}/versions", version("3.0.0", tools=[{}]))
WRAPPED = {"server": {"name": "com.example/new", "version": "0.1.0"}, "_meta": {}}
ask("add to nobody, wrapped", "POST", "/com.example/new/versions", {"server_json": WRAPPED})
ask("get with versions", "GET", f"/{WEATHER}")
ask("get a version", "GET", f"/{WEATHER}/versions/1.2.0-beta.2")
ask("get no version", "GET", f"/{WEATHER}/versions/9.9.9")
ask("newest", "GET", f"/{WEATHER}/aliases/latest")
ask("activate", "PATCH", f"/{WEATHER}/versions/1.0.0", {"status": "active"})
ask("deprecate a draft", "PATCH", f"/{WEATHER}/versions/1.2.0-beta.10", {"status": "deprecated"})
ask("status null", "PATCH", f"/{WEATHER}/versions/1.0.0", {"status": None})
ask("tools null", "PATCH", f"/{WEATHER}/versions/1.2.0-beta.2", {"tools": None})
ask("tools back", "PATCH", f"/{WEATHER}/versions/1.2.0-beta.2", {"tools": TOOLS})
ask("change no version", "PATCH", f"/{WEATHER}/versions/9.9.9", {"status": "active"})
ask("newest by order", "GET", f"/{WEATHER}/aliases/latest")
ask("alias", "POST", f"/{WEATHER}/aliases", {"alias": "prod", "version": "1.0.0"})
ask("alias moved", "POST", f"/{WEATHER}/aliases", {"alias": "prod", "version": "1.2.0-beta.2"})
ask("alias latest", "POST", f"/{WEATHER}/aliases", {"alias": "latest", "version": "1.0.0"})
ask("alias to nothing", "POST", f"/{WEATHER}/aliases", {"alias": "x", "version": "9.9.9"})
ask("alias of nobody", "POST", "/com.example/nobody/aliases", {"alias": "x", "version": "1.0.0"})
ask("get by alias", "GET", f"/{WEATHER}/aliases/prod")
ask("get by no alias", "GET", f"/{WEATHER}/aliases/none")
ask("tag", "POST", f"/{WEATHER}/tags", {"key": "team/x", "value": "blue"})
ask("tag again", "POST", f"/{WEATHER}/tags", {"key": "team/x", "value": "red"})
ask("tag of nobody", "POST", "/com.example/nobody/tags", {"key": "k", "value": "v"})
ask("tag without a value", "POST", f"/{WEATHER}/tags", {"key": "k"})
ask("version tag", "POST", f"/{WEATHER}/versions/1.0.0/tags", {"key": "a", "value": "b"})
ask("version tag of none", "POST", f"/{WEATHER}/versions/9.9.9/tags", {"key": "a", "value": "b"})
E = f"/{WEATHER}/endpoints"
ask("address of a version", "POST", E,
    {"url": "https://x.example.com/mcp", "server_version": "1.0.0"},
    save={"a1": "id"})  # fmt: skip
ask("address of an alias", "POST", E,
    {"url": "https://y.example.com", "server_alias": "prod", "transport_type": "sse"},
    save={"a2": "id"})  # fmt: skip
ask("address of the newest", "POST", E, {"url": "http://z", "server_alias": "latest"},
    save={"a3": "id"})  # fmt: skip
ask("address of both", "POST", E, {"url": "u", "server_version": "1.0.0", "server_alias": "prod"})
ask("address of neither", "POST", E, {"url": "u"})
ask("address of no version", "POST", E, {"url": "u", "server_version": "9.9.9"})
ask("address of no alias", "POST", E, {"url": "u", "server_alias": "none"})
ask("address without url", "POST", E, {"server_version": "1.0.0"})
ask("address with a blank url", "POST", E, {"url": " ", "server_version": "1.0.0"})
ask("address by pigeon", "POST", E,
    {"url": "u", "server_version": "1.0.0", "transport_type": "pigeon"})  # fmt: skip
ask("get address", "GET", E + "/$a1")
ask("get address of another", "GET", "/com.example/b2/endpoints/$a1")
ask("get no address", "GET", E + "/ae-none")
ask("move address", "PATCH", E + "/$a1", {"server_alias": "prod", "url": "https://n"})
ask("move it to both", "PATCH", E + "/$a1", {"server_alias": "prod", "server_version": "1.0.0"})
ask("move it nowhere", "PATCH", E + "/$a1", {"server_version": "9.9.9"})
ask("url null", "PATCH", E + "/$a1", {"url": None})
ask("get with all", "GET", f"/{WEATHER}")
for label, query in {
    "all": {},
    "by name": {"filter_string": "name LIKE 'com.example/w%'"},
    "by status": {"filter_string": "status = 'active'"},
    "by status list": {"filter_string": "status IN ('draft', 'active')"},
    "by tag": {"filter_string": "tags.`team/x` = 'red'"},
    "by addresses": {"filter_string": "has_access_endpoints = 'true'"},
    "without addresses": {"filter_string": "has_access_endpoints = 'false'"},
    "by a bad flag": {"filter_string": "has_access_endpoints = 'maybe'"},
    "by an unknown key": {"filter_string": "moon = 'x'"},
    "by time": {"filter_string": "created_at > 5"},
    "by time as text": {"filter_string": "created_at > 'x'"},
    "backwards": {"order_by": ["name DESC"]},
    "by a bad order": {"order_by": ["moon"]},
    "twice": {"order_by": ["name", "name DESC"]},
    "one": {"max_results": 1},
    "none": {"max_results": 0},
    "too many": {"max_results": 1001},
    "with a bad token": {"page_token": "?"},
}.items():
    ask(f"servers {label}", "GET", "", query)
for label, query in {
    "all": {},
    "after": {"filter_string": "version > '1.2.0-beta.2'"},
    "up to": {"filter_string": "version <= '1.2.0-beta.2'"},
    "exactly": {"filter_string": "version = '1.0.0'"},
    "not": {"filter_string": "version != '1.0.0'"},
    "like": {"filter_string": "version LIKE '1%'"},
    "after nonsense": {"filter_string": "version > 'x'"},
    "by status": {"filter_string": "status = 'draft'"},
}.items():
    ask(f"versions {label}", "GET", f"/{WEATHER}/versions", query)
ask("versions of nobody", "GET", "/com.example/nobody/versions")
for label, query in {
    "by transport": {"filter_string": "transport_type = 'sse'"},
    "by alias": {"server_alias": "latest"},
    "by version": {"server_version": "1.0.0"},
    "by server": {"filter_string": f"server_name = '{WEATHER}'", "order_by": ["created_at DESC"]},
    "by nonsense": {"filter_string": "moon = 'x'"},
}.items():
    ask(f"addresses {label}", "GET", "/endpoints", query)
ask("addresses of a server", "GET", E, {"order_by": ["created_at"]})
# The original looks up where the icon is, so its answer depends on the network.
ask("change", "PATCH", f"/{WEATHER}", {"description": "", "icons": [ICON]}, ours=(200, None))
ask("change to null", "PATCH", f"/{WEATHER}", {"description": None, "icons": None})
ask("change the newest", "PATCH", f"/{WEATHER}", {"latest_version": "1.0.0"})
ask("change nobody", "PATCH", "/com.example/nobody", {"description": "x"})
ask("delete while active", "DELETE", f"/{WEATHER}")
ask("delete an active version", "DELETE", f"/{WEATHER}/versions/1.2.0-beta.2")
ask("deprecate", "PATCH", f"/{WEATHER}/versions/1.2.0-beta.2", {"status": "deprecated"})
ask("delete a deprecated version", "DELETE", f"/{WEATHER}/versions/1.2.0-beta.2")
ask("what its alias led to is gone", "GET", E)
ask("delete it twice", "DELETE", f"/{WEATHER}/versions/1.2.0-beta.2")
ask("its number is taken", "POST", f"/{WEATHER}/versions", version("1.2.0-beta.2"))
ask("alias to the deleted", "POST", f"/{WEATHER}/aliases",
    {"alias": "x", "version": "1.2.0-beta.2"})  # fmt: skip
ask("address to the deleted", "POST", E, {"url": "u", "server_version": "1.2.0-beta.2"})
ask("untag", "DELETE", f"/{WEATHER}/tags/team/x")
ask("untag twice", "DELETE", f"/{WEATHER}/tags/team/x")
ask("untag a version", "DELETE", f"/{WEATHER}/versions/1.0.0/tags/a")
ask("untag it twice", "DELETE", f"/{WEATHER}/versions/1.0.0/tags/a")
ask("no alias to delete", "DELETE", f"/{WEATHER}/aliases/prod")
ask("delete an address", "DELETE", E + "/$a3")
ask("delete it again", "DELETE", E + "/$a3")
ask("draft again", "PATCH", f"/{WEATHER}/versions/1.0.0", {"status": "draft"})
ask("delete", "DELETE", f"/{WEATHER}")
ask("get the deleted", "GET", f"/{WEATHER}")
ask("delete twice", "DELETE", f"/{WEATHER}")
