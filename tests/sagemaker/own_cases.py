"""Jobs that SageMaker's own SDKs are asked to start themselves, and that our builders are asked for too.

In: nothing. Out: expressions by name; SDK2 for sagemaker 2, whose names ours has too, SDK3 for sagemaker 3. Touches:
nothing. `fit` and `run` give a request; `code` is a folder with train.py and requirements.txt.
"""

ROLE = "role='arn:aws:iam::123456789012:role/jobs'"
IMAGE = "image_uri='123456789012.dkr.ecr.us-east-1.amazonaws.com/train:1'"
MACHINE = f"{ROLE}, instance_count=1, instance_type='ml.m5.xlarge'"
GPU = f"{ROLE}, instance_count=2, instance_type='ml.p4d.24xlarge'"
CODE = "entry_point='train.py', source_dir=code"
STORED = "entry_point='train.py', source_dir='s3://b/code/sourcedir.tar.gz'"

SDK2 = {
    "an estimator": f"fit(Estimator({IMAGE}, {MACHINE}, hyperparameters={{'epochs': 3}}), 's3://b/train')",
    "an estimator with a script": f"fit(Estimator({IMAGE}, {MACHINE}, {CODE}), 's3://b/train')",
    "everything that the old step drops": f"""fit(
        Estimator({IMAGE}, {MACHINE}, environment={{'A': 'b'}}, max_retry_attempts=2, enable_network_isolation=True,
                  encrypt_inter_container_traffic=True, subnets=['subnet-1'], security_group_ids=['sg-1'],
                  checkpoint_s3_uri='s3://b/c', use_spot_instances=True, max_run=60, max_wait=120,
                  container_entry_point=['python'], container_arguments=['t.py'], keep_alive_period_in_seconds=600,
                  output_kms_key='ok', volume_kms_key='vk', tags=[{{'Key': 'k', 'Value': 'v'}}],
                  metric_definitions=[{{'Name': 'a', 'Regex': 'a: (.*)'}}], output_path='s3://b/out',
                  training_repository_access_mode='Vpc', enable_infra_check=True, enable_remote_debug=True,
                  enable_session_tag_chaining=True, disable_output_compression=True, disable_profiler=True,
                  tensorboard_output_config=TensorBoardOutputConfig('s3://b/tb', '/opt/ml/tb')),
        {{'train': TrainingInput('s3://b/train', content_type='text/csv', input_mode='FastFile'),
          'shuffled': TrainingInput('s3://b/more', shuffle_config=ShuffleConfig(3), compression='Gzip',
                                    input_mode='Pipe', record_wrapping='RecordIO')}})""",
    "a file system": f"""fit(
        Estimator({IMAGE}, {MACHINE}, subnets=['subnet-1'], security_group_ids=['sg-1']),
        FileSystemInput('fs-0123456789abcdef0', 'EFS', '/data', 'rw'))""",
    "instance groups": f"""fit(
        Estimator({IMAGE}, {ROLE}, instance_groups=[InstanceGroup('g', 'ml.m5.xlarge', 2)]),
        TrainingInput('s3://b/train', instance_groups=['g']))""",
    "a profiler": f"""fit(
        Estimator({IMAGE}, {MACHINE}, profiler_config=ProfilerConfig('s3://b/p', 500)), 's3://b/train')""",
    "scikit-learn": f"fit(SKLearn({CODE}, framework_version='1.2-1', {MACHINE}, hyperparameters={{'a': 'b'}}))",
    "XGBoost": f"fit(XGBoost({STORED}, framework_version='1.7-1', {MACHINE}), {{'train': 's3://b/train'}})",
    "PyTorch, distributed": f"""fit(
        PyTorch({STORED}, framework_version='2.1.0', py_version='py310', {GPU},
                distribution={{'torch_distributed': {{'enabled': True}}}}), 's3://b/train')""",
    "TensorFlow": f"fit(TensorFlow({CODE}, framework_version='2.12', py_version='py310', {MACHINE}), 's3://b/train')",
    "Hugging Face": f"""fit(
        HuggingFace({STORED}, py_version='py310', transformers_version='4.28', pytorch_version='2.0', {GPU}),
        's3://b/train')""",
    "a processor": f"""run(
        Processor({IMAGE}, {MACHINE}, entrypoint=['python3', '/code/p.py'], env={{'A': 'b'}}, volume_size_in_gb=50,
                  volume_kms_key='vk', output_kms_key='ok', max_runtime_in_seconds=600,
                  tags=[{{'Key': 'k', 'Value': 'v'}}],
                  network_config=NetworkConfig(True, ['sg-1'], ['subnet-1'], encrypt_inter_container_traffic=True)),
        inputs=[ProcessingInput('s3://b/in', '/opt/ml/processing/in', 'in',
                                s3_data_distribution_type='ShardedByS3Key')],
        outputs=[ProcessingOutput('/opt/ml/processing/out', 's3://b/out', 'out', s3_upload_mode='Continuous')],
        arguments=['--ratio', '0.2'])""",
    "a script processor": f"""run(
        ScriptProcessor({IMAGE}, command=['python3', '-u'], {MACHINE}), code=code + '/train.py',
        inputs=[ProcessingInput('s3://b/in', '/opt/ml/processing/in')],
        outputs=[ProcessingOutput('/opt/ml/processing/out', 's3://b/out')])""",
    "a scikit-learn processor": f"run(SKLearnProcessor('1.2-1', {MACHINE}), code=code + '/train.py')",
    "a framework processor": f"""run(
        FrameworkProcessor(SKLearn, '1.2-1', {MACHINE}), code='train.py', source_dir=code, arguments=['--a', '1'],
        outputs=[ProcessingOutput('/opt/ml/processing/out', 's3://b/out', 'out')])""",
    "a PyTorch processor": f"""run(
        PyTorchProcessor('2.1.0', py_version='py310', {MACHINE}), code='train.py', source_dir=code)""",
    "a Spark processor": f"run(PySparkProcessor(framework_version='3.3', {MACHINE}), code=code + '/train.py')",
}

