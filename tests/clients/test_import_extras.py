# SPDX-License-Identifier: Apache-2.0
"""What stands beside runs, models and traces in MLflow's stores: reviews, issues, scorers, tool
servers, webhooks, files attached to traces. All of it comes over, and what cannot is named."""

import json
import sqlite3
from dataclasses import asdict, is_dataclass
from enum import Enum

import pytest
import requests
from mlflow import MlflowClient
from test_import import summary

pytest.importorskip("sqlalchemy")

# Tables whose rows the tests here and beside follow to their end.
FOLLOWED = set(
    "assessments datasets entity_associations evaluation_dataset_records evaluation_dataset_tags "
    "evaluation_datasets experiment_tags experiments input_tags inputs issues label_schemas "
    "logged_model_metrics logged_model_params logged_model_tags logged_models "
    "mcp_access_endpoints mcp_server_aliases mcp_server_tags mcp_server_version_tags "
    "mcp_server_versions mcp_servers metrics model_version_tags model_versions params "
    "registered_model_aliases registered_model_tags registered_models review_queue_items "
    "review_queue_label_schemas review_queue_users review_queues runs scorer_versions scorers "
    "spans tags trace_info trace_request_metadata trace_tags webhook_events webhooks".split()
)
# Made from others, or the server's notes to itself.
DERIVED = set(
    "alembic_version job_locks latest_metrics scheduler_leases span_metrics trace_metrics "
    "sql_assessment_daily_rollups sql_span_cost_daily_rollups sql_trace_metric_daily_rollups "
    "sql_trace_rollup_rebuild_queue".split()
)
TOOLS = [{"name": "look", "description": "looks", "inputSchema": {"type": "object"}}]
ICONS = [{"src": "https://93.184.216.34/a.png", "mimeType": "image/png", "sizes": ["16x16"]}]


@pytest.fixture
def client(tmp_path, monkeypatch):
    import mlflow

    monkeypatch.chdir(tmp_path)  # where a store of the client puts its files
    yield mlflow
    mlflow.set_tracking_uri(None)
    mlflow.set_registry_uri(None)


