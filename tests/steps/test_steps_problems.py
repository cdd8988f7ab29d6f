"""Everything wrong with a pipeline is told at once, each with the user's own line and what to do."""

import pytest

from stepmill.inputs import ExecutionInput

JOB = 'ProcessingStep("Pre", ScriptProcessor(), code="preprocess.py", outputs=["train", "test"])'


def test_all_problems_are_told_at_once(author):
    found = author.problems("""
        a = Pass("A")
        a.next("Bee")
        b = Pass("B")
        a.next(Chain([b, Pass("A"), Pass("C", parameters={"x": b.result["q"]})]))
        Pass("Lost").next(b)
        lost = Pass("Lost too"); lost.next(b)
        definition = a
    """)
    assert [(line, code) for line, code, *_ in found] == [(5, "name.twice"), (7, "graph.unreachable")]


def test_a_transition_to_a_missing_state_names_the_nearest(author):
    line, text = author.problem("""
        a = Pass("Preprocess")
        b = a.next(Pass("Train"))
        b.next("Preproces")
        definition = a
    """)
    assert line == 4
    assert "'Train' leads to 'Preproces', and there is no such state here" in text
    assert "did you mean 'Preprocess'?" in text


def test_a_transition_by_name_finds_the_state(author):
    states = author.states("""
        a = Pass("A")
        ask = a.next(Choice("Ask", choices=[(StepInput()["x"] == 1, "A")], default=Succeed("End")))
        definition = a
    """)
    assert states["Ask"]["Choices"][0]["Next"] == "A"


def test_a_way_out_of_a_branch_is_refused(author):
    line, text = author.problem("""
        end = Pass("End")
        inside = Pass("Inside")
        both = Parallel("Both")
        both.add_branch(inside)
        definition = Chain([both, end])
        inside.next(end)
    """)
    assert line in (6, 7)
    assert "no way leads into or out of a Parallel" in text


def test_a_step_that_nothing_leads_to_is_told(author):
    line, text = author.problem("""
        a = Pass("A"); b = Pass("B")
        forgotten = Pass("Forgotten")
        forgotten.next(b)
        definition = Chain([a, b])
    """)
    assert line == 3
    assert "'Forgotten' leads to 'B', but nothing leads to 'Forgotten'" in text


def test_a_step_made_anew_under_its_old_name_is_no_problem(author):
    author.bundle("""
        b = Pass("B")
        old = Pass("A"); old.next(b)
        new = Pass("A"); new.next(b)
        definition = new
    """)


def test_two_states_of_one_name_are_told_with_both_places(author):
    line, text = author.problem("""
        definition = Chain([
            Pass("A"),
            Wait("A", seconds=1),
        ])
    """)
    assert line == 4
    assert "two states are named 'A'; the other one is at pipeline.py:3" in text


def test_two_states_of_one_name_in_different_branches_are_told(author):
    _, text = author.problem("""
        both = Parallel("Both")
        both.add_branch(Pass("Same"))
        both.add_branch(Pass("Same"))
        definition = both
    """)
    assert "two states are named 'Same'" in text


def test_an_output_the_step_does_not_have_names_the_nearest(author):
    line, text = author.problem(f"""
        pre = {JOB}
        definition = Chain([pre, Pass("Use", parameters={{"x": pre.outputs["trian"]}})])
    """)
    assert line == 3
    assert "'Pre' has no output 'trian'" in text
    assert "did you mean 'train'?" in text


def test_outputs_without_a_name_are_refused(author):
    _, text = author.problem(f"""
        pre = {JOB}
        definition = Chain([pre, Pass("Use", parameters={{"x": pre.outputs}})])
    """)
    assert "say which one" in text