_IN = """ProcessingInput(input_name='in', s3_input=ProcessingS3Input(
            s3_uri='s3://b/in', local_path='/opt/ml/processing/in', s3_data_type='S3Prefix', s3_input_mode='File'))"""
_OUT = """ProcessingOutput(output_name='out', s3_output=ProcessingS3Output(
            s3_uri='s3://b/out', local_path='/opt/ml/processing/out', s3_upload_mode='EndOfJob'))"""

SDK3 = {
    "a processor": f"""run(
        Processor({IMAGE}, {MACHINE}, entrypoint=['python3', '/code/p.py'], env={{'A': 'b'}}, volume_size_in_gb=50,
                  volume_kms_key='vk', output_kms_key='ok', max_runtime_in_seconds=600,
                  tags=[{{'Key': 'k', 'Value': 'v'}}]),
        inputs=[{_IN}], outputs=[{_OUT}], arguments=['--ratio', '0.2'])""",
    "a script processor": f"""run(
        ScriptProcessor({IMAGE}, command=['python3', '-u'], {MACHINE}), code=code + '/train.py',
        inputs=[{_IN}], outputs=[{_OUT}])""",
    "a framework processor": f"""run(
        FrameworkProcessor({IMAGE}, command=['python3'], {MACHINE}), code='train.py', source_dir=code,
        inputs=[{_IN}], outputs=[{_OUT}], arguments=['--a', '1'])""",
    "a network": f"""run(
        Processor({IMAGE}, {MACHINE}, entrypoint=['p'], network_config=NetworkConfig(
            enable_network_isolation=True, security_group_ids=['sg-1'], subnets=['subnet-1'],
            encrypt_inter_container_traffic=True)), outputs=[{_OUT}])""",
    "a trainer": f"""fit(
        training_image='123456789012.dkr.ecr.us-east-1.amazonaws.com/train:1', {ROLE}, base_job_name='the-job',
        source_code=SourceCode(source_dir=code, entry_script='train.py'),
        compute=Compute(instance_type='ml.m5.xlarge', instance_count=1), hyperparameters={{'epochs': 3, 'lr': 0.1}},
        input_data_config=[InputData(channel_name='train', data_source='s3://b/train')])""",
    "a trainer with everything": f"""fit(
        training_image='123456789012.dkr.ecr.us-east-1.amazonaws.com/train:1', {ROLE}, base_job_name='the-job',
        source_code=SourceCode(source_dir=code, entry_script='train.py', requirements='requirements.txt'),
        compute=Compute(instance_type='ml.m5.xlarge', instance_count=2, volume_size_in_gb=50, volume_kms_key_id='vk',
                        keep_alive_period_in_seconds=600, enable_managed_spot_training=True),
        networking=Networking(subnets=['subnet-1'], security_group_ids=['sg-1'], enable_network_isolation=False,
                              enable_inter_container_traffic_encryption=True),
        stopping_condition=StoppingCondition(max_runtime_in_seconds=60, max_wait_time_in_seconds=120),
        output_data_config=OutputDataConfig(s3_output_path='s3://b/out', kms_key_id='ok', compression_type='NONE'),
        checkpoint_config=CheckpointConfig(s3_uri='s3://b/c', local_path='/opt/ml/checkpoints'),
        training_input_mode='FastFile', environment={{'A': 'b'}}, tags=[Tag(key='k', value='v')],
        input_data_config=[InputData(channel_name='train', data_source=S3DataSource(
            s3_data_type='S3Prefix', s3_uri='s3://b/train', s3_data_distribution_type='ShardedByS3Key'),
            content_type='text/csv'),
            InputData(channel_name='fs', data_source=FileSystemDataSource(
            file_system_id='fs-0123456789abcdef0', file_system_access_mode='ro', file_system_type='EFS',
            directory_path='/data'))])""",
}
