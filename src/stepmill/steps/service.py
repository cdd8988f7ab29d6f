"""Steps that call other services: DynamoDB, EKS, EMR, EventBridge, Glue DataBrew, SNS, SQS, Step Functions itself.

In: the service's own request as `parameters=`. Out: states that call it. Touches: nothing.
"""

from __future__ import annotations

from enum import Enum
from typing import Any

from .integration_resources import IntegrationPattern
from .service_call import CallbackStep, PatternStep, ServiceStep, WaitingStep


class DynamoDBApi(Enum):
    """What is called of DynamoDB."""

    GetItem = "getItem"
    PutItem = "putItem"
    DeleteItem = "deleteItem"
    UpdateItem = "updateItem"


class EksApi(Enum):
    """What is called of EKS."""

    CreateCluster = "createCluster"
    DeleteCluster = "deleteCluster"
    CreateFargateProfile = "createFargateProfile"
    DeleteFargateProfile = "deleteFargateProfile"
    CreateNodegroup = "createNodegroup"
    DeleteNodegroup = "deleteNodegroup"
    RunJob = "runJob"
    Call = "call"


class ElasticMapReduceApi(Enum):
    """What is called of EMR."""

    CreateCluster = "createCluster"
    TerminateCluster = "terminateCluster"
    AddStep = "addStep"
    CancelStep = "cancelStep"
    SetClusterTerminationProtection = "setClusterTerminationProtection"
    ModifyInstanceFleetByName = "modifyInstanceFleetByName"
    ModifyInstanceGroupByName = "modifyInstanceGroupByName"


class EventBridgeApi(Enum):
    """What is called of EventBridge."""

    PutEvents = "putEvents"


class GlueDataBrewApi(Enum):
    """What is called of Glue DataBrew."""

    StartJobRun = "startJobRun"


class SnsApi(Enum):
    """What is called of SNS."""

    Publish = "publish"


class SqsApi(Enum):
    """What is called of SQS."""

    SendMessage = "sendMessage"


class StepFunctions(Enum):
    """What is called of Step Functions."""

    StartExecution = "startExecution"


class DynamoDBGetItemStep(ServiceStep):
    """Reads an item of a table (`dynamodb:getItem`): `parameters={"TableName": …, "Key": {…}}`."""

    service, api = "dynamodb", DynamoDBApi.GetItem


class DynamoDBPutItemStep(ServiceStep):
    """Writes an item into a table (`dynamodb:putItem`): `parameters={"TableName": …, "Item": {…}}`."""

    service, api = "dynamodb", DynamoDBApi.PutItem


class DynamoDBDeleteItemStep(ServiceStep):
    """Deletes an item of a table (`dynamodb:deleteItem`): `parameters={"TableName": …, "Key": {…}}`."""

    service, api = "dynamodb", DynamoDBApi.DeleteItem


class DynamoDBUpdateItemStep(ServiceStep):
    """Changes an item of a table (`dynamodb:updateItem`): `parameters={"TableName": …, "Key": {…}, …}`."""

    service, api = "dynamodb", DynamoDBApi.UpdateItem


class EksCreateClusterStep(PatternStep):
    """Creates an EKS cluster (`eks:createCluster`).

    The request: `parameters={"Name": …, "RoleArn": …, "ResourcesVpcConfig": {…}}`.
    """

    service, api = "eks", EksApi.CreateCluster


class EksDeleteClusterStep(PatternStep):
    """Deletes an EKS cluster (`eks:deleteCluster`).

    The request: `parameters={"Name": …}`.
    """

    service, api = "eks", EksApi.DeleteCluster


class EksCreateFargateProfileStep(PatternStep):
    """Creates a Fargate profile of an EKS cluster (`eks:createFargateProfile`).

    The request: `parameters={"ClusterName": …, "FargateProfileName": …}`.
    """

    service, api = "eks", EksApi.CreateFargateProfile


class EksDeleteFargateProfileStep(PatternStep):
    """Deletes a Fargate profile of an EKS cluster (`eks:deleteFargateProfile`).

    The request: `parameters={"ClusterName": …, "FargateProfileName": …}`.
    """

    service, api = "eks", EksApi.DeleteFargateProfile


class EksCreateNodegroupStep(PatternStep):
    """Creates a node group of an EKS cluster (`eks:createNodegroup`).

    The request: `parameters={"ClusterName": …, "NodegroupName": …, "Subnets": […], "NodeRole": …}`.
    """

    service, api = "eks", EksApi.CreateNodegroup


class EksDeleteNodegroupStep(PatternStep):
    """Deletes a node group of an EKS cluster (`eks:deleteNodegroup`).

    The request: `parameters={"ClusterName": …, "NodegroupName": …}`.
    """

    service, api = "eks", EksApi.DeleteNodegroup