def test_a_metric_the_estimator_does_not_define_names_the_nearest(author):
    _, text = author.problem("""
        train = TrainingStep("Train", Estimator(entry_point="train.py", metric_definitions={"accuracy": "a: (.*)"}))
        definition = Chain([train, Pass("Use", parameters={"x": train.metrics["acuracy"]})])
    """)
    assert "'Train' has no metric 'acuracy'" in text
    assert "did you mean 'accuracy'?" in text


def test_one_of_several_metrics_needs_jsonata(author):
    text = """
        many = {"accuracy": "a: (.*)", "loss": "l: (.*)"}
        train = TrainingStep("Train", Estimator(entry_point="train.py", metric_definitions=many))
        gate = Choice("Gate", choices=[(train.metrics["accuracy"] >= 0.9, Succeed("Good"))], default=Fail("Bad"))
        definition = Chain([train, gate])
    """
    _, said = author.problem(text)
    assert "use JSONata" in said
    assign = author.states(text, "JSONata")["Train"]["Assign"]
    assert assign == {"train": {"accuracy": "{% $states.result.FinalMetricDataList[MetricName='accuracy'].Value %}"}}


def test_a_value_that_one_road_does_not_provide_names_the_road(author):
    line, text = author.problem(f"""
        run = ExecutionInput({{"fresh": bool}})
        pre = {JOB}
        use = Pass("Use", parameters={{"x": pre.outputs["train"]}})
        definition = Choice("New?", choices=[(run["fresh"], pre)], default=use)
        pre.next(use)
    """)
    assert line == 4
    assert "'Use' reads outputs['train'] of 'Pre', but 'Pre' has not run before it on the road New? → Use" in text


def test_a_value_is_not_there_after_its_step_was_caught(author):
    _, text = author.problem(f"""
        pre = {JOB}
        use = Pass("Use", parameters={{"x": pre.outputs["train"]}})
        pre.add_catch(Catch(error_equals=["States.ALL"], next_step=use))
        definition = Chain([pre, use])
    """)
    assert "on the road Pre → Use" in text


def test_either_is_enough_when_every_road_provides_one(author):
    text = f"""
        run = ExecutionInput({{"fresh": bool}})
        pre = {JOB}
        last = LambdaStep("Last", function="functions.py:notify", payload={{}})
        use = Pass("Use", parameters={{"x": either(pre.outputs["train"], last.payload["train"])}})
        definition = Choice("New?", choices=[(run["fresh"], pre)], default=last)
        pre.next(use); last.next(use)
    """
    assert author.states(text)["Use"]["Parameters"] == {"x.$": "$either_train"}


def test_either_names_the_road_that_provides_neither(author):
    _, text = author.problem(f"""
        run = ExecutionInput({{"fresh": bool, "old": bool}})
        pre = {JOB}
        last = LambdaStep("Last", function="functions.py:notify", payload={{}})
        use = Pass("Use", parameters={{"x": either(pre.outputs["train"], last.payload["train"])}})
        definition = Choice("New?", choices=[(run["fresh"], pre), (run["old"], last)], default=use)
        pre.next(use); last.next(use)
    """)
    assert "neither 'Pre' nor 'Last' has run before it on the road New? → Use" in text


def test_a_value_does_not_leave_a_parallel(author):
    line, text = author.problem(f"""
        pre = {JOB}
        both = Parallel("Both")
        both.add_branch(Pass("Other"))
        both.add_branch(pre)
        definition = Chain([both, Pass("Use", parameters={{"x": pre.outputs["train"]}})])
    """)
    assert line == 6
    assert "'Pre' is inside Parallel 'Both' and its value stays there" in text
    assert "take it from the Parallel's output: step.result[1] of 'Both'" in text


def test_a_value_from_outside_is_read_inside_a_branch_but_not_in_a_distributed_map(author):
    text = f"""
        pre = {JOB}
        inside = Pass("Use", parameters={{"x": pre.outputs["train"]}})
        definition = Chain([pre, Map("Each", iterator=inside, items_path="$.items", mode=MODE)])
    """
    assert author.states(text.replace("MODE", "'INLINE'"))["Each"]["Iterator"]["States"]["Use"]["Parameters"] == {
        "x.$": "$pre.train"
    }
    _, said = author.problem(text.replace("MODE", "'DISTRIBUTED'"))
    assert "pass it in: item_selector={…} of the Map" in said


