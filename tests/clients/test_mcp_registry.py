# SPDX-License-Identifier: Apache-2.0
"""The client's registry of MCP servers."""

import pytest

genai = pytest.importorskip("mlflow.genai")
MCPTool = pytest.importorskip("mlflow.entities.mcp_server").MCPTool
if not hasattr(genai, "register_mcp_server"):
    pytest.skip("this client has no registry of MCP servers", allow_module_level=True)

NAME = "com.example/weather"


@pytest.fixture
def tools(mlflow, monkeypatch):
    monkeypatch.setenv("MLFLOW_ENABLE_MCP_TOOL_DISCOVERY", "false")
    return mlflow.genai


def document(version: str) -> dict:
    return {"name": NAME, "version": version, "description": "tells the weather"}


def test_a_tool_servers_life(tools):
    made = tools.register_mcp_server(
        server_json=document("1.0.0"), status="active", tools=[MCPTool(name="now")]
    )
    assert (made.name, made.version, str(made.status)) == (NAME, "1.0.0", "active")
    tools.register_mcp_server(server_json=document("1.10.0"), tools=[])
    tools.register_mcp_server(server_json=document("1.9.0"), tools=[])
    found = tools.get_mcp_server(name=NAME)
    assert found.latest_version == "1.0.0", "an active one comes before drafts"
    assert found.description == "tells the weather"
    order = tools.search_mcp_server_versions(name=NAME, order_by=["version DESC"])
    assert [v.version for v in order] == ["1.10.0", "1.9.0", "1.0.0"]
    tools.set_mcp_server_alias(name=NAME, alias="prod", version="1.9.0")
    assert tools.get_mcp_server_version_by_alias(name=NAME, alias="prod").version == "1.9.0"
    tools.set_mcp_server_tag(name=NAME, key="team", value="blue")
    (tagged,) = tools.search_mcp_servers(filter_string="tags.team = 'blue'")
    assert tagged.aliases == {"prod": "1.9.0"}
    address = tools.create_mcp_access_endpoint(
        server_name=NAME, url="https://tools.example.com/mcp", server_alias="prod"
    )
    assert address.resolved_version.version == "1.9.0"
    with pytest.raises(Exception, match="active"):
        tools.delete_mcp_server(name=NAME)
    tools.update_mcp_server_version(name=NAME, version="1.0.0", status="draft")
    assert tools.get_latest_mcp_server_version(name=NAME).version == "1.10.0"
    tools.delete_mcp_server_version(name=NAME, version="1.9.0")
    assert list(tools.search_mcp_access_endpoints(server_name=NAME)) == []
    with pytest.raises(Exception, match="not found"):
        tools.get_mcp_server_version(name=NAME, version="1.9.0")
    tools.delete_mcp_server(name=NAME)
    assert list(tools.search_mcp_servers()) == []
