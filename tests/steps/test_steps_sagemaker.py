"""Steps that ask SageMaker for transform and tuning jobs, models, packages and endpoints."""

import json
import os
import re
import runpy
from pathlib import Path

import pytest

from stepmill import steps
from stepmill.sagemaker import Estimator, Model, Transformer
from stepmill.testing import ScriptedTasks, fail, run, succeed

IMPORTS = (
    "from stepmill.sagemaker import *; from stepmill.sagemaker.tuner import *; "
    'metrics = {"accuracy": "accuracy: ([0-9.]+)"}; estimator = Estimator(image_uri="i", metric_definitions=metrics); '
    'model = Model(image_uri="i", model_data="s3://b/model.tar.gz"); rate = {"rate": ContinuousParameter(0.1, 1)}\n'
)


def served(language, tasks):
    """The waiting states, run by the engine; it knows no describeEndpoint, so another call stands in for it."""
    chain = steps.Chain([steps.wait_for_endpoint("Serve", "digits", seconds=30), steps.Succeed("Ready")])
    text = steps.compile("w", chain, query_language=language).template
    text = text.replace("describeEndpoint", "describeTrainingJob")
    return run(text, {"before": 1}, ScriptedTasks({"Serve": tasks}))


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_tuning_to_serving_compiles_to_the_definition_we_promised(language):
    here = Path(__file__).parent
    definition = runpy.run_path(str(here / "deploy" / "pipeline.py"))["definition"]
    chosen = {"query_language": language} if language == "JSONata" else {}
    bundle = steps.compile("deploy", definition, **chosen)
    text = json.dumps(json.loads(bundle.template), indent=2, ensure_ascii=False) + "\n"
    golden = here.parent / "golden" / "pipelines" / f"deploy.{language.lower()}.asl.json"
    if os.environ.get("STEPMILL_GOLDEN") == "write":
        golden.write_text(text)
    assert text == golden.read_text()


# -- names


@pytest.mark.parametrize(("language", "longest"), [("JSONata", 32), ("JSONPath", 32)])
def test_a_tuning_job_s_own_name_has_at_most_32_characters(author, language, longest):
    states = author.states(
        IMPORTS
        + """tune = TuningStep("Tune with quite a long name", HyperparameterTuner(estimator, "accuracy", rate))
definition = Chain([tune, Pass("P")])""",
        language,
        name="a-workflow-with-a-long-name",
    )
    task = states["Tune with quite a long name"]
    name = (task.get("Arguments") or task["Parameters"]).get("HyperParameterTuningJobName")
    if language == "JSONPath":
        name = task["Parameters"]["HyperParameterTuningJobName.$"]
        assert re.fullmatch(r"States\.Hash\(.*RetryCount\), 'MD5'\)", name)  # 32 digits, another for each attempt
    else:
        base = re.match(r"\{% '([a-z0-9-]+)-' & ", name)[1]
        assert len(base) + len("-123456789abc-") + len("99999") <= longest


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_the_name_of_a_model_that_has_none_is_read_from_its_arn(author, language):
    states = author.states(
        IMPORTS
        + """save = ModelStep("Save", model)
definition = Chain([save, Pass("P", parameters={"name": save.name})])""",
        language,
    )
    kept = {"JSONata": {"name": "{% $substringAfter($states.result.ModelArn, '/') %}"},
            "JSONPath": {"name.$": "States.ArrayGetItem(States.StringSplit($.ModelArn, '/'), 1)"}}  # fmt: skip
    assert states["Save"]["Assign"] == {"save": kept[language]}


def test_a_name_that_was_given_is_used_as_it_was_given(author):
    states = author.states(
        IMPORTS
        + """run = ExecutionInput({"name": str})
save = ModelStep("Save", model, run["name"])
configure = EndpointConfigStep("Configure", "fixed", save.name, 1, "ml.m5.large")
definition = Chain([save, configure, Pass("P", parameters={"name": configure.name})])"""
    )
    assert states["Configure"]["Parameters"]["ProductionVariants"][0]["ModelName.$"] == "$$.Execution.Input['name']"
    assert states["P"]["Parameters"] == {"name": "fixed"}
    assert "Assign" not in states["Save"]


def test_a_name_from_the_state_s_own_input_is_not_to_be_had_elsewhere(author):
    line, text = author.problem(
        IMPORTS
        + """save = ModelStep("Save", model, StepInput()["name"])
definition = Chain([save, Pass("P", parameters={"name": save.name})])"""
    )
    assert line == 4
    assert "'Save' takes model_name from its own input" in text