def test_output_of_a_step_that_does_not_feed_the_reader_hints_at_result(author):
    line, text = author.problem("""
        first = LambdaStep("First", function="functions.py:notify", payload={})
        middle = Pass("Middle")
        last = Pass("Last", parameters={"x": first.output()["Payload"]})
        definition = Chain([first, middle, last])
    """)
    assert line == 4
    assert "'Last' uses the output() of 'First', but its input is fed by 'Middle'" in text
    assert "use .result" in text


def test_output_passes_through_choice_and_wait(author):
    states = author.states("""
        first = LambdaStep("First", function="functions.py:notify", payload={})
        asked = Choice("Ask", choices=[(first.output()["Payload"]["n"] == 1, Wait("Wait", seconds=1))],
                       default=Succeed("End"))
        last = Pass("Last", parameters={"x": first.output()["Payload"]["n"]})
        definition = Chain([first, asked])
        asked.choices[0][1].next(last)
    """)
    assert states["Last"]["Parameters"] == {"x.$": "$['Payload']['n']"}


def test_a_value_of_a_step_outside_the_pipeline_is_told(author):
    _, text = author.problem(f"""
        pre = {JOB}
        definition = Pass("Use", parameters={{"x": pre.outputs["train"]}})
    """)
    assert "'Pre' is not part of this pipeline" in text


def test_a_script_that_does_not_exist_is_told(author):
    line, text = author.problem('definition = ProcessingStep("Pre", ScriptProcessor(), code="preproces.py")')
    assert line == 2
    assert "preproces.py" in text


def test_a_script_that_does_not_parse_is_told_at_its_own_line(author):
    (author.folder / "train.py").write_text("x = 1\ndef broken(:\n    pass\n")
    where, text = author.problem('definition = TrainingStep("Train", Estimator(entry_point="train.py"))')
    assert where == "train.py:2"
    assert "train.py does not parse" in text
    assert "'Train' runs it (written at pipeline.py:2)" in text


def test_a_handler_that_is_not_in_the_file_names_the_nearest(author):
    line, text = author.problem('definition = LambdaStep("Tell", function="functions.py:notfy", payload={})')
    assert line == 2
    assert "functions.py has no function 'notfy'" in text
    assert "did you mean 'notify'?" in text


def test_a_function_file_without_a_handler_is_told(author):
    _, text = author.problem('definition = LambdaStep("Tell", function="functions.py", payload={})')
    assert 'write function="functions.py:handler"' in text


def test_one_function_has_one_setting(author):
    _, text = author.problem("""
        a = LambdaStep("A", function="functions.py:notify", payload={}, timeout=3)
        definition = Chain([a, LambdaStep("B", function="functions.py:notify", payload={}, timeout=4)])
    """)
    assert "with different timeout" in text


@pytest.mark.parametrize(
    ("permissions", "said"),
    [
        ('["s3:GetObject"]', "takes statements"),
        ('[{"Action": "s3:GetObject"}]', "lacks Resource"),
        ('[{"Action": "GetObject", "Resource": "*"}]', "the Action 'GetObject', which is not service:Action"),
        ('[{"Action": ["s3:Get*"], "Resource": "bucket"}]', "the Resource 'bucket', which is not an ARN or *"),
        ('[{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]', "has 'Effect'"),
    ],
)
def test_a_permission_that_is_no_statement_is_told(author, permissions, said):
    line, text = author.problem(
        f'definition = LambdaStep("Tell", function="functions.py:notify", payload={{}}, permissions={permissions})'
    )
    assert line == 2 and said in text