def plain(value):
    if isinstance(value, Enum):
        return str(value.value)
    if is_dataclass(value):
        return plain(asdict(value))
    if hasattr(value, "to_dictionary"):
        return plain(value.to_dictionary())
    if hasattr(value, "__dict__") and not isinstance(value, type):
        return plain({k.lstrip("_"): v for k, v in vars(value).items()})
    if isinstance(value, dict):
        # A store says nothing where the interface says an empty list.
        return {k: plain(v) or ([] if k == "tools" else plain(v)) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    return value


def make_extras(mlflow, url: str) -> tuple[str, str]:
    """Into the database at `url`, through the original's own store; the experiment and a trace."""
    from mlflow.entities.issue import IssueSeverity, IssueStatus
    from mlflow.entities.webhook import WebhookAction, WebhookEntity, WebhookEvent
    from mlflow.genai.label_schemas import InputCategorical, InputNumeric, InputPassFail, InputText
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.tracing.attachments import Attachment
    from mlflow.tracking._tracking_service.utils import _get_store

    mlflow.set_tracking_uri(url)
    experiment = mlflow.set_experiment("reviewed").experiment_id
    with mlflow.start_run() as run, mlflow.start_span("shown") as span:
        picture = Attachment(content_type="image/png", content_bytes=b"\x89PNG" + bytes(3000))
        span.set_outputs({"picture": picture, "größe": 2})
    mlflow.flush_trace_async_logging()
    trace = mlflow.get_last_active_trace_id()
    store = _get_store(url)
    forms = {
        "tone": ("feedback", InputCategorical(options=["good", "bad"], multi_select=True)),
        "score": ("feedback", InputNumeric(min_value=-1.5, max_value=10.5)),
        "fine": ("expectation", InputPassFail(positive_label="ja", negative_label="nein")),
        "why": ("feedback", InputText(max_length=77)),
    }
    schemas = [
        store.create_label_schema(
            experiment, name=name, type=kind, input=form, instruction=name * 2, enable_comment=True
        )
        for name, (kind, form) in forms.items()
    ]
    queue = store.create_review_queue(
        experiment,
        name="Mixed Case",
        queue_type="custom",
        created_by="ada",
        users=["ada", "bob"],
        schema_ids=[s.schema_id for s in schemas[:2]],
    )
    store.add_items_to_review_queue(queue.queue_id, item_ids=[trace])
    store.set_review_queue_item_status(
        queue.queue_id, item_id=trace, status="complete", completed_by="bob"
    )
    own = store.get_or_create_user_queue(experiment, user="carol")
    store.add_items_to_review_queue(own.queue_id, item_ids=[trace])
    store.create_issue(
        experiment,
        "slow",
        "it takes long é",
        severity=IssueSeverity.HIGH,
        root_causes=["disk", "net"],
        source_run_id=run.info.run_id,
        categories=["speed"],
        created_by="judge",
    )
    later = store.create_issue(experiment, "wrong", "not right")
    store.update_issue(later.issue_id, status=IssueStatus.RESOLVED)
    for text in ("one", "two", "three"):
        body = {"name": text, "call_source": "def scorer(): return 1"}
        store.register_scorer(experiment, "safe", json.dumps(body))
    store.delete_scorer(experiment, "safe", 2)
    make_tool_server(store)
    registry = Registry(url)
    event = WebhookEvent(WebhookEntity.MODEL_VERSION, WebhookAction.CREATED)
    other = WebhookEvent(WebhookEntity.REGISTERED_MODEL, WebhookAction.CREATED)
    address = "https://93.184.216.34/hook"
    registry.create_webhook("open", address, [event, other], "described")
    registry.create_webhook("sealed", address, [event], secret="s3cret")
    gone = registry.create_webhook("gone", address, [event])
    registry.delete_webhook(gone.webhook_id)
    return experiment, trace


def make_tool_server(store) -> None:
    name = "io.example/tools"
    icons = json.loads(json.dumps(ICONS))
    store.create_mcp_server(name, "finds things", icons, created_by="ada")
    store.update_mcp_server(name, display_name="Tools", last_updated_by="bob")
    for version, status in (("1.0.0", "active"), ("1.2.0-rc.1", "draft"), ("0.9.0", "active")):
        document = {"name": name, "version": version, "description": "of the version"}
        document["title"] = version
        store.create_mcp_server_version(
            document, source="git", status=tool_status(status), created_by="ada"
        )
    store.set_mcp_server_tag(name, "team", "blue")
    store.set_mcp_server_version_tag(name, "1.0.0", "checked", "yes")
    store.set_mcp_server_alias(name, "stable", "1.0.0")
    store.create_mcp_access_endpoint(name, "https://93.184.216.34/a", server_version="0.9.0")
    store.create_mcp_access_endpoint(name, "https://93.184.216.34/b", server_alias="stable")
    store.update_mcp_server_version(name, "0.9.0", status=tool_status("deprecated"))


def tool_status(word: str):
    from mlflow.entities.mcp_server_version import MCPStatus

    return MCPStatus(word)


def told(url: str, experiment: str) -> dict:
    """Everything that a store, or a server, tells of them."""
    from mlflow.tracking._tracking_service.utils import _get_store

    store = _get_store(url)
    queues = sorted(store.list_review_queues(experiment), key=lambda q: q.queue_id)
    name = "io.example/tools"
    scorers = {}
    for version in (1, 3):
        found = store.get_scorer(experiment, "safe", version)
        scorers[version] = (found.creation_time, found._serialized_scorer, found.scorer_id)
    return {
        "schemas": sorted(
            (json.dumps(plain(s), sort_keys=True) for s in store.list_label_schemas(experiment)),
        ),
        "queues": [plain(q) | {"users": sorted(q.users)} for q in queues],
        "items": [plain(store.list_review_queue_items(q.queue_id)) for q in queues],
        "issues": plain(sorted(store.search_issues(experiment), key=lambda i: i.issue_id)),
        "scorers": scorers,
        "server": plain(store.get_mcp_server(name)),
        "versions": plain(list(store.search_mcp_server_versions(name))),
        "endpoints": sorted(json.dumps(plain(e)) for e in store.search_mcp_access_endpoints(name)),
    }


def hooks_of(url: str) -> dict:
    found = requests.get(f"{url}/api/2.0/mlflow/webhooks", timeout=30).json()["webhooks"]
    return {
        w["name"]: (w["status"], sorted((e["entity"], e["action"]) for e in w["events"]))
        for w in found
    }


def attached(url: str, trace: str) -> bytes:
    spans = MlflowClient(url).get_trace(trace).data.spans
    reference = spans[0].outputs["picture"]
    assert reference.startswith("mlflow-attachment://")
    path = reference.removeprefix("mlflow-attachment://").split("?")[0]
    answer = requests.get(
        f"{url}/ajax-api/3.0/mlflow/get-trace-artifact",
        {"request_id": trace, "path": path},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    return answer.content


def test_what_stands_beside_the_history_comes_over(client, new_server, slipway, tmp_path):
    database = f"sqlite:///{tmp_path}/mlflow.db"
    experiment, trace = make_extras(client, database)
    before = told(database, experiment)
    server = new_server().start()
    command = ("import", "mlflow", database, "--server", server.url, "--json", "-")
    done = summary(slipway(*command, cwd=tmp_path))
    assert not done["problems"], done["problems"]
    counts = {k: done["copied"][k] for k in ("review_queues", "issues", "scorers", "tool_servers")}
    assert counts == {"review_queues": 2, "issues": 2, "scorers": 2, "tool_servers": 1}
    assert (done["copied"]["webhooks"], done["copied"]["files"]) == (2, 1)
    assert [n for n in done["notes"] if "sealed" in n and "secret" in n]
    assert not [n for n in done["notes"] if "left out" in n], done["notes"]
    after = told(server.url, experiment)
    for part in before:
        assert after[part] == before[part], part
    assert hooks_of(server.url) == {
        "open": (
            "ACTIVE",
            [("MODEL_VERSION", "CREATED"), ("REGISTERED_MODEL", "CREATED")],
        ),
        "sealed": ("DISABLED", [("MODEL_VERSION", "CREATED")]),
    }
    assert attached(server.url, trace) == b"\x89PNG" + bytes(3000)
    again = summary(slipway(*command, cwd=tmp_path))
    assert set(again["copied"].values()) == {0}, again["copied"]
    # On to another server of ours, through the interface that all servers have.
    second = new_server().start()
    onward = ("import", "mlflow", server.url, "--server", second.url, "--json", "-")
    done = summary(slipway(*onward))
    assert not done["problems"], done["problems"]
    moved = told(second.url, experiment)
    for part in before:
        assert moved[part] == before[part], part
    assert attached(second.url, trace) == b"\x89PNG" + bytes(3000)


def test_tables_that_have_no_place_here_are_named(client, slipway, tmp_path):
    from mlflow.store.db.base_sql_model import Base
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.tracking._tracking_service.utils import _get_store

    file = tmp_path / "mlflow.db"
    database = f"sqlite:///{file}"
    _get_store(database), Registry(database)
    with sqlite3.connect(file) as db:
        there = {r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert there >= set(Base.metadata.tables)
        strange = there - FOLLOWED - DERIVED - {"workspaces"}
        db.execute("CREATE TABLE of_a_later_version (id INTEGER, text TEXT)")
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("PRAGMA ignore_check_constraints = ON")
        db.execute("INSERT INTO workspaces (name) VALUES ('other')")
        for table in strange | {"of_a_later_version"}:
            columns = [r[1] for r in db.execute(f'PRAGMA table_info("{table}")')]
            marks = ", ".join("1" for _ in columns)
            db.execute(f'INSERT INTO "{table}" ({", ".join(columns)}) VALUES ({marks})')
    done = slipway(
        *("import", "mlflow", database, "--data", str(tmp_path / "data"), "--json", "-"),
        cwd=tmp_path,
    )
    notes = summary(done)["notes"]
    for table in strange | {"of_a_later_version", "workspaces"}:
        assert [n for n in notes if f"'{table}'" in n], f"{table} is left out without a word"
    assert len(notes) == len(strange) + 2


def test_a_table_that_is_followed_is_really_read(slipway, tmp_path, client):
    """With a table of the source emptied, something else comes over, or less."""
    file = tmp_path / "mlflow.db"
    experiment, _ = make_extras(client, f"sqlite:///{file}")

    def state(name: str) -> str:
        data = tmp_path / name
        source = f"sqlite:///{file}"
        done = slipway("import", "mlflow", source, "--data", str(data), "--json", "-", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        rows = []
        with sqlite3.connect(data / "slipway.db") as db:
            tables = [r[0] for r in db.execute("SELECT name FROM sqlite_master WHERE type='table'")]
            for table in sorted(tables):
                if table.startswith(("issue", "evaluation", "tool_server", "webhook")):
                    rows += [table, *sorted(map(str, db.execute(f'SELECT * FROM "{table}"')))]
        return str(rows)

    whole = state("whole")
    with sqlite3.connect(file) as db:
        full = [
            t
            for t in FOLLOWED
            if t.startswith(("issues", "label", "mcp", "review", "scorer", "webhook"))
            and db.execute(f'SELECT COUNT(*) FROM "{t}"').fetchone()[0]
        ]
    assert len(full) == 16, full
    for table in full:
        with sqlite3.connect(file) as db:
            db.execute("PRAGMA foreign_keys = OFF")
            kept = db.execute(f'SELECT rowid, * FROM "{table}"').fetchall()
            names = [r[1] for r in db.execute(f'PRAGMA table_info("{table}")')]
            db.execute(f'DELETE FROM "{table}"')
        without = state(f"without-{table}")
        assert without != whole, f"nothing is missed without {table}"
        with sqlite3.connect(file) as db:
            db.execute("PRAGMA foreign_keys = OFF")
            marks = ", ".join("?" for _ in names)
            rows = [row[1:] for row in kept]
            db.executemany(f'INSERT INTO "{table}" ({", ".join(names)}) VALUES ({marks})', rows)


def test_traces_of_a_folder_come_over(client, new_server, slipway, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    folder = tmp_path / "mlruns"
    from mlflow.entities import AssessmentSource
    from mlflow.tracing.attachments import Attachment

    client.set_tracking_uri(folder.as_uri())
    experiment = client.set_experiment("old").experiment_id
    with client.start_span("outer", span_type="CHAIN") as outer:
        outer.set_inputs({"q": "warum?"})
        with client.start_span("inner") as inner:
            inner.set_attribute("k", [1, "zwei"])
        outer.set_outputs({"picture": Attachment(content_type="text/plain", content_bytes=b"hi")})
    client.flush_trace_async_logging()
    trace = client.get_last_active_trace_id()
    client.set_trace_tag(trace, "team", "blue")
    who = AssessmentSource("HUMAN", "ada")
    client.log_feedback(trace_id=trace, name="good", value=0.5, rationale="so", source=who)
    client.log_expectation(trace_id=trace, name="wanted", value={"x": [1, None]}, source=who)
    here = MlflowClient(folder.as_uri()).get_trace(trace)
    server = new_server().start()
    command = ("import", "mlflow", str(folder), "--server", server.url, "--json", "-")
    done = summary(slipway(*command))
    assert not done["problems"] and done["copied"]["traces"] == 1, done
    there = MlflowClient(server.url).get_trace(trace)
    for field in ("trace_id", "request_time", "execution_duration", "state", "request_preview"):
        assert getattr(there.info, field) == getattr(here.info, field), field
    assert there.info.tags["team"] == "blue"
    metadata = "mlflow.trace.session", "mlflow.trace_schema.version", "mlflow.user"
    for key in metadata:
        assert there.info.trace_metadata.get(key) == here.info.trace_metadata.get(key), key
    assert [s.to_dict() for s in there.data.spans] == [s.to_dict() for s in here.data.spans]

    def assessments(of):
        return sorted(
            (a.assessment_id, a.name, a.value, a.rationale, a.create_time_ms, str(a.source))
            for a in of.info.assessments
        )

    assert assessments(there) == assessments(here) and len(assessments(here)) == 2
    assert attached(server.url, trace) == b"hi"
    assert MlflowClient(server.url).get_experiment(experiment).name == "old"
    assert set(summary(slipway(*command))["copied"].values()) == {0}