def test_an_answer_of_a_transform_job_can_be_read_in_jsonpath_too(author):
    states = author.states(
        IMPORTS
        + """score = TransformStep("Score", Transformer("m"), data="s3://b/in/one.json")
read = S3GetObjectStep("Read", f"{score.s3_output_path}/one.json.out")
definition = Chain([score, read, Pass("P", parameters={"answer": read.json})])"""
    )
    assert states["Score"]["Assign"] == {"score": {"TransformJobName.$": "$.TransformJobName"}}
    assert states["Read"]["Parameters"]["Key.$"] == (
        "States.Format('digits/{}/{}/output/one.json.out', $$.Execution.Name, $score.TransformJobName)"
    )


def test_a_job_nobody_waits_for_has_an_arn_and_nothing_else(author):
    score = 'score = TransformStep("Score", Transformer("m"), data="s3://b/in", wait_for_completion=False)\n'
    states = author.states(
        IMPORTS + score + 'definition = Chain([score, Pass("P", parameters={"x": score.result["TransformJobArn"]})])'
    )
    assert states["Score"]["Resource"] == "arn:aws:states:::sagemaker:createTransformJob"
    _, text = author.problem(
        IMPORTS + score + 'definition = Chain([score, Pass("P", parameters={"x": score.s3_output_path})])'
    )
    assert "does not wait for its job" in text


# -- requests


def test_parameters_are_joined_to_the_request_and_win(author):
    states = author.states(
        IMPORTS
        + """definition = ModelStep("Save", model, "name", parameters={
    "PrimaryContainer": {"ModelDataUrl.$": "$.data", "Environment": {"A": "b"}}, "EnableNetworkIsolation": True})"""
    )
    assert states["Save"]["Parameters"]["PrimaryContainer"] == {
        "Image": "i", "ModelDataUrl.$": "$.data", "Environment": {"A": "b"},
    }  # fmt: skip
    assert states["Save"]["Parameters"]["EnableNetworkIsolation"] is True


@pytest.mark.parametrize("name", ["HyperParameterTuningJobConfig", "TrainingJobDefinition"])
@pytest.mark.parametrize("value", ['{"%s": run["part"]}', '{"%s.$": "$.part"}'])
def test_a_whole_part_of_a_request_can_be_known_at_run_time_only(author, name, value):
    states = author.states(
        IMPORTS
        + f"""run = ExecutionInput({{"part": dict}})
tuner = HyperparameterTuner(estimator, "accuracy", rate)
definition = TuningStep("Tune", tuner, "name", "s3://b/d", parameters={value % name})"""
    )
    assert f"{name}.$" in states["Tune"]["Parameters"]
    assert name not in states["Tune"]["Parameters"]


def test_what_is_joined_is_checked_as_the_rest_is(author):
    line, text = author.problem(
        IMPORTS + 'definition = ModelStep("Save", model, "name", parameters={"PrimaryContainer": {"Imge": "x"}})'
    )
    assert line == 3
    assert "PrimaryContainer.Imge is not a field of this request | did you mean Image?" in text


def test_the_objects_a_step_was_given_stay_as_they_were(author):
    given = {"PrimaryContainer": {"Environment": {"A": "b"}}}
    model = Model(image_uri="i", env={"C": "d"})
    step = steps.ModelStep("Save", model, "name", parameters=given)
    assert step.to_dict()["Parameters"]["PrimaryContainer"]["Environment"] == {"C": "d", "A": "b"}
    assert step.to_dict() == step.to_dict()
    assert given == {"PrimaryContainer": {"Environment": {"A": "b"}}}
    assert model.env == {"C": "d"}


def test_a_replaced_request_is_sent_as_it_is():
    step = steps.ModelStep("Save", Model(image_uri="i"), "name")
    step.update_parameters({"ModelName.$": "$.name"})
    assert step.to_dict()["Parameters"] == {"ModelName.$": "$.name"}


def test_a_model_of_requirements_has_the_image_that_a_job_of_the_same_has(author):
    states = author.states(
        IMPORTS
        + """train = TrainingStep("Train", Estimator(requirements=["numpy"], entry_point="train.py"), data="s3://b/d")
save = ModelStep("Save", Model(requirements=["numpy"], model_data=train.model))
other = ModelStep("Other", Model(requirements=["pandas"], model_data=train.model))
definition = Chain([train, save, other])"""
    )
    image = states["Train"]["Parameters"]["AlgorithmSpecification"]["TrainingImage"]
    assert image == states["Save"]["Parameters"]["PrimaryContainer"]["Image"] == "${TrainImage}"
    assert states["Other"]["Parameters"]["PrimaryContainer"]["Image"] == "${OtherImage}"