def test_a_function_says_what_its_code_calls(author):
    one = '{"Action": "s3:PutObject", "Resource": ["arn:aws:s3:::${Bucket}/reports/*"]}'
    bundle = author.bundle(
        f'definition = LambdaStep("Tell", function="functions.py:notify", payload={{}}, permissions=[{one}])'
    )
    (function,) = bundle.manifest.functions.values()
    assert function.permissions == ({"Action": ["s3:PutObject"], "Resource": ["arn:aws:s3:::${Bucket}/reports/*"]},)


def test_a_job_name_sagemaker_refuses_is_told(author):
    _, text = author.problem('definition = TrainingStep("T", Estimator(entry_point="train.py"), job_name="no_good")')
    assert "no_good" in text


def test_a_channel_sagemaker_refuses_is_told(author):
    found = author.problems(
        'definition = TrainingStep("T", Estimator(entry_point="train.py"), data={"my train": "s3://b/t"})'
    )
    assert all(line == 2 and "my train" in message for line, _, message, _ in found)


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ('ProcessingStep("P", ScriptProcessor(), inputs={f"i{n}": "s3://b/x" for n in range(11)})', "11 inputs"),
        ('TrainingStep("T", Estimator(), data={f"c{n}": "s3://b/x" for n in range(21)})', "21"),
        ('ProcessingStep("P", ScriptProcessor(env={"LONG": "x" * 257}), code="preprocess.py")', "256"),
        ('TrainingStep("T", Estimator(entry_point="train.py", environment={"LONG": "x" * 513}))', "512"),
        ('ProcessingStep("P", ScriptProcessor(), code="preprocess.py", container_arguments=["x" * 257])', "256"),
        ('TrainingStep("T", Estimator(entry_point="train.py", instance_type="ml.m5.larg"))', "ml.m5.large"),
        ('TrainingStep("T", Estimator(entry_point="train.py", max_wait=10))', "spot"),
        (
            'TrainingStep("T", Estimator(entry_point="train.py", use_spot_instances=True, max_run=9, max_wait=8))',
            "max_wait=8 is below max_run=9",
        ),
        ('ProcessingStep("P", ScriptProcessor(), inputs={"x": "s3://b/x"}, outputs=["x"])', "'x'"),
    ],
)
def test_limits_of_a_request_are_told_when_compiling(author, step, said):
    found = author.problems(f"definition = {step}")
    assert {line for line, *_ in found} == {2}
    assert said in f"{found[0][2]} | {found[0][3]}"


def test_nested_defaults_are_refused(author):
    _, text = author.problem("""
        run = ExecutionInput({"params": {"lr": 0.1}})
        definition = Pass("P", parameters={"x": run["params"]["lr"]})
    """)
    assert "'params' has nested defaults" in text
    assert "params_lr" in text


def test_a_name_outside_the_schema_names_the_nearest(author):
    _, text = author.problem("""
        run = ExecutionInput({"InputData": str})
        definition = Pass("P", parameters={"x": run["InputDat"]})
    """)
    assert "did you mean 'InputData'?" in text


def test_jsonpath_cannot_calculate_but_adds_whole_numbers(author):
    text = """
        run = ExecutionInput({"lr": float, "n": int})
        definition = Pass("P", parameters={"x": EXPR})
    """
    _, said = author.problem(text.replace("EXPR", 'run["lr"] * 2'))
    assert "JSONPath cannot calculate this" in said
    for expr, want in (
        ('run["n"] + 2', ", 2)"),
        ('run["n"] - 2', ", -2)"),
        ('2 + run["n"]', "$$.Execution.Input['n'])"),
    ):
        made = author.states(text.replace("EXPR", expr))["P"]["Parameters"]["x.$"]
        assert made.startswith("States.MathAdd(")
        assert made.endswith(want)
    made = author.states(text.replace("EXPR", '(run["lr"] + 1) * 2'), "JSONata")["P"]["Output"]["x"]
    assert made == "{% ($states.context.Execution.Input.lr + 1) * 2 %}"


