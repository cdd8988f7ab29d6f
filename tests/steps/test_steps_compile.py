"""How pipelines are written down as ASL: names, places, values and what a stage fills in."""

import json
import re

import pytest

from stepmill import steps
from stepmill.asl.problems import InvalidDefinition
from stepmill.asl.scope import Scope
from stepmill.asl.templates import compile_template

LANGUAGES = pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
LEGAL = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}")


def arguments(state):
    return state.get("Arguments", state.get("Parameters"))


def at_run_time(state, language, **context):
    """What a Task would send."""
    there = {
        "Execution": {"Id": "arn:aws:states:us-east-1:000000000000:execution:digits:daily_1", "Name": "daily_1",
                      "RedriveCount": 0, "Input": {}, **context.pop("Execution", {})},
        "State": {"EnteredTime": "2026-11-23T09:00:00.123Z", "RetryCount": 0, **context.pop("State", {})},
        **context,
    }  # fmt: skip
    template = json.loads(json.dumps(arguments(state)).replace("${Bucket}", "bucket"))
    return compile_template(template, language)(Scope({}, {}, there))


JOB = 'definition = ProcessingStep("NAME", ScriptProcessor(), code="preprocess.py", outputs=["train"])'


@LANGUAGES
@pytest.mark.parametrize("name", ["Preprocess", "前処理", "x" * 80, "Fit a very long model name number 12", "0"])
def test_a_job_s_name_is_legal_and_differs_where_it_must(author, language, name):
    (state,) = author.states(JOB.replace("NAME", name), language).values()
    seen = {
        at_run_time(state, language, **context)["ProcessingJobName"]
        for context in (
            {},
            {"State": {"RetryCount": 99999}},
            {"State": {"EnteredTime": "2026-11-23T09:00:00.124Z"}},
            {"Execution": {"RedriveCount": 1}},
            {"Execution": {"Id": "arn:other"}},
        )
    }
    assert len(seen) == 5
    assert all(len(job) <= 63 and LEGAL.fullmatch(job) for job in seen), seen


def test_a_state_without_a_letter_gets_the_base_step(author):
    (state,) = author.states(JOB.replace("NAME", "前処理"), "JSONata").values()
    assert at_run_time(state, "JSONata")["ProcessingJobName"].startswith("digits-step-")


def test_two_long_names_stay_apart(author):
    one, two = (author.states(JOB.replace("NAME", "a long name " * 4 + end)) for end in ("x", "y"))
    assert arguments(next(iter(one.values()))) != arguments(next(iter(two.values())))


@LANGUAGES
def test_the_items_of_a_map_get_names_of_their_own(author, language):
    items = "items_path=StepInput()['items']"
    each = author.states(
        f'{JOB.replace("NAME", "Job")}\ndefinition = Map("Each", iterator=definition, {items})', language
    )["Each"]
    job = each.get("ItemProcessor", each.get("Iterator"))["States"]["Job"]
    names = {at_run_time(job, language, Map={"Item": {"Index": i, "Value": 0}})["ProcessingJobName"] for i in range(3)}
    assert len(names) == 3