def test_an_inference_script_is_packed_and_named(author):
    bundle = author.bundle(
        IMPORTS + 'definition = ModelStep("Save", Model("i", "s3://b/m.tar.gz", entry_point="evaluate.py"), "name")'
    )
    environment = json.loads(bundle.template)["States"]["Save"]["Parameters"]["PrimaryContainer"]["Environment"]
    assert environment["SAGEMAKER_PROGRAM"] == "evaluate.py"
    (asset,) = bundle.manifest.assets
    assert environment["SAGEMAKER_SUBMIT_DIRECTORY"] == f"s3://${{Bucket}}/{asset.key}"


def test_a_tuner_of_several_estimators_has_a_definition_for_each(author):
    states = author.states(
        IMPORTS
        + """names = {"net": estimator, "forest": Estimator(image_uri="f", instance_type="ml.m5.4xlarge")}
tuner = HyperparameterTuner.create(
    names, {name: "accuracy" for name in names}, {"net": rate, "forest": {"trees": IntegerParameter(1, 9)}},
    {"forest": metrics}, max_jobs=4)
tuner.override_resource_config({"forest": [InstanceConfig(1, "ml.m5.large"), InstanceConfig(2, "ml.c5.xlarge")]})
definition = TuningStep("Tune", tuner, "name", {"net": "s3://b/net", "forest": {"train": "s3://b/forest"}})"""
    )
    forest, net = states["Tune"]["Parameters"]["TrainingJobDefinitions"]
    assert (forest["DefinitionName"], net["DefinitionName"]) == ("forest", "net")
    assert "ParameterRanges" not in states["Tune"]["Parameters"]["HyperParameterTuningJobConfig"]
    assert forest["TuningObjective"] == {"Type": "Maximize", "MetricName": "accuracy"}
    assert forest["HyperParameterRanges"]["IntegerParameterRanges"][0]["Name"] == "trees"
    assert [each["InstanceCount"] for each in forest["HyperParameterTuningResourceConfig"]["InstanceConfigs"]] == [1, 2]
    assert net["ResourceConfig"]["InstanceType"] == "ml.m5.large"
    assert forest["InputDataConfig"][0]["ChannelName"] == "train"


def test_a_tuner_that_finds_its_own_ranges_says_what_stays(author):
    states = author.states(
        IMPORTS
        + """estimator.set_hyperparameters(a=1, b=2, rate=3)
tuner = HyperparameterTuner(estimator, "accuracy", rate, autotune=True, hyperparameters_to_keep_static=["b"],
                            random_seed=7, max_runtime_in_seconds=900, completion_criteria_config=(
                                TuningJobCompletionCriteriaConfig(3, True, 0.9)),
                            strategy="Hyperband", strategy_config=StrategyConfig(HyperbandStrategyConfig(9, 1)))
definition = TuningStep("Tune", tuner, "name", "s3://b/d")"""
    )
    request = states["Tune"]["Parameters"]
    config = request["HyperParameterTuningJobConfig"]
    assert request["Autotune"] == {"Mode": "Enabled"}
    assert request["TrainingJobDefinition"]["StaticHyperParameters"] == {"b": "2"}
    assert config["ParameterRanges"]["AutoParameters"] == [{"Name": "a", "ValueHint": "1"}]
    assert config["RandomSeed"] == 7
    assert config["ResourceLimits"]["MaxRuntimeInSeconds"] == 900
    assert config["StrategyConfig"] == {"HyperbandStrategyConfig": {"MinResource": 1, "MaxResource": 9}}
    assert config["TuningJobCompletionCriteria"] == {
        "BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3},
        "TargetObjectiveMetricValue": 0.9,
        "ConvergenceDetected": {"CompleteOnConvergence": "Enabled"},
    }


# -- what the engine makes of the waiting


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
def test_an_endpoint_is_asked_until_it_serves_and_the_input_goes_on(language):
    answers = [succeed({"EndpointStatus": status}) for status in ("Creating", "SystemUpdating", "InService")]
    result = served(language, answers)
    assert (result.status, result.output) == ("SUCCEEDED", {"before": 1})
    assert [event.type for event in result.events].count("WaitStateEntered") == 2