def test_a_comparison_without_a_type_names_the_rules(author):
    line, text = author.problem("""
        a = StepInput()
        definition = Choice("C", choices=[
            (a["x"] >= a["y"], Succeed("Yes"))], default=Succeed("No"))
    """)
    assert line == 3
    assert "ChoiceRule.NumericGreaterThanEqualsPath" in text


def test_a_name_over_80_characters_is_refused(author):
    _, text = author.problem("definition = Pass('x' * 81)")
    assert "81 characters" in text


def test_a_variable_named_states_is_refused(author):
    _, text = author.problem('definition = Pass("P", assign={"states": 1})')
    assert "cannot assign a variable 'states'" in text


def test_a_variable_of_the_outside_is_not_assigned_inside(author):
    _, text = author.problem("""
        both = Parallel("Both")
        both.add_branch(Pass("Inner", assign={"x": 2}))
        definition = Chain([Pass("Outer", assign={"x": 1}), both])
    """)
    assert "'Inner' assigns 'x', a variable of 'Outer' outside" in text


def test_our_variables_step_aside_for_the_user_s(author):
    states = author.states(f"""
        pre = {JOB.replace("Pre", "Train")}
        use = Pass("Use", parameters={{"x": pre.outputs["test"]}})
        definition = Chain([Pass("Own", assign={{"train": 1}}), pre, use])
    """)
    assert states["Use"]["Parameters"] == {"x.$": "$train_2.test"}


def test_a_dollar_name_that_is_nearly_ours_names_ours(author):
    _, text = author.problem('definition = Pass("P", parameters={"x": "s3://${Buket}/x"})')
    assert "${Buket}" in text
    assert "did you mean ${Bucket}?" in text
    author.bundle('definition = Pass("P", parameters={"x": "echo ${HOME}"})')


def test_the_caught_error_is_read_only_where_something_was_caught(author):
    _, text = author.problem("""
        error = CaughtError()
        bad = Fail("Bad", error="E", cause=error["Cause"])
        definition = Choice("C", choices=[(StepInput()["x"] == 1, bad)], default=Succeed("End"))
    """)
    assert "the road C → Bad comes there without one" in text


def test_a_fixed_job_name_with_a_retry_is_noticed(author):
    bundle = author.bundle("""
        t = TrainingStep("T", Estimator(entry_point="train.py"), job_name="fixed")
        t.add_retry(Retry(error_equals=["States.ALL"]))
        definition = t
    """)
    (notice,) = bundle.manifest.notices
    assert notice.startswith("pipeline.py:2: 'T' has a Retry and the job name 'fixed'")


def test_a_job_in_a_map_within_a_map_needs_a_name(author):
    _, text = author.problem("""
        job = ProcessingStep("Job", ScriptProcessor(), code="preprocess.py")
        inner = Map("Inner", iterator=job, items_path="$.x")
        definition = Map("Outer", iterator=inner, items_path="$.y")
    """)
    assert "give it job_name=" in text


def test_fields_of_the_other_language_are_refused_with_what_to_write(author):
    _, text = author.problem('definition = Pass("P", result_path="$.x")', "JSONata")
    assert "ResultPath is a field of JSONPath states" in text
    _, text = author.problem('definition = Pass("P", output={"x": 1})')
    assert "Output is a field of JSONata states" in text


def test_a_jsonpath_step_in_a_jsonata_workflow_is_refused(author):
    _, text = author.problem('definition = Pass("P", query_language="JSONPath")', "JSONata")
    assert "only a JSONPath workflow can have steps of the other language" in text


def test_a_field_a_state_does_not_have_names_the_nearest(author):
    with pytest.raises(TypeError, match="did you mean 'parameters'"):
        author.bundle('definition = Pass("P", paramters={})')