@LANGUAGES
def test_outputs_go_below_workflow_execution_and_job(author, language):
    (state,) = author.states(JOB.replace("NAME", "Pre"), language).values()
    sent = at_run_time(state, language)
    uri = sent["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
    assert uri == f"s3://bucket/digits/daily_1/{sent['ProcessingJobName']}/output/train"


def test_base_job_name_is_kept(author):
    text = 'definition = ProcessingStep("P", ScriptProcessor(base_job_name="my_base"), code="preprocess.py")'
    (state,) = author.states(text, "JSONata").values()
    assert at_run_time(state, "JSONata")["ProcessingJobName"].startswith("my-base-")


@LANGUAGES
def test_a_local_script_is_found_beside_the_pipeline_s_file(author, language, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    assert len(author.bundle(JOB.replace("NAME", "P"), language).manifest.assets) == 1


READS = """
    t = TrainingStep("Train", Estimator(entry_point="train.py", metric_definitions={"model": "a: (.*)"}))
    f = LambdaStep("Ask", function="functions.py:notify", payload={})
    r = S3GetObjectStep("Report", "s3://bucket/key.json")
    use = Pass("Use", parameters={
        "model": t.model, "metric": t.metrics["model"], "name": t.result["TrainingJobName"],
        "all": f.payload, "deep": f.payload["a"]["b c"][0], "status": f.result["StatusCode"],
        "one": r.json["scores"][0]["x"], "two": r.json["n"],
    })
    definition = Chain([t, f, r, use])
"""


def test_values_are_remembered_once_and_read_by_path_in_jsonata(author):
    states = author.states(READS, "JSONata")
    assert states["Train"]["Assign"] == {
        "train": {
            "model": "{% $states.result.ModelArtifacts.S3ModelArtifacts %}",
            "metrics_model": "{% $states.result.FinalMetricDataList[MetricName='model'].Value %}",
            "TrainingJobName": "{% $states.result.TrainingJobName %}",
        }
    }
    assert states["Ask"]["Assign"] == {
        "ask": {"payload": "{% $states.result.Payload %}", "StatusCode": "{% $states.result.StatusCode %}"}
    }
    assert states["Report"]["Assign"] == {
        "report": {
            "scores": {"_0": {"x": "{% $parse($states.result.Body).scores[0].x %}"}},
            "n": "{% $parse($states.result.Body).n %}",
        }
    }
    assert states["Use"]["Output"] == {
        "model": "{% $train.model %}",
        "metric": "{% $train.metrics_model %}",
        "name": "{% $train.TrainingJobName %}",
        "all": "{% $ask.payload %}",
        "deep": "{% $ask.payload.a.`b c`[0] %}",
        "status": "{% $ask.StatusCode %}",
        "one": "{% $report.scores._0.x %}",
        "two": "{% $report.n %}",
    }


def test_values_are_remembered_once_and_read_by_path_in_jsonpath(author):
    states = author.states(READS)
    assert states["Report"]["Assign"] == {"report.$": "States.StringToJson($.Body)"}
    assert states["Train"]["Assign"]["train"]["metrics_model.$"] == "$.FinalMetricDataList[0].Value"
    assert states["Use"]["Parameters"]["deep.$"] == "$ask.payload.a['b c'][0]"
    assert states["Use"]["Parameters"]["one.$"] == "$report.scores[0].x"


def test_only_what_is_read_is_remembered(author):
    states = author.states("""
        t = TrainingStep("Train", Estimator(entry_point="train.py"))
        definition = Chain([t, Pass("End")])
    """)
    assert "Assign" not in states["Train"]


@LANGUAGES
def test_either_of_documents_is_read_in_both_languages(author, language):
    states = author.states(
        """
        a = S3GetObjectStep("A", "s3://b/a.json"); b = S3GetObjectStep("B", "s3://b/b.json")
        a.add_catch(Catch(error_equals=["S3.NoSuchKeyException"], next_step=b))
        use = Pass("Use", parameters={"n": either(a.json["n"], b.json["n"])})
        a.next(use); b.next(use)
        definition = a
    """,
        language,
    )
    if language == "JSONata":
        assert states["B"]["Assign"] == {"either_n": "{% $parse($states.result.Body).n %}"}
        assert states["Use"]["Output"] == {"n": "{% $either_n %}"}
    else:
        assert states["B"]["Assign"] == {"either_n.$": "States.StringToJson($.Body)"}
        assert states["Use"]["Parameters"] == {"n.$": "$either_n.n"}


def test_what_a_pass_made_is_remembered(author):
    text = """
        a = Pass("A", parameters={"x": {"y": StepInput()["q"]}})
        definition = Chain([a, Pass("B"), Pass("Use", parameters={"z": a.result["x"]["y"]})])
    """
    assert author.states(text)["A"]["Assign"] == {"a": {"x": {"y.$": "$.x.y"}}}
    assert author.states(text, "JSONata")["A"]["Assign"] == {"a": {"x": {"y": "{% $states.input.q %}"}}}


def test_a_model_s_uri_is_split_without_computing_the_job_s_name_again(author):
    text = """
        t = TrainingStep("Train", Estimator(entry_point="train.py"))
        definition = Chain([t, S3GetObjectStep("Read", t.model)])
    """
    sent = author.states(text)["Read"]["Parameters"]
    assert sent == {
        "Bucket": "${Bucket}",
        "Key.$": "States.Format('digits/{}/{}/output/model.tar.gz', $$.Execution.Name, $train.TrainingJobName)",
    }


def test_a_uri_known_at_run_time_is_split_in_jsonata_and_refused_in_jsonpath(author):
    text = 'definition = S3GetObjectStep("Read", ExecutionInput({"uri": str})["uri"])'
    sent = author.states(text, "JSONata")["Read"]["Arguments"]
    made = compile_template(sent, "JSONata")(Scope(context={"Execution": {"Input": {"uri": "s3://b/k/l.json"}}}))
    assert made == {"Bucket": "b", "Key": "k/l.json"}
    assert "cannot split this URI" in author.problem(text)[1]


def test_constant_uris_are_split(author):
    sent = author.states('definition = S3GetObjectStep("Read", "s3://${Bucket}/a/b.json")')["Read"]["Parameters"]
    assert sent == {"Bucket": "${Bucket}", "Key": "a/b.json"}
    assert "no object's URI" in author.problem('definition = S3GetObjectStep("Read", "a/b.json")')[1]


IMAGES = """
    p = ProcessingStep("Pre", ScriptProcessor(requirements=["numpy"]), code="preprocess.py")
    t = TrainingStep("Fit it", Estimator(entry_point="train.py", requirements=REQUIREMENTS))
    e = ProcessingStep("Own", ScriptProcessor(image_uri="own:1"), code="evaluate.py")
    definition = Chain([p, t, e])
"""


def test_one_image_serves_all_steps_of_the_same_making(author):
    bundle = author.bundle(IMAGES.replace("REQUIREMENTS", '["numpy"]'))
    assert list(bundle.manifest.images) == ["Image"]
    image = bundle.manifest.images["Image"]
    assert image.requirements == ("numpy",)
    assert re.fullmatch(r"stepmill\.local/digits:[0-9a-f]{12}", image.uri)


def test_steps_of_another_making_get_images_of_their_own(author):
    bundle = author.bundle(IMAGES.replace("REQUIREMENTS", '["torch"]'))
    assert list(bundle.manifest.images) == ["PreImage", "FitItImage"]
    states = json.loads(bundle.template)["States"]
    assert states["Fit it"]["Parameters"]["AlgorithmSpecification"]["TrainingImage"] == "${FitItImage}"
    assert states["Own"]["Parameters"]["AppSpecification"]["ImageUri"] == "own:1"


def test_a_requirements_file_is_read_and_a_dockerfile_is_known_by_its_content(author):
    (author.folder / "requirements.txt").write_text("# ours\nnumpy\n\nscipy\n")
    (author.folder / "Dockerfile").write_text("FROM python:3.12\n")
    text = """
        p = ProcessingStep("Pre", ScriptProcessor(requirements="requirements.txt"), code="preprocess.py")
        definition = Chain([p, ProcessingStep("Own", ScriptProcessor(dockerfile="Dockerfile"), code="evaluate.py")])
    """
    images = author.bundle(text).manifest.images
    assert images["PreImage"].requirements == ("numpy", "scipy")
    assert images["OwnImage"].dockerfile == str(author.folder / "Dockerfile")
    (author.folder / "Dockerfile").write_text("FROM python:3.13\n")
    assert author.bundle(text).manifest.images["OwnImage"].uri != images["OwnImage"].uri


def test_one_name_for_each_file_and_handler(author):
    (author.folder / "other.py").write_text("def notify(event, context):\n    return {}\n")
    bundle = author.bundle("""
        a = LambdaStep("A", function="functions.py:notify", payload={})
        b = LambdaStep("B", function="functions.py:notify", payload={"x": 1})
        c = LambdaStep("C", function="other.py:notify", memory=256, timeout=5, environment={"A": "b"})
        d = LambdaStep("D", function="by-name", payload=StepInput())
        definition = Chain([a, b, c, d])
    """)
    functions = bundle.manifest.functions
    assert list(functions) == ["NotifyFunction", "OtherNotifyFunction"]
    assert functions["NotifyFunction"].name == "digits-notify"
    assert functions["NotifyFunction"].handler == "functions.notify"
    assert functions["OtherNotifyFunction"].memory == 256
    states = json.loads(bundle.template)["States"]
    assert states["D"]["Parameters"] == {"FunctionName": "by-name", "Payload.$": "$"}
    assert len({f.name for f in functions.values()}) == 2


def test_a_bundle_is_bound_in_one_textual_pass(author):
    bundle = author.bundle("""
        definition = Pass("P", parameters={"a": "${Bucket}/x", "b": "${HOME}", "c": "${JobRole}"})
    """)
    assert bundle.needs == ("Bucket", "JobRole")
    text = bundle.bind({"Bucket": "b-1", "JobRole": "arn:aws:iam::1:role/r", "More": "ignored"})
    assert json.loads(text)["States"]["P"]["Parameters"] == {"a": "b-1/x", "b": "${HOME}", "c": "arn:aws:iam::1:role/r"}


@pytest.mark.parametrize("value", ["it's", 'a"b', "a\\b", "{x", "x}", "a\nb", "`"])
def test_a_binding_that_would_break_out_of_its_text_is_refused(author, value):
    bundle = author.bundle('definition = Pass("P", parameters={"a": "${Bucket}"})')
    with pytest.raises(InvalidDefinition, match="no quotes, backslashes, braces"):
        bundle.bind({"Bucket": value})


def test_all_missing_bindings_are_told_at_once(author):
    bundle = author.bundle('definition = Pass("P", parameters={"a": "${Bucket}${JobRole}"})')
    with pytest.raises(InvalidDefinition) as refused:
        bundle.bind({"Buckets": "x"})
    assert [problem.place for problem in refused.value.problems] == ["${Bucket}", "${JobRole}"]


@LANGUAGES
def test_the_input_s_defaults_make_a_first_state(author, language):
    text = """
        run = ExecutionInput({"epochs": 20, "path": "it's"})
        definition = Pass("Input", parameters={"n": run["epochs"]})
    """
    bundle = author.bundle(text, language)
    machine = json.loads(bundle.template)
    assert machine["StartAt"] == "Input 2"
    assert machine["States"]["Input 2"]["Next"] == "Input"
    assert bundle.manifest.schema.defaults == {"epochs": 20, "path": "it's"}
    assign = compile_template(machine["States"]["Input 2"]["Assign"], language)
    data = {"defaults": {"epochs": 20, "path": "it's"}, "given": {"epochs": 3}}
    made = assign(Scope(data, {}, {"Execution": {"Input": {"epochs": 3}}}))
    assert made == {"input": {"epochs": 3, "path": "it's"}}


def test_a_schema_of_types_adds_no_state(author):
    bundle = author.bundle('definition = Pass("P", parameters={"n": ExecutionInput({"n": int})["n"]})')
    assert list(json.loads(bundle.template)["States"]) == ["P"]
    assert bundle.manifest.schema.check({}) != []


def test_scalars_known_at_run_time_move_to_their_path_fields(author):
    text = """
        run = ExecutionInput({"s": int, "t": str})
        task = Task("T", resource="arn:aws:states:::lambda:invoke", parameters={"FunctionName": "f"},
                    timeout_seconds=run["s"])
        definition = Chain([Wait("W", seconds=run["s"]), task, Fail("F", error=run["t"], cause=f"because {run['t']}")])
    """
    states = author.states(text)
    assert states["W"]["SecondsPath"] == "$$.Execution.Input['s']"
    assert states["T"]["TimeoutSecondsPath"] == "$$.Execution.Input['s']"
    assert states["F"]["ErrorPath"] == "$$.Execution.Input['t']"
    assert states["F"]["CausePath"] == "States.Format('because {}', $$.Execution.Input['t'])"
    states = author.states(text, "JSONata")
    assert states["W"]["Seconds"] == "{% $states.context.Execution.Input.s %}"
    assert states["F"]["Cause"] == "{% 'because ' & $states.context.Execution.Input.t %}"


def test_old_rules_become_conditions_in_jsonata(author):
    states = author.states(
        """
        R = ChoiceRule
        rules = [
            R.StringMatches("$.a", "*.log"),
            R.IsPresent("$.a.b[0]", False),
            R.IsNumeric("$$.Execution.Input['n']", True),
            R.Not(R.TimestampLessThan("$.d", "2026-11-23T00:00:00Z")),
            R.NumericEqualsPath("$.a", "$.b"),
        ]
        choices = [(rule, Succeed(f"S{n}")) for n, rule in enumerate(rules)]
        definition = Choice("C", choices=choices, default=Succeed("D"))
    """,
        "JSONata",
    )
    assert [choice["Condition"] for choice in states["C"]["Choices"]] == [
        r"{% $type($states.input.a) = 'string' and $contains($states.input.a, /^[\s\S]*\.log$/) %}",
        "{% $not($exists($states.input.a.b[0])) %}",
        "{% $type($states.context.Execution.Input.n) = 'number' %}",
        r"{% $not($type($states.input.d) = 'string' and "
        r"$contains($states.input.d, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/) and "
        r"$toMillis($states.input.d) < $toMillis('2026-11-23T00:00:00Z')) %}",
        "{% $type($states.input.a) = 'number' and $type($states.input.b) = 'number' and "
        "$states.input.a = $states.input.b %}",
    ]


def test_jsonata_written_by_hand_stays_in_asl_s_own_fields(author):
    states = author.states(
        'definition = Pass("P", output={"x": "{% $now() %}"}, assign={"y": "{% 1 + 1 %}"})', "JSONata"
    )
    assert states["P"]["Output"] == {"x": "{% $now() %}"}
    states = author.states('definition = Pass("P", parameters={"x": "{% $now() %}"})', "JSONata")
    assert states["P"]["Output"] == {"x": "{% '{% $now() %}' %}"}


def test_a_jsonata_step_in_a_jsonpath_workflow_shares_its_variables(author):
    states = author.states("""
        r = S3GetObjectStep("Report", "s3://b/k.json", query_language="JSONata")
        definition = Chain([r, Pass("Use", parameters={"n": r.json["n"]})])
    """)
    assert states["Report"]["QueryLanguage"] == "JSONata"
    assert states["Report"]["Assign"] == {"report": {"n": "{% $parse($states.result.Body).n %}"}}
    assert states["Use"]["Parameters"] == {"n.$": "$report.n"}


def test_a_distributed_map_is_written_with_its_processor(author):
    each = author.states("""
        definition = Map("Each", iterator=Pass("P"), mode="DISTRIBUTED", parameters={"v.$": "$$.Map.Item.Value"})
    """)["Each"]
    assert each["ItemProcessor"]["ProcessorConfig"] == {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    assert each["ItemSelector"] == {"v.$": "$$.Map.Item.Value"}


def test_every_state_knows_its_line(author):
    sources = author.bundle("""
        both = Parallel("Both")
        both.add_branch(Pass("a/b"))
        definition = both
    """).manifest.sources
    assert sources == {"/States/Both": "pipeline.py:2", "/States/Both/Branches/0/States/a~1b": "pipeline.py:3"}


def test_the_machine_s_own_fields(author):
    bundle = author.bundle('definition = Pass("P")', comment="about", timeout_seconds=9, version="1.0")
    machine = json.loads(bundle.template)
    assert (machine["Comment"], machine["TimeoutSeconds"], machine["Version"]) == ("about", 9, "1.0")


def test_a_catcher_keeps_the_error_only_where_somebody_reads_it(author):
    states = author.states("""
        error = CaughtError()
        told = Fail("Told", error="E", cause=error["Cause"]); plain = Fail("Plain", error="E", cause="c")
        f = LambdaStep("F", function="functions.py:notify", payload={})
        f.add_catch(Catch(error_equals=["A"], next_step=plain))
        f.add_catch(Catch(error_equals=["States.ALL"], next_step=told))
        definition = f
    """)
    assert states["F"]["Catch"] == [
        {"ErrorEquals": ["A"], "Next": "Plain"},
        {
            "ErrorEquals": ["States.ALL"],
            "Assign": {"error": {"State.$": "$$.State.Name", "Error.$": "$.Error", "Cause.$": "$.Cause"}},
            "Next": "Told",
        },
    ]
    assert states["Told"]["CausePath"] == "$error.Cause"


def test_names_can_be_of_any_script(author):
    bundle = author.bundle(
        """
        run = ExecutionInput({"入力": "s3://b/データ/"})
        data = {"in": run["入力"]}
        pre = ProcessingStep("前処理", ScriptProcessor(), code="preprocess.py", inputs=data, outputs=["out"])
        t = TrainingStep("学習", Estimator(entry_point="train.py"), data={"train": pre.outputs["out"]})
        definition = Chain([pre, t, Pass("終わり", parameters={"文": f"モデルは{t.model}です"})])
    """,
        "JSONata",
    )
    states = json.loads(bundle.template)["States"]
    assert states["終わり"]["Output"] == {"文": "{% 'モデルは' & $step_2.model & 'です' %}"}
    assert "前処理" in bundle.template, "text is kept readable"


def test_the_public_words_are_there():
    assert set(steps.__all__) >= {
        "Pass",
        "Wait",
        "Choice",
        "Succeed",
        "Fail",
        "Parallel",
        "Map",
        "Task",
        "Chain",
        "Retry",
    }


@LANGUAGES
def test_variables_do_not_hide_jsonata_s_functions(author, language):
    text = """
        a = S3GetObjectStep("Parse", "s3://b/a.json"); b = S3GetObjectStep("Hash", "s3://b/b.json")
        c = S3GetObjectStep("Hash!", "s3://b/b.json")
        definition = Chain([a, b, c, Pass("Use", parameters={"x": a.json["n"], "y": b.json["n"], "z": c.json["n"]})])
    """
    use = author.states(text, language)["Use"]
    read = " ".join(use.get("Output", use.get("Parameters")).values())
    assert re.findall(r"\$(\w+)\.n", read) == ["parse_2", "hash_2", "hash_3"]


def test_an_inline_map_inside_a_distributed_one_names_its_jobs_by_item(author):
    bundle = author.bundle("""
        job = ProcessingStep("Job", ScriptProcessor(), code="preprocess.py")
        inner = Map("Inner", iterator=job, items_path="$.x")
        definition = Map("Outer", iterator=inner, items_path="$.y", mode="DISTRIBUTED")
    """)
    assert "$$.Map.Item.Index" in bundle.template


def test_an_error_caught_inside_a_branch_is_not_the_one_caught_outside(author):
    states = author.states("""
        error = CaughtError()
        def step(name):
            return LambdaStep(name, function="functions.py:notify", payload={})
        def told(name):
            return Fail(name, error="E", cause=error["Cause"])
        inner, outer, both = step("Inner"), step("Outer"), Parallel("Both")
        inner.add_catch(Catch(error_equals=["States.ALL"], next_step=told("Told inside")))
        outer.add_catch(Catch(error_equals=["States.ALL"], next_step=told("Told outside")))
        both.add_branch(inner)
        definition = Chain([outer, both])
    """)
    inside = states["Both"]["Branches"][0]["States"]
    assert list(states["Outer"]["Catch"][0]["Assign"]) == ["error"]
    assert states["Told outside"]["CausePath"] == "$error.Cause"
    assert list(inside["Inner"]["Catch"][0]["Assign"]) == ["error_2"]
    assert inside["Told inside"]["CausePath"] == "$error_2.Cause"


def test_a_state_shows_itself_as_asl():
    wait = steps.Wait("W", seconds=3)
    wait.next(steps.Succeed("End"))
    assert wait.to_dict() == {"Type": "Wait", "Seconds": 3, "Next": "End"}
    assert json.loads(wait.to_json(pretty=True)) == wait.to_dict()


def test_a_function_is_named_not_passed():
    with pytest.raises(TypeError, match=r"functions\.py:notify"):
        steps.LambdaStep("L", function=print)


def test_the_cause_of_a_failure_is_text_whatever_it_is_made_of(author):
    text = """
        run = ExecutionInput({"count": int})
        definition = Fail("F", error="TooFew", cause=run["count"])
    """
    assert author.states(text, "JSONata")["F"]["Cause"] == "{% $string($states.context.Execution.Input.count) %}"
    assert author.states(text)["F"]["CausePath"] == "States.Format('{}', $$.Execution.Input['count'])"