@pytest.mark.parametrize("language", ["JSONata", "JSONPath"])
@pytest.mark.parametrize("status", ["Failed", "OutOfService", "SomethingNew"])
def test_an_endpoint_that_will_not_serve_fails_the_execution_with_the_answer(language, status):
    answer = {"EndpointStatus": status, "FailureReason": "the container did not answer the ping"}
    result = served(language, [succeed(answer)])
    assert (result.status, result.error) == ("FAILED", "EndpointFailed")
    assert json.loads(result.cause) == answer


def test_a_question_that_fails_fails_the_execution():
    result = served("JSONPath", [fail("SageMaker.SageMakerException", "no such endpoint")])
    assert (result.status, result.error) == ("FAILED", "SageMaker.SageMakerException")


# -- what is wrong

WRONG = {
    "a tuner that looks at a metric nobody defines": (
        'TuningStep("S", HyperparameterTuner(estimator, "acc", rate))',
        ("objective-undefined", "the objective 'acc' is not among the metric definitions", "defined are accuracy"),
    ),
    "a tuner without an objective": (
        'TuningStep("S", HyperparameterTuner(estimator, None, rate))',
        ("objective-missing", "the tuner has no objective_metric_name=", "say which metric"),
    ),
    "a range that goes down": (
        'TuningStep("S", HyperparameterTuner(estimator, "accuracy", {"rate": ContinuousParameter(1, 0)}))',
        ("range-reversed", "the range of 'rate' goes from 1 to 0", "from 0 to 1?"),
    ),
    "a whole range that is not": (
        'TuningStep("S", HyperparameterTuner(estimator, "accuracy", {"n": IntegerParameter(0.5, 2)}))',
        ("range-not-whole", "the range of 'n' goes from 0.5 to 2", "ContinuousParameter takes any number"),
    ),
    "a choice of nothing": (
        'TuningStep("S", HyperparameterTuner(estimator, "accuracy", {**rate, "c": CategoricalParameter([])}))',
        ("range-empty", "the range of 'c' has no values", "give the values"),
    ),
    "a range that is none": (
        'TuningStep("S", HyperparameterTuner(estimator, "accuracy", {"rate": (0, 1)}))',
        ("bad-range", "the range of 'rate' is tuple(…)", "give an IntegerParameter"),
    ),
    "a hyperparameter that is tuned and static": (
        'TuningStep("S", HyperparameterTuner(estimator, "accuracy", rate), parameters={"TrainingJobDefinition": {'
        '"StaticHyperParameters": {"rate": "1"}}})',
        ("tuned-and-static", "the hyperparameter 'rate' has a range and a fixed value", "leave one of them out"),
    ),
    "more jobs than there are combinations": (
        'TuningStep("S", HyperparameterTuner(estimator, "accuracy", {"n": IntegerParameter(1, 2), "c": '
        'CategoricalParameter(["a", "b"])}, max_jobs=5))',
        ("too-few-combinations", "the ranges have 4 combinations, and max_jobs=5", "lower max_jobs="),
    ),
    "a script whose metric nobody defines": (
        'TuningStep("S", HyperparameterTuner(Estimator("i", entry_point="train.py"), "accuracy", rate))',
        ("objective-undefined", "the objective 'accuracy' is not among the metric definitions", "defined are none"),
    ),
    "a tuning job's name that is too long": (
        'TuningStep("S", HyperparameterTuner(estimator, "accuracy", rate), job_name="x" * 33)',
        ("request-max", "HyperParameterTuningJobName has 33 characters", "at most 32"),
    ),
    "data under a name that no estimator has": (
        'TuningStep("S", HyperparameterTuner(estimator, "accuracy", rate, estimator_name="net"), data={"nett": "s3://b"})',
        ("data-by-estimator", "the tuner has the estimators net, and data= is not by these names", "give {name: data}"),
    ),
    "an estimator in place of a tuner": (
        'TuningStep("S", estimator)',
        ("not-a-tuner", "Estimator(…) is no tuner", "a TrainingStep takes it"),
    ),
    "a tuner of what is no estimator": (
        'TuningStep("S", HyperparameterTuner(model, "accuracy", rate))',
        ("not-an-estimator", "Model(…) is no estimator", "give an Estimator"),
    ),
    "a transform job without a model": (
        'TransformStep("S", Transformer(), data="s3://b/in")',
        ("model-missing", "no model is named", ".name of a ModelStep"),
    ),
    "a transform job without data": (
        'TransformStep("S", Transformer("m"))',
        ("data-missing", "data= is missing", "say where the input lies"),
    ),
    "an estimator in place of a transformer": (
        'TransformStep("S", estimator, data="s3://b/in")',
        ("not-a-transformer", "Estimator(…) is no transformer", "give a Transformer"),
    ),
    "a machine that transforms nothing": (
        'TransformStep("S", Transformer("m", instance_type="m5.large"), data="s3://b/in")',
        ("request-enum", "'m5.large', which is no transform instance type", "did you mean ml.m5.large?"),
    ),
    "an estimator in place of a model": (
        'ModelStep("S", estimator)',
        ("not-a-model", "Estimator(…) is no model", "train.get_expected_model()"),
    ),
    "a model that nothing serves": (
        'ModelStep("S", Model(model_data="s3://b/m.tar.gz"))',
        ("image-missing", "the model has no image", "image_uri="),
    ),
    "a model with two images": (
        'ModelStep("S", Model("i", requirements=["numpy"]))',
        ("image-twice", "image_uri= and requirements= both say what the image is", "keep one"),
    ),
    "a pipeline of no models": (
        'ModelStep("S", PipelineModel([]))',
        ("not-a-model", "the PipelineModel has no models", "give a Model"),
    ),
    "containers in two ways": (
        'ModelStep("S", model, parameters={"Containers": [{"Image": "i"}]})',
        ("containers-twice", "the request has PrimaryContainer and Containers", "a PipelineModel"),
    ),
    "an inference script that is not there": (
        'ModelStep("S", Model("i", entry_point="serve.py"))',
        ("file-missing", "the inference script: ", ""),
    ),
    "an endpoint configuration without machines": (
        'EndpointConfigStep("S", model_name="m")',
        ("instance-type-missing", "the endpoint configuration has no instance_type=", "ml.m5.large"),
    ),
    "an endpoint configuration without a model": (
        'EndpointConfigStep("S", instance_type="ml.m5.large")',
        ("model-name-missing", "the endpoint configuration has no model_name=", ".name of a ModelStep"),
    ),
    "an endpoint without a configuration": (
        'EndpointStep("S", "digits")',
        ("endpoint-config-missing", "no endpoint configuration is named", ".name of an EndpointConfigStep"),
    ),
    "tags of an endpoint that is updated": (
        'EndpointStep("S", "digits", "digits-2", tags={"a": "b"}, update=True)',
        ("tags-of-an-update", "tags= are given with update=True", "UpdateEndpoint takes none"),
    ),
    "tags of one version of a model": (
        'ModelPackageStep("S", model, "digits", tags={"a": "b"})',
        ("tags-of-a-version", "tags= are given for a version of a model package group", "tag the group"),
    ),
    "an approval that does not exist": (
        'ModelPackageStep("S", model, "digits", approval_status="approved")',
        ("request-enum", "ModelApprovalStatus is 'approved'", "Approved, PendingManualApproval, Rejected"),
    ),
    "a registered model registered again": (
        'ModelPackageStep("S", ModelPackage(model_package_arn="arn:aws:sagemaker:us-east-1:1:model-package/d/1"), "d")',
        ("model-registered", "the model is a model package already", "updateModelPackage"),
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_one_fault_gets_one_message_at_its_line(author, what):
    source, (code, message, hint) = WRONG[what]
    ((line, found, said, advice),) = author.problems(f"{IMPORTS}definition = {source}")
    assert (line, found) == (3, code)
    assert message in said
    assert hint in advice


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: steps.ModelStep("S", Model("i"), paramters={}), "did you mean 'parameters'?"),
        (lambda: steps.ModelStep("S", Model("i"), parameters=[1]), "is an object that is joined to the request"),
        (lambda: steps.EndpointStep("S", update=True), "updates an endpoint, so it needs endpoint_name="),
        (lambda: steps.TrainingStep("S", Transformer("m")).get_expected_model(), "cannot say what serves its model"),
    ],
)
def test_what_cannot_be_said_at_all_is_refused_where_it_is_said(make, said):
    with pytest.raises((TypeError, ValueError), match=re.escape(said)):
        make()


def test_the_expected_model_leaves_the_estimator_as_it_was():
    estimator = Estimator(image_uri="i", environment={"A": "b"}, subnets=["s"], security_group_ids=["g"])
    before = dict(vars(estimator))
    model = steps.TrainingStep("Train", estimator).get_expected_model("digits")
    assert vars(estimator) == before
    assert (model.name, model.env, model.image_uri) == ("digits", {"A": "b"}, "i")
    assert model.vpc_config == {"Subnets": ["s"], "SecurityGroupIds": ["g"]}