def test_a_cut_token_is_told(author):
    _, text = author.problem("""
        run = ExecutionInput({"a": str})
        definition = Pass("P", parameters={"x": f"{run['a']}"[:10]})
    """)
    assert "was cut or changed" in text


def test_a_run_time_value_in_a_comment_is_told(author):
    _, text = author.problem("""
        run = ExecutionInput({"a": str})
        definition = Pass("P", comment=f"about {run['a']}")
    """)
    assert "must be constant" in text or "only a constant" in text


def test_an_empty_chain_is_told(author):
    (found,) = author.problems("definition = Chain([])")
    assert "empty chain" in found[2]


def test_a_workflow_s_name_is_checked(author):
    (found,) = author.problems('definition = Pass("P")', name="no spaces please")
    assert "cannot be a state machine's name" in found[2]


def test_a_remembered_value_beside_a_result_selector_is_refused_in_jsonpath(author):
    text = """
        f = LambdaStep("F", function="functions.py:notify", payload={}, result_selector={"x.$": "$.Payload"})
        definition = Chain([f, Pass("Use", parameters={"x": f.payload["x"]})])
    """
    assert any("does not say which of the two results Assign sees" in found[2] for found in author.problems(text))


def test_what_is_no_step_cannot_be_led_to(author):
    with pytest.raises(TypeError, match="a state, a chain or the name of a state"):
        author.bundle('definition = Pass("P"); definition.next(3)')


def test_a_default_that_names_no_substitution_is_told(author):
    _, text = author.problem("""
        run = ExecutionInput({"data": "s3://${Buckt}/x"})
        definition = Pass("P", parameters={"x": run["data"]})
    """)
    assert "did you mean ${Bucket}?" in text


def test_the_execution_s_input_is_not_read_inside_a_distributed_map(author):
    _, text = author.problem("""
        inside = Pass("Use", parameters={"x": ExecutionInput()["x"]})
        definition = Map("Each", iterator=inside, items_path="$.items", mode="DISTRIBUTED")
    """)
    assert "with the item as their input" in text


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_a_comparison_that_is_never_true_is_refused(author, language):
    line, text = author.problem(
        """
        run = ExecutionInput({"text": str, "number": float})
        definition = Choice("C", choices=[(run["text"] >= run["number"], Succeed("Yes"))], default=Succeed("No"))
    """,
        language,
    )
    assert line == 3
    assert "text is compared with a number, which is never true" in text


@pytest.mark.parametrize(
    "step",
    [
        'ProcessingStep("P", ScriptProcessor(), code="preprocess.py", container_arguments=[LONG])',
        'ProcessingStep("P", ScriptProcessor(env={"A": LONG}), code="preprocess.py")',
    ],
)
def test_the_constant_part_of_a_text_is_measured_too(author, step):
    line, text = author.problem(f"""
        LONG = "x" * 257 + ExecutionInput()["a"]
        definition = {step}
    """)
    assert line == 3
    assert "257" in text
    assert "256" in text


def test_either_does_not_reach_over_a_border(author):
    line, text = author.problem("""
        outer = LambdaStep("Outer", function="functions.py:notify", payload={})
        inner = LambdaStep("Inner", function="functions.py:notify", payload={})
        use = Pass("Use", parameters={"x": either(outer.payload["x"], inner.payload["x"])})
        both = Parallel("Both")
        both.add_branch(Chain([inner, use]))
        definition = Chain([outer, both])
    """)
    assert line == 4
    assert "the border of a Parallel or a Map lies between these two steps" in text


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_a_time_that_is_no_number_is_refused(author, language):
    line, text = author.problem(
        """
        run = ExecutionInput({"pause": str})
        definition = Wait("W", seconds=run["pause"])
    """,
        language,
    )
    assert line == 3
    assert "Seconds is a number, and this value is text" in text


