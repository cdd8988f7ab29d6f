"""Descriptions written once and evaluated twice: by the old SDK's classes and by ours.

In: nothing. Out: expressions by name. Touches: nothing.

Names in the expressions are classes that both sides have; `processing` and `training` make a step's request.
"""

MACHINE = "instance_count=1, instance_type='ml.m5.xlarge'"
IMAGE = "image_uri='123456789012.dkr.ecr.us-east-1.amazonaws.com/train:1', role='arn:aws:iam::123456789012:role/jobs'"

PROCESSING = {
    "a script processor with lists": f"""processing(
        ScriptProcessor({IMAGE}, command=['python3'], {MACHINE}),
        inputs=[ProcessingInput(source='s3://b/in', destination='/opt/ml/processing/input', input_name='input-1'),
                ProcessingInput(source='s3://b/code/p.py', destination='/opt/ml/processing/input/code',
                                input_name='code')],
        outputs=[ProcessingOutput(source='/opt/ml/processing/train', destination='s3://b/train', output_name='train'),
                 ProcessingOutput(source='/opt/ml/processing/test', destination='s3://b/test', output_name='test',
                                  s3_upload_mode='Continuous')],
        container_entrypoint=['python3', '/opt/ml/processing/input/code/p.py'],
        container_arguments=['--ratio', '0.2'])""",
    "a processor with everything": f"""processing(
        Processor({IMAGE}, instance_count=2, instance_type='ml.c5.xlarge', volume_size_in_gb=100, volume_kms_key='vk',
                  max_runtime_in_seconds=3600, env={{'A': 'b'}}, tags=[{{'Key': 'k', 'Value': 'v'}}],
                  network_config=NetworkConfig(enable_network_isolation=True, security_group_ids=['sg-1'],
                                               subnets=['subnet-1'], encrypt_inter_container_traffic=True)),
        inputs=[ProcessingInput(source='s3://b/in', destination='/opt/ml/processing/input', input_name='i',
                                s3_data_type='ManifestFile', s3_input_mode='Pipe', s3_compression_type='Gzip',
                                s3_data_distribution_type='ShardedByS3Key')],
        outputs=[ProcessingOutput(source='/opt/ml/processing/o', destination='s3://b/o', output_name='o')],
        kms_key_id='ok', experiment_config={{'ExperimentName': 'e', 'TrialName': 't'}})""",
    "the step's tags win": f"""processing(
        Processor({IMAGE}, {MACHINE}, tags={{'a': 'b'}}, network_config=NetworkConfig()),
        inputs=[ProcessingInput(source='s3://b/in', destination='/opt/ml/processing/input', input_name='i')],
        outputs=[ProcessingOutput(source='/opt/ml/processing/o', destination='s3://b/o', output_name='o')],
        tags={{'c': 'd'}})""",
    "feature store output": f"""processing(
        Processor({IMAGE}, {MACHINE}),
        inputs=[ProcessingInput(source='s3://b/in', destination='/opt/ml/processing/input', input_name='i')],
        outputs=[ProcessingOutput(output_name='o', app_managed=True,
                                  feature_store_output=FeatureStoreOutput(feature_group_name='g'))])""",
}

TRAINING = {
    "a plain estimator": f"training(Estimator({IMAGE}, {MACHINE}), data='s3://b/train')",
    "no data": f"training(Estimator({IMAGE}, {MACHINE}, output_path='s3://b/out'))",
    "hyperparameters become text": f"""training(
        Estimator({IMAGE}, {MACHINE}, hyperparameters={{'epochs': 10, 'lr': 0.01, 'flag': True, 'name': 'x'}}),
        data='s3://b/train')""",
    "the step's hyperparameters win": f"""training(
        Estimator({IMAGE}, {MACHINE}, hyperparameters={{'epochs': '10', 'lr': '0.01'}}),
        data='s3://b/train', hyperparameters={{'epochs': '20', 'more': 'x'}})""",
    "channels": f"""training(
        Estimator({IMAGE}, {MACHINE}, input_mode='FastFile'),
        data={{'train': 's3://b/train', 'test': TrainingInput('s3://b/test', content_type='text/csv',
               distribution='ShardedByS3Key', input_mode='Pipe', compression='Gzip', record_wrapping='RecordIO'),
               'm': TrainingInput('s3://b/m', s3_data_type='AugmentedManifestFile', attribute_names=['a', 'b'],
                                  shuffle_config=ShuffleConfig(seed=7), instance_groups=['g'])}})""",
    "one TrainingInput": f"training(Estimator({IMAGE}, {MACHINE}), data=TrainingInput('s3://b/t', 'ShardedByS3Key'))",
    "spot, checkpoints, metrics, network, tags": f"""training(
        Estimator({IMAGE}, {MACHINE}, use_spot_instances=True, max_run=3600, max_wait=7200,
                  checkpoint_s3_uri='s3://b/c', checkpoint_local_path='/opt/ml/checkpoints',
                  metric_definitions=[{{'Name': 'a', 'Regex': 'a: ([0-9.]+)'}}], subnets=['subnet-1'],
                  security_group_ids=['sg-1'], tags=[{{'Key': 'k', 'Value': 'v'}}], output_path='s3://b/out',
                  output_kms_key='ok', volume_kms_key='vk', volume_size=50),
        data='s3://b/train')""",
    "no debugger": f"training(Estimator({IMAGE}, {MACHINE}, debugger_hook_config=False), data='s3://b/train')",
    "a debugger hook": f"""training(
        Estimator({IMAGE}, {MACHINE}, debugger_hook_config=DebuggerHookConfig(
            s3_output_path='s3://b/d', hook_parameters={{'save_interval': '1'}},
            container_local_output_path='/opt/ml/t',
            collection_configs=[CollectionConfig(name='losses', parameters={{'p': '1'}})])),
        data='s3://b/train')""",
    "a debugger hook without a path": f"""training(
        Estimator({IMAGE}, {MACHINE}, output_path='s3://b/out', debugger_hook_config=DebuggerHookConfig()),
        data='s3://b/train')""",
    "a model channel": f"""training(Estimator({IMAGE}, {MACHINE}, model_uri='s3://b/model.tar.gz'), data='s3://b/train')""",
    "where the output goes": f"""training(
        Estimator({IMAGE}, {MACHINE}, output_path='s3://b/out', disable_output_compression=True,
                  keep_alive_period_in_seconds=600),
        data='s3://b/train', output_data_config_path='s3://b/other', experiment_config={{'ExperimentName': 'e'}},
        tags={{'c': 'd'}})""",
    "instance groups": f"""training(
        Estimator({IMAGE}, instance_groups=[InstanceGroup('g', 'ml.m5.xlarge', 2)]), data='s3://b/train')""",
}
