"""Endpoint configurations and endpoints."""

CAPTURE = """
from sagemaker.model_monitor import DataCaptureConfig
"""

DEFINITIONS = {
    "an endpoint configuration with every argument by keyword": CAPTURE
    + """
capture = DataCaptureConfig(
    enable_capture=True, sampling_percentage=50, destination_s3_uri="s3://b/captured", kms_key_id="captured",
    capture_options=["REQUEST"], csv_content_types=["text/csv", "text/plain"], json_content_types=["application/json"],
    sagemaker_session=session,
)
definition = EndpointConfigStep(
    state_id="configure", endpoint_config_name="digits-1", model_name="digits", initial_instance_count=2,
    instance_type="ml.m5.large", variant_name="blue", data_capture_config=capture, tags={"team": "vision"},
    comment="configures", timeout_seconds=60, heartbeat_seconds=30, input_path="$.data", output_path="$.done",
    result_path="$.done.configuration",
)
""",
    "an endpoint configuration and its one variant": """
definition = EndpointConfigStep("configure", "digits-1", "digits", 1, "ml.m5.large")
""",
    "an endpoint configuration by placeholders": """
run = ExecutionInput(schema={"name": str, "model": str, "count": int, "type": str})
definition = EndpointConfigStep("configure", endpoint_config_name=run["name"], model_name=run["model"],
                                initial_instance_count=run["count"], instance_type=run["type"])
""",
    "an endpoint configuration that captures by default": CAPTURE
    + """
definition = EndpointConfigStep("configure", "digits-1", "digits", 1, "ml.m5.large", data_capture_config=(
    DataCaptureConfig(enable_capture=True, sagemaker_session=session)))
""",
    "an endpoint with every argument by keyword": """
definition = EndpointStep(
    state_id="deploy", endpoint_name="digits", endpoint_config_name="digits-1", tags={"team": "vision"}, update=False,
    comment="deploys", timeout_seconds=60, heartbeat_seconds=30, input_path="$.data", output_path="$.done",
    result_path="$.done.endpoint",
)
""",
    "an endpoint that is updated": """
definition = EndpointStep("deploy", endpoint_name="digits", endpoint_config_name="digits-2", update=True)
""",
    "an endpoint by placeholders": """
run = ExecutionInput(schema={"name": str, "configuration": str})
definition = EndpointStep("deploy", run["name"], run["configuration"])
""",
    "from training to an endpoint": """
from sagemaker.model import Model
run = ExecutionInput(schema={"job": str, "model": str, "endpoint": str})
estimator = Estimator(image_uri=image, role=role, instance_count=1, instance_type="ml.m5.xlarge",
                      output_path="s3://b/models", sagemaker_session=session)
train = TrainingStep("train", estimator=estimator, job_name=run["job"], data={"train": "s3://b/train"})
save = ModelStep("save", model=train.get_expected_model(), model_name=run["model"])
configure = EndpointConfigStep("configure", endpoint_config_name=run["model"], model_name=run["model"],
                               initial_instance_count=1, instance_type="ml.m5.large")
create = EndpointStep("create", endpoint_name=run["endpoint"], endpoint_config_name=run["model"])
update = EndpointStep("update", endpoint_name=run["endpoint"], endpoint_config_name=run["model"], update=True)
choice = Choice("new?")
choice.add_choice(ChoiceRule.BooleanEquals(variable="$$.Execution.Input['New']", value=True), create)
choice.default_choice(update)
definition = Chain([train, save, configure, choice])
""",
}
