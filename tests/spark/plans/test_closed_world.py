"""The tables name every message, field and enum value that PySpark's protocol has where a plan can be.

A new PySpark release fails here with the list of what is new, until each is classified.
"""

from __future__ import annotations

import functools
import inspect
import pkgutil
from typing import Any, get_args

import pyspark.sql.connect.proto as pb
import pyspark.sql.functions as functions
import pytest
from pyspark.sql.connect.proto import base_pb2
from pyspark.sql.connect.tvf import TableValuedFunction

from engine.spark.plans.analyses import LOCAL_ANSWERS
from engine.spark.plans.decode import decode
from engine.spark.plans.function_maps import MAP_KINDS
from engine.spark.plans.relation_checks import SPREADING_FUNCTIONS
from engine.spark.plans.rules import Drop, Keep, Refuse, Walk
from engine.spark.plans.tables import CHECKS, ENUMS, FIELDS
from engine.spark.plans.trees import WithPlanId, walk
from engine.spark.text import known_functions
from sandbox.contract.framing import Method
from tests.spark.plans import corpus
from tests.spark.plans.offline import Offline
from tests.spark.text.python_only import PYTHON_ONLY

ROOTS = (pb.ExecutePlanRequest, pb.AnalyzePlanRequest, pb.ConfigRequest)
PACKAGE = "spark.connect."


def _short(descriptor: Any) -> str:
    return str(descriptor.full_name).removeprefix(PACKAGE)


def _value_type(field: Any) -> Any:
    """The message type of a field; for maps that of the values, if those are messages."""
    kind = field.message_type
    if kind is not None and kind.GetOptions().map_entry:
        return kind.fields_by_name["value"].message_type
    return kind


def reachable() -> dict[str, Any]:
    """The message types that the tables let a request reach, by short name."""
    found: dict[str, Any] = {}
    work = [root.DESCRIPTOR for root in ROOTS]
    while work:
        descriptor = work.pop()
        name = _short(descriptor)
        if name in found:
            continue
        found[name] = descriptor
        rules = FIELDS.get(name, {})
        work += [
            _value_type(field)
            for field in descriptor.fields
            if isinstance(rules.get(field.name), Walk) and _value_type(field) is not None
        ]
    return found


REACHABLE = reachable()


def test_every_reachable_field_is_classified() -> None:
    missing = [
        f"{name}.{field.name}"
        for name, descriptor in REACHABLE.items()
        for field in descriptor.fields
        if field.name not in FIELDS.get(name, {})
    ]
    assert missing == []


def test_tables_name_nothing_else() -> None:
    assert set(FIELDS) == set(REACHABLE)
    for name, rules in FIELDS.items():
        assert set(rules) == set(REACHABLE[name].fields_by_name), name


def test_checks_belong_to_known_messages() -> None:
    assert set(CHECKS) <= set(FIELDS)


def test_rules_fit_their_fields() -> None:
    """Messages are walked, scalars kept; an enum is kept only with a table of its values."""
    for name, rules in FIELDS.items():
        for field_name, rule in rules.items():
            field = REACHABLE[name].fields_by_name[field_name]
            if isinstance(rule, Walk):
                assert _value_type(field) is not None, f"{name}.{field_name}"
            elif isinstance(rule, Keep):
                assert field.message_type is None, f"{name}.{field_name}"
                assert field.enum_type is None or _short(field.enum_type) in ENUMS, f"{name}.{field_name}"


def test_every_text_is_checked() -> None:
    """No string or bytes passes without a check: each could be long, name a file or be parsed."""
    text = [
        f"{name}.{field_name}"
        for name, rules in FIELDS.items()
        for field_name, rule in rules.items()
        if isinstance(rule, Keep)
        and rule.check is None
        and REACHABLE[name].fields_by_name[field_name].default_value in ("", b"")
    ]
    assert text == []