def test_a_fault_in_a_function_is_told_once_however_many_steps_call_it(author):
    line, text = author.problem("""
        one = LambdaStep("One", function="functions.py:notfy")
        two = LambdaStep("Two", function="functions.py:notfy")
        definition = Chain([one, two])
    """)
    assert line == 2
    assert "functions.py has no function 'notfy'" in text
    assert "did you mean 'notify'?" in text


def test_a_job_of_the_other_kind_is_told_by_its_class(author):
    problems = author.problems("""
        train = TrainingStep("Train", ScriptProcessor())
        clean = ProcessingStep("Clean", Estimator(entry_point="train.py"), code="preprocess.py")
        definition = Chain([train, clean])
    """)
    assert [(code, f"{message}: {hint}") for _, code, message, hint in problems] == [
        ("not-an-estimator", "'Train': ScriptProcessor(…) is no estimator: a ProcessingStep takes it"),
        ("not-a-processor", "'Clean': Estimator(…) is no processor: a TrainingStep takes it"),
    ]


def test_there_is_nothing_inside_a_text(author):
    line, text = author.problem("""
        run = ExecutionInput({"name": str})
        definition = Pass("P", parameters={"first": run["name"]["first"]})
    """)
    assert line == 3
    assert "'P' reads 'first' inside 'name', which is text in the schema" in text


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"names": {"a"}}, ["the default of 'names' is no JSON value"]),
        ({"rate": float("nan")}, ["the default of 'rate' is no JSON value"]),
        ({"epochs": 30}, ["the one that 'P' reads says 20 (a whole number), and the workflow's own says 30"]),
        ({"epochs": 20.0}, ["the one that 'P' reads says 20 (a whole number), and the workflow's own says 20.0"]),
        ({"epochs": True}, ["and the workflow's own says true (true or false)"]),
        ({"epochs": int}, ["the one that 'P' reads says 20 (a whole number), and the workflow's own says a whole"]),
        ({"more": str}, []),
    ],
)
def test_the_workflow_s_own_input_is_compared_with_what_steps_read(author, schema, said):
    text = 'definition = Pass("P", parameters={"x": ExecutionInput({"epochs": 20})["epochs"]})'
    own = ExecutionInput(schema)
    if not said:
        assert author.bundle(text, execution_input=own).manifest.schema.types() == {"more": "str", "epochs": "int"}
        return
    found = author.problems(text, execution_input=own)
    assert [line for line, *_ in found] == [2]
    assert all(words in message for words, (_, _, message, _) in zip(said, found, strict=True))


def test_a_read_of_an_input_without_a_schema_is_held_against_the_workflow_s_own(author):
    text = 'definition = Pass("P", parameters={"x": ExecutionInput().get("epochs", str)})'
    _, said = author.problem(text, execution_input=ExecutionInput({"epochs": int}))
    assert "'P' reads 'epochs' as text, and the schema says a whole number" in said
    _, said = author.problem(text, execution_input=ExecutionInput({"epoch": str}))
    assert "did you mean 'epoch'?" in said


def test_a_workflow_s_comment_is_constant(author):
    _, said = author.problem('definition = Pass("P")', comment=f"for {ExecutionInput()['a']}", source="pipeline.py:2")
    assert "Comment of the workflow must be constant" in said


def test_a_type_said_where_a_value_is_read_is_enough_for_jsonpath(author):
    states = author.states("""
        task = Task("T", resource="arn:aws:states:::lambda:invoke", parameters={"FunctionName": "f"})
        given, run = task.output(), ExecutionInput()
        choices = [(given.get("n", int) >= run.get("limit", int), Succeed("Yes")), (run.get("go", bool), Succeed("Go"))]
        definition = Chain([task, Choice("C", choices=choices, default=Succeed("No"))])
    """)
    assert states["C"]["Choices"] == [
        {"Variable": "$['n']", "NumericGreaterThanEqualsPath": "$$.Execution.Input['limit']", "Next": "Yes"},
        {"Variable": "$$.Execution.Input['go']", "BooleanEquals": True, "Next": "Go"},
    ]