class EksRunJobStep(PatternStep):
    """Runs a Kubernetes job on an EKS cluster (`eks:runJob`).

    The request: `parameters={"ClusterName": …, "CertificateAuthority": …, "Endpoint": …, "Job": {…}}`.
    """

    service, api = "eks", EksApi.RunJob


class EksCallStep(PatternStep):
    """Asks the Kubernetes API of an EKS cluster (`eks:call`).

    The request: `parameters={"ClusterName": …, "CertificateAuthority": …, "Endpoint": …, "Method": …, "Path": …}`.
    """

    service, api = "eks", EksApi.Call
    patterns = (IntegrationPattern.CallAndContinue,)

    def __init__(
        self, state_id: str, integration_pattern: IntegrationPattern = IntegrationPattern.CallAndContinue, **fields: Any
    ) -> None:
        """Ask and go on.

        Args:
            state_id: the state's name.
            integration_pattern: CallAndContinue; there is no other.
            fields: retry, catch, and the fields of `Task` except resource; the request is `parameters=`.
        """
        super().__init__(state_id, integration_pattern, **fields)


class EmrCreateClusterStep(WaitingStep):
    """Creates an EMR cluster (`elasticmapreduce:createCluster`): `parameters={"Name": …, "Instances": {…}, …}`."""

    service, api = "elasticmapreduce", ElasticMapReduceApi.CreateCluster


class EmrTerminateClusterStep(WaitingStep):
    """Ends an EMR cluster (`elasticmapreduce:terminateCluster`): `parameters={"ClusterId": …}`."""

    service, api = "elasticmapreduce", ElasticMapReduceApi.TerminateCluster


class EmrAddStepStep(WaitingStep):
    """Gives an EMR cluster work (`elasticmapreduce:addStep`): `parameters={"ClusterId": …, "Step": {…}}`."""

    service, api = "elasticmapreduce", ElasticMapReduceApi.AddStep


class EmrCancelStepStep(ServiceStep):
    """Takes work back (`elasticmapreduce:cancelStep`): `parameters={"ClusterId": …, "StepId": …}`."""

    service, api = "elasticmapreduce", ElasticMapReduceApi.CancelStep


class EmrSetClusterTerminationProtectionStep(ServiceStep):
    """Protects an EMR cluster from its end (`elasticmapreduce:setClusterTerminationProtection`).

    The request: `parameters={"ClusterId": …, "TerminationProtected": True}`.
    """

    service, api = "elasticmapreduce", ElasticMapReduceApi.SetClusterTerminationProtection


class EmrModifyInstanceFleetByNameStep(ServiceStep):
    """Resizes an instance fleet (`elasticmapreduce:modifyInstanceFleetByName`).

    The request: `parameters={"ClusterId": …, "InstanceFleetName": …, "InstanceFleet": {…}}`.
    """

    service, api = "elasticmapreduce", ElasticMapReduceApi.ModifyInstanceFleetByName


class EmrModifyInstanceGroupByNameStep(ServiceStep):
    """Resizes an instance group (`elasticmapreduce:modifyInstanceGroupByName`).

    The request: `parameters={"ClusterId": …, "InstanceGroupName": …, "InstanceGroup": {…}}`.
    """

    service, api = "elasticmapreduce", ElasticMapReduceApi.ModifyInstanceGroupByName


class EventBridgePutEventsStep(CallbackStep):
    """Sends events to EventBridge (`events:putEvents`): `parameters={"Entries": [{…}]}`."""

    service, api = "events", EventBridgeApi.PutEvents


class GlueDataBrewStartJobRunStep(PatternStep):
    """Starts a run of a DataBrew job (`databrew:startJobRun`): `parameters={"Name": …}`."""

    service, api = "databrew", GlueDataBrewApi.StartJobRun


class SnsPublishStep(CallbackStep):
    """Publishes a message to an SNS topic (`sns:publish`): `parameters={"TopicArn": …, "Message": …}`."""

    service, api = "sns", SnsApi.Publish


class SqsSendMessageStep(CallbackStep):
    """Sends a message to an SQS queue (`sqs:sendMessage`): `parameters={"QueueUrl": …, "MessageBody": …}`."""

    service, api = "sqs", SqsApi.SendMessage


class StepFunctionsStartExecutionStep(PatternStep):
    """Starts an execution of another state machine (`states:startExecution`).

    The request: `parameters={"StateMachineArn": …, "Input": {…}, "Name": …}`. Waiting for its completion takes
    `.sync:2`, whose result is the other execution's output as JSON, not as text.
    """

    service, api = "states", StepFunctions.StartExecution
    patterns = tuple(IntegrationPattern)

    def version(self) -> int | None:
        """2, whose output is JSON, when the state waits for the execution's end."""
        return 2 if self.pattern is IntegrationPattern.WaitForCompletion else None