@pytest.mark.parametrize("name", ENUMS)
def test_every_enum_value_is_classified(name: str) -> None:
    enums = {
        _short(field.enum_type): field.enum_type
        for descriptor in REACHABLE.values()
        for field in descriptor.fields
        if field.enum_type is not None
    }
    values = {value.name for value in enums[name].values if value.number != 0}
    assert set(ENUMS[name]) == values


def test_refusals_say_what_and_why() -> None:
    for name, rules in FIELDS.items():
        for field_name, rule in rules.items():
            if isinstance(rule, Refuse):
                error = rule.error()
                assert error.code and rule.what and rule.why, f"{name}.{field_name}"


def test_plan_ids_are_known() -> None:
    """Renumbering must see each field that holds a plan id."""
    holders = {
        descriptor.full_name for descriptor in REACHABLE.values() if "plan_id" in descriptor.fields_by_name
    }
    assert holders == {kind.DESCRIPTOR.full_name for kind in get_args(WithPlanId)}


def test_local_answers_are_fields_of_the_response() -> None:
    assert set(LOCAL_ANSWERS.values()) <= set(pb.AnalyzePlanResponse.DESCRIPTOR.fields_by_name)


def test_counts_of_what_is_classified() -> None:
    """The sizes of PySpark 4.2's protocol, so that a surprise is seen as one."""
    assert len(FIELDS["Relation"]) == 1 + 61
    assert len(FIELDS["Expression"]) == 1 + 22
    assert len(FIELDS["Command"]) == 20
    assert len(pb.AnalyzePlanRequest.DESCRIPTOR.oneofs_by_name["analyze"].fields) == 14
    assert len(FIELDS["ConfigRequest.Operation"]) == 7


# The calls of Spark Connect. A worker can ask for three; the others have no method on the channel.
CALLS = {
    "ExecutePlan": "checked",
    "AnalyzePlan": "checked",
    "Config": "answered from a table, but for three settings of the metric's own questions",
    "AddArtifacts": "would put files on the backend",
    "ArtifactStatus": "tells of files on the backend",
    "Interrupt": "the engine's; a guest's would reach other queries",
    "ReattachExecute": "the channel does not reattach",
    "ReleaseExecute": "the channel does not reattach",
    "ReleaseSession": "the engine's",
    "FetchErrorDetails": "messages of the backend; the engine writes its own",
    "CloneSession": "sessions are the engine's",
    "GetStatus": "tells of other queries",
}
# The files of the protocol, and what of them a request may hold.
PROTO_FILES = {
    "base": "requests",
    "commands": "views and spark.sql; all else is refused",
    "common": "nothing: origins are left out, storage levels and resource profiles are not used",
    "expressions": "expressions",
    "relations": "relations",
    "types": "types",
    "catalog": "nothing: catalogs are refused",
    "example_plugins": "nothing: extensions are refused",
    "ml": "nothing: models are kept on the server",
    "ml_common": "nothing: models are kept on the server",
    "pipelines": "nothing: pipelines are refused",
}


def test_every_call_of_the_protocol_is_classified() -> None:
    calls = {method.name for method in base_pb2.DESCRIPTOR.services_by_name["SparkConnectService"].methods}
    assert calls == set(CALLS)
    assert {method.name for method in Method} == {"EXECUTE", "ANALYZE", "CONFIG"}


def test_every_file_of_the_protocol_is_classified_and_some_give_nothing() -> None:
    files = {name for _, name, _ in pkgutil.iter_modules(pb.__path__) if name.endswith("_pb2")}
    assert files == {f"{name}_pb2" for name in PROTO_FILES}
    used = {
        descriptor.file.name.rpartition("/")[2].removesuffix(".proto") for descriptor in REACHABLE.values()
    }
    assert used == {name for name, use in PROTO_FILES.items() if not use.startswith("nothing")}


def test_what_is_left_out_has_a_reason() -> None:
    for name, rules in FIELDS.items():
        for field_name, rule in rules.items():
            if isinstance(rule, Drop):
                assert len(rule.reason) > 10, f"{name}.{field_name}"


