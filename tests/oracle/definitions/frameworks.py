"""Jobs of the frameworks: their estimators, their processors, and what a channel may be."""

from . import ABSENT

CODE = 'source_dir="s3://my-bucket/code/sourcedir.tar.gz", entry_point="train.py", output_path="s3://my-bucket/model"'
MACHINE = 'role=role, instance_count=1, instance_type="ml.m5.xlarge", sagemaker_session=session'
GPU = 'role=role, instance_count=1, instance_type="ml.p3.2xlarge", sagemaker_session=session'


def trained(estimator: str, imports: str, step: str = 'job_name="the-job", data="s3://my-bucket/train"') -> str:
    return f'\n{imports}\nestimator = {estimator}\ndefinition = TrainingStep("Train", estimator, {step})\n'


def processed(processor: str, imports: str, step: str = "") -> str:
    return f"""
{imports}
definition = ProcessingStep(
    "Process", {processor}, job_name="the-job",
    inputs=[ProcessingInput(source="s3://my-bucket/in", destination="/opt/ml/processing/input", input_name="input"),
            ProcessingInput(source="s3://my-bucket/code/p.py", destination="/opt/ml/processing/input/code",
                            input_name="code")],
    outputs=[ProcessingOutput(source="/opt/ml/processing/out", destination="s3://my-bucket/out", output_name="out")],
    container_entrypoint=["python3", "/opt/ml/processing/input/code/p.py"], {step}
)
"""


SKLEARN = "from sagemaker.sklearn.estimator import SKLearn"
PYTORCH = "from sagemaker.pytorch import PyTorch"
TENSORFLOW = "from sagemaker.tensorflow import TensorFlow"
XGBOOST = "from sagemaker.xgboost.estimator import XGBoost"
HUGGINGFACE = "from sagemaker.huggingface import HuggingFace"
GROUPS = "from sagemaker.instance_group import InstanceGroup"

DEFINITIONS = {
    "a scikit-learn script with hyperparameters of every kind": trained(
        f'SKLearn({CODE}, framework_version="1.2-1", py_version="py3", {MACHINE}, hyperparameters={{"epochs": 10, '
        '"lr": 0.1, "name": "forest", "deep": True, "depths": [1, 2], "nothing": None})',
        SKLEARN,
    ),
    "a scikit-learn script in another region's image": trained(
        f'SKLearn({CODE}, framework_version="1.0-1", image_uri_region="eu-central-1", {MACHINE})', SKLEARN
    ),
    "a framework's own image": trained(
        f"SKLearn({CODE}, image_uri=image, {MACHINE}, container_log_level=10, "
        'metric_definitions=[{"Name": "a", "Regex": "a=(.*)"}])',
        SKLEARN,
    ),
    "hyperparameters of the step beside those of a framework": trained(
        f'SKLearn({CODE}, framework_version="1.2-1", {MACHINE}, hyperparameters={{"epochs": 10, "lr": 0.1}})',
        SKLEARN,
        'job_name="the-job", data="s3://my-bucket/train", hyperparameters={"epochs": "20", "kind": "fast"}',
    ),
    "a framework's job named by the input": trained(
        f'SKLearn({CODE}, framework_version="1.2-1", {MACHINE})',
        SKLEARN,
        'job_name=ExecutionInput(schema={"Job": str})["Job"], data="s3://my-bucket/train"',
    ),
    "an XGBoost script": trained(
        f'XGBoost({CODE}, framework_version="1.7-1", {MACHINE}, hyperparameters={{"max_depth": 5, "eta": 0.2}})',
        XGBOOST,
        'job_name="the-job", data={"train": TrainingInput("s3://my-bucket/train", content_type="text/csv"), '
        '"validation": TrainingInput("s3://my-bucket/validation", content_type="text/csv")}',
    ),
    "a PyTorch script on a GPU": trained(
        f'PyTorch({CODE}, framework_version="2.1.0", py_version="py310", {GPU}, volume_size=100, max_run=7200)',
        PYTORCH,
    ),
    "a PyTorch script on a processor, spot and checkpoints": trained(
        f'PyTorch({CODE}, framework_version="2.1", py_version="py310", {MACHINE}, use_spot_instances=True, '
        'max_run=3600, max_wait=7200, checkpoint_s3_uri="s3://my-bucket/checkpoints", '
        'checkpoint_local_path="/opt/ml/checkpoints")',
        PYTORCH,
    ),
    "PyTorch with torch_distributed": trained(
        f'PyTorch({CODE}, framework_version="2.1.0", py_version="py310", role=role, instance_count=2, '
        'instance_type="ml.p4d.24xlarge", sagemaker_session=session, '
        'distribution={"torch_distributed": {"enabled": True}})',
        PYTORCH,
    ),
    "PyTorch with SageMaker's data parallel library": trained(
        f'PyTorch({CODE}, framework_version="1.13.1", py_version="py39", role=role, instance_count=2, '
        'instance_type="ml.p4d.24xlarge", sagemaker_session=session, distribution={"smdistributed": {"dataparallel": '
        '{"enabled": True, "custom_mpi_options": "-verbose"}}})',
        PYTORCH,
    ),
    "PyTorch with SageMaker's model parallel library": trained(
        f'PyTorch({CODE}, framework_version="1.13.1", py_version="py39", role=role, instance_count=1, '
        'instance_type="ml.p3.16xlarge", sagemaker_session=session, distribution={"smdistributed": {"modelparallel": '
        '{"enabled": True, "parameters": {"partitions": 2, "microbatches": 4}}}, '
        '"mpi": {"enabled": True, "processes_per_host": 8, "custom_mpi_options": "-x A=1"}})',
        PYTORCH,
    ),
    "PyTorch with DDP": trained(
        f'PyTorch({CODE}, framework_version="1.13.1", py_version="py39", role=role, instance_count=2, '
        'instance_type="ml.p4d.24xlarge", sagemaker_session=session, distribution={"pytorchddp": {"enabled": True}})',
        PYTORCH,
    ),
    "a TensorFlow script": trained(
        f'TensorFlow({CODE}, framework_version="2.12", py_version="py310", {MACHINE}, hyperparameters={{"a": 1}})',
        TENSORFLOW,
    ),
    "TensorFlow with parameter servers and its own model_dir": trained(
        f'TensorFlow({CODE}, framework_version="2.11", py_version="py39", role=role, instance_count=2, '
        'instance_type="ml.m5.xlarge", sagemaker_session=session, model_dir="s3://my-bucket/tf", '
        'distribution={"parameter_server": {"enabled": True}})',
        TENSORFLOW,
    ),
    "TensorFlow with MPI": trained(
        f'TensorFlow({CODE}, framework_version="2.11", py_version="py39", {GPU}, '
        'distribution={"mpi": {"enabled": True, "processes_per_host": 2}})',
        TENSORFLOW,
    ),
    "TensorFlow's mirrored workers, and no model_dir": trained(
        f'TensorFlow({CODE}, framework_version="2.9", py_version="py39", {GPU}, model_dir=False, '
        'distribution={"multi_worker_mirrored_strategy": {"enabled": True}})',
        TENSORFLOW,
    ),
    "TensorFlow on two kinds of machines": trained(
        f'TensorFlow({CODE}, framework_version="2.11", py_version="py39", role=role, sagemaker_session=session, '
        'instance_groups=[InstanceGroup("gpus", "ml.p3.2xlarge", 2), InstanceGroup("cpus", "ml.c5.xlarge", 1)], '
        "model_dir=False)",
        f"{TENSORFLOW}\n{GROUPS}",
        'job_name="the-job", data=TrainingInput("s3://my-bucket/train", instance_groups=["gpus"])',
    ),
    "a Hugging Face script": trained(
        f'HuggingFace(py_version="py310", {CODE}, transformers_version="4.28", pytorch_version="2.0", {GPU})',
        HUGGINGFACE,
    ),
    "Hugging Face on TensorFlow, distributed": trained(
        f'HuggingFace(py_version="py38", {CODE}, transformers_version="4.17.0", tensorflow_version="2.6.3", '
        'role=role, instance_count=2, instance_type="ml.p3.16xlarge", sagemaker_session=session, '
        'distribution={"smdistributed": {"dataparallel": {"enabled": True}}})',
        HUGGINGFACE,
    ),
    "an algorithm's image by its name": trained(
        'Estimator(image_uris.retrieve("linear-learner", "us-east-1"), '
        f'{MACHINE}, output_path="s3://my-bucket/model", hyperparameters={{"feature_dim": 784}})',
        "from sagemaker import image_uris",
    ),
    "channels of a file system": trained(
        f'Estimator(image, {MACHINE}, output_path="s3://my-bucket/model", subnets=["subnet-1"], '
        'security_group_ids=["sg-1"])',
        "from sagemaker.inputs import FileSystemInput",
        'job_name="the-job", data={"efs": FileSystemInput("fs-0123456789abcdef0", "EFS", "/data", '
        'content_type="text/csv"), '
        '"fsx": FileSystemInput("fs-0123456789abcdef1", "FSxLustre", "/fsx/data", file_system_access_mode="rw")}',
    ),
    "a rule of one's own": trained(
        f'Estimator(image, {MACHINE}, output_path="s3://my-bucket/model", rules=[Rule.custom("mine", image, '
        '"ml.m5.large", 10, source="s3://my-bucket/rule.py", rule_to_invoke="Mine", '
        'container_local_output_path="/opt/ml/rule", s3_output_path="s3://my-bucket/rules", '
        'other_trials_s3_input_paths=["s3://my-bucket/other"], rule_parameters={"threshold": "5"})])',
        "from sagemaker.debugger import Rule",
    ),
    "a scikit-learn processor": processed(
        f'SKLearnProcessor(framework_version="1.2-1", {MACHINE}, command=["python3"], volume_size_in_gb=40, '
        'max_runtime_in_seconds=600, env={"A": "b"}, tags=[{"Key": "k", "Value": "v"}])',
        "from sagemaker.sklearn.processing import SKLearnProcessor",
    ),
    "a framework processor": processed(
        f'FrameworkProcessor(SKLearn, framework_version="1.2-1", {MACHINE})',
        f"{SKLEARN}\nfrom sagemaker.processing import FrameworkProcessor",
        'container_arguments=["--ratio", "0.2"]',
    ),
    "processors of PyTorch": processed(
        f'PyTorchProcessor(framework_version="2.1.0", py_version="py310", {GPU}, volume_kms_key="vk")',
        "from sagemaker.pytorch.processing import PyTorchProcessor",
        'kms_key_id="ok"',
    ),
    "processors of TensorFlow": processed(
        f'TensorFlowProcessor(framework_version="2.11", py_version="py39", {MACHINE})',
        "from sagemaker.tensorflow.processing import TensorFlowProcessor",
    ),
    "processors of XGBoost": processed(
        f'XGBoostProcessor(framework_version="1.7-1", {MACHINE}, network_config=NetworkConfig(subnets=["subnet-1"], '
        'security_group_ids=["sg-1"]))',
        "from sagemaker.xgboost.processing import XGBoostProcessor\nfrom sagemaker.network import NetworkConfig",
    ),
    "processors of Hugging Face": processed(
        f'HuggingFaceProcessor(transformers_version="4.28.1", pytorch_version="2.0.0", py_version="py310", {GPU})',
        "from sagemaker.huggingface import HuggingFaceProcessor",
    ),
    "processors of Spark": processed(
        f'PySparkProcessor(framework_version="3.3", {MACHINE})',
        "from sagemaker.spark.processing import PySparkProcessor",
    ),
    "a Spark image of a certain build": processed(
        f'PySparkProcessor(framework_version="3.1", py_version="py37", container_version="1", {MACHINE})',
        "from sagemaker.spark.processing import PySparkProcessor",
    ),
    "a framework's model, expected and made": trained(
        f'SKLearn({CODE}, framework_version="1.2-1", {MACHINE}, environment={{"MODE": "fast"}})', SKLEARN
    )
    + 'definition.next(ModelStep("Model", definition.get_expected_model(model_name="digits")))\n',
    "a framework tuned": f"""
{PYTORCH}
from sagemaker.tuner import ContinuousParameter, HyperparameterTuner
estimator = PyTorch({CODE}, framework_version="2.1.0", py_version="py310", {GPU}, hyperparameters={{"epochs": 3}},
                    distribution={{"mpi": {{"enabled": True}}}})
tuner = HyperparameterTuner(
    estimator, "loss", {{"lr": ContinuousParameter(0.01, 0.1)}}, [{{"Name": "loss", "Regex": "loss=(.*)"}}],
    objective_type="Minimize", max_jobs=4, max_parallel_jobs=2)
definition = TuningStep("Tune", tuner, job_name="the-job", data="s3://my-bucket/train")
""",
    "models of the frameworks": """
from sagemaker.pytorch import PyTorchModel
from sagemaker.sklearn.model import SKLearnModel
from sagemaker.tensorflow import TensorFlowModel
from sagemaker.xgboost import XGBoostModel
from sagemaker.huggingface import HuggingFaceModel
code = dict(entry_point="serve.py", source_dir="s3://my-bucket/code/sourcedir.tar.gz", role=role,
            sagemaker_session=session)
data = "s3://my-bucket/model.tar.gz"
definition = Chain([
    ModelStep("PyTorch", PyTorchModel(data, framework_version="2.1.0", py_version="py310", name="m1",
              model_server_workers=2, **code), instance_type="ml.m5.xlarge"),
    ModelStep("SKLearn", SKLearnModel(data, framework_version="1.2-1", name="m2", **code)),
    ModelStep("XGBoost", XGBoostModel(data, framework_version="1.7-1", name="m3", **code)),
    ModelStep("TensorFlow", TensorFlowModel(data, framework_version="2.12", name="m4", role=role,
              sagemaker_session=session), instance_type="ml.m5.xlarge"),
    ModelStep("Hugging Face", HuggingFaceModel(model_data=data, transformers_version="4.28", pytorch_version="2.0",
              py_version="py310", name="m5", **code), instance_type="ml.g5.xlarge"),
])
""",
}
_TRAIN = "/States/Train/Parameters"
_SENDS_METRICS = (
    "a PyTorch script on a GPU",
    "a PyTorch script on a processor, spot and checkpoints",
    "PyTorch with torch_distributed",
    "PyTorch with SageMaker's data parallel library",
    "PyTorch with SageMaker's model parallel library",
    "PyTorch with DDP",
    "a TensorFlow script",
    "TensorFlow with parameter servers and its own model_dir",
    "TensorFlow with MPI",
    "TensorFlow's mirrored workers, and no model_dir",
    "TensorFlow on two kinds of machines",
    "a Hugging Face script",
    "Hugging Face on TensorFlow, distributed",
)
DIFFERENCES: dict[str, tuple[str, dict[str, object]]] = {
    name: (
        "`EnableSageMakerMetricsTimeSeries` of a framework's estimator",
        {f"{_TRAIN}/AlgorithmSpecification/EnableSageMakerMetricsTimeSeries": True},
    )
    for name in _SENDS_METRICS
} | {
    "a framework's job named by the input": (
        "`sagemaker_job_name` of a job that the old SDK cannot name",
        {
            f"{_TRAIN}/HyperParameters/sagemaker_job_name": ABSENT,
            f"{_TRAIN}/HyperParameters/sagemaker_job_name.$": "States.Format('\"{}\"', $$.Execution.Input['Job'])",
        },
    ),
    "a framework tuned": (
        "`sagemaker_job_name` of a job that the old SDK cannot name",
        {"/States/Tune/Parameters/TrainingJobDefinition/StaticHyperParameters/sagemaker_job_name": '"the-job"'},
    ),
    "a framework's model, expected and made": (
        "an estimator's `environment`",
        {f"{_TRAIN}/Environment": {"MODE": "fast"}},
    ),
}