# Kinds that pass although no call of the corpus makes them.
NOT_IN_THE_CORPUS = {
    "Expression.common_inline_user_defined_function": "a function of the author; see `tests.spark.functions`",
    "Expression.named_argument_expression": "an argument of one of those; see `tests.spark.functions`",
    "Command.register_function": "likewise, by a name",
    **dict.fromkeys([f"Relation.{name}" for name in MAP_KINDS], "a function of the author, too"),
    "Relation.html_string": "a notebook's view of a DataFrame",
    "Relation.as_of_join": "pandas-on-Spark's merge_asof; computes over its two inputs only",
    "ConfigRequest.Operation.get_option": "answered from the table of settings",
    "ConfigRequest.Operation.set": "what a metric sets for its own questions; the worker answers the client",
}


def test_what_passes_is_what_authors_use(connect_mode: None) -> None:
    """A kind that nothing honest makes is surface for nothing."""
    offline, made = Offline(), set()
    requests = [
        (Method.EXECUTE, offline.fetch(call(offline.df, offline.spark))) for call in corpus.RELATIONS.values()
    ]
    requests += [
        offline.ask(functools.partial(call, offline.df, offline.spark)) for call in corpus.REQUESTS.values()
    ]
    kinds = dict(zip(Method, ROOTS, strict=True))
    for method, payload in requests:
        for message in walk(decode(kinds[method], payload)):
            made |= {f"{_short(message.DESCRIPTOR)}.{field.name}" for field, _ in message.ListFields()}
    holders = ("Relation", "Expression", "Command", "AnalyzePlanRequest", "ConfigRequest.Operation")
    passing = {
        f"{holder}.{name}"
        for holder in holders
        for name, rule in FIELDS[holder].items()
        if isinstance(rule, Walk)
    }
    assert passing - made == set(NOT_IN_THE_CORPUS)


# Public names of pyspark.sql.functions that are no functions: what its module imports for itself.
IMPORTED = {
    **dict.fromkeys(("builtin", "partitioning", "functools", "inspect", "sys", "warnings"), "a module"),
    **dict.fromkeys(("TYPE_CHECKING", "Any", "Callable", "Iterable", "Mapping", "Optional"), "typing"),
    **dict.fromkeys(("Sequence", "Tuple", "Type", "Union", "ValuesView", "cast"), "typing"),
    **dict.fromkeys(("Column", "DataType", "ArrayType", "ByteType", "NumericType"), "a class of PySpark"),
    **dict.fromkeys(("StringType", "StructType"), "a class of PySpark"),
    **dict.fromkeys(("PySparkTypeError", "PySparkValueError"), "an error"),
    **dict.fromkeys(("AnalyzeArgument", "AnalyzeResult", "OrderingColumn"), "of Python table functions"),
    **dict.fromkeys(("PartitioningColumn", "SelectedColumn"), "of Python table functions"),
    **dict.fromkeys(("SkipRestOfInputTableException",), "of Python table functions"),
    **dict.fromkeys(("ArrowUDFType", "PandasUDFType", "UserDefinedFunction"), "of Python functions"),
    **dict.fromkeys(("UserDefinedTableFunction",), "of Python table functions"),
}


def test_every_public_name_of_the_functions_module_is_classified() -> None:
    public = {name for name in dir(functions) if not name.startswith("_")}
    assert len(public) > 500
    unknown = {name for name in public if name.lower() not in known_functions()} - PYTHON_ONLY.keys()
    assert unknown <= IMPORTED.keys(), sorted(unknown - IMPORTED.keys())
    assert not [
        name for name in IMPORTED.keys() - {"cast"} if inspect.isfunction(getattr(functions, name, None))
    ]


def test_every_table_function_of_the_session_is_classified() -> None:
    public = {name for name in dir(TableValuedFunction) if not name.startswith("_")}
    refused = {name for name in public if not known_functions()[name].allowed}
    assert refused == {"collations", "python_worker_logs", "sql_keywords"}
    assert public - refused - {"range"} == SPREADING_FUNCTIONS  # a range is bounded as a relation of its own
