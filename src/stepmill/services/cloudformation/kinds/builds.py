"""AWS::CodeBuild and AWS::SageMaker: projects that build images, groups of model packages.

In: properties. Out: Made. Touches: codebuild, sagemaker.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codebuild-project.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sagemaker-modelpackagegroup.html
"""

from __future__ import annotations

from typing import Any

from stepmill.services.cloudformation.kinds.kind import Kind, Made, Place, Properties, exists, lowered, number

_NUMBERS = "autoRetryLimit concurrentBuildLimit queuedTimeoutInMinutes timeoutInMinutes"


class Project(Kind):
    """A build project. It is kept; builds are not run on this machine."""

    type = "AWS::CodeBuild::Project"
    properties = (
        "Artifacts AutoRetryLimit BadgeEnabled BuildBatchConfig Cache ConcurrentBuildLimit Description EncryptionKey "
        "Environment FileSystemLocations LogsConfig Name QueuedTimeoutInMinutes ResourceAccessRole SecondaryArtifacts "
        "SecondarySourceVersions SecondarySources ServiceRole Source SourceVersion Tags TimeoutInMinutes Triggers "
        "Visibility VpcConfig"
    )
    required = "Artifacts Environment ServiceRole Source"
    replaced = "Name"
    attributes = "Arn Id"
    naming = "Name"
    longest = 150
    tagged = True

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        if place.ask("codebuild", "BatchGetProjects", names=[name]).get("projects"):
            raise exists(self, name)
        place.ask("codebuild", "CreateProject", name=name, **_project(props))
        return Made(name, {"Arn": place.arn("codebuild", f"project/{name}"), "Id": name})

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter. Where nobody answers UpdateProject the project is made anew under its name."""
        if place.offer("codebuild", "UpdateProject", name=made.physical, **_project(after)) is None:
            place.forget("codebuild", "DeleteProject", name=made.physical)
            place.ask("codebuild", "CreateProject", name=made.physical, **_project(after))
        return made

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("codebuild", "DeleteProject", name=made.physical)


class ModelPackageGroup(Kind):
    """A group of model packages. Where nobody answers DeleteModelPackageGroup it stays when the stack goes."""

    type = "AWS::SageMaker::ModelPackageGroup"
    properties = "ModelPackageGroupDescription ModelPackageGroupName ModelPackageGroupPolicy Tags"
    required = "ModelPackageGroupName"
    replaced = "ModelPackageGroupDescription ModelPackageGroupName"
    attributes = "CreationTime ModelPackageGroupArn ModelPackageGroupStatus"
    naming = "ModelPackageGroupName"
    longest = 63
    tagged = True

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        made = place.ask(
            "sagemaker",
            "CreateModelPackageGroup",
            ModelPackageGroupName=name,
            ModelPackageGroupDescription=props.get("ModelPackageGroupDescription"),
            Tags=props.get("Tags"),
        )
        arn = made["ModelPackageGroupArn"]
        return Made(arn, {"ModelPackageGroupArn": arn, "ModelPackageGroupStatus": "Completed", "CreationTime": ""})

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        name = made.physical.rpartition("/")[2]
        place.forget("sagemaker", "DeleteModelPackageGroup", ModelPackageGroupName=name)


def _project(props: Properties) -> dict[str, Any]:
    """The members of CreateProject; CloudFormation's capitals, and its other names for two of them."""
    given = {key: value for key, value in props.items() if key not in ("Name", "Triggers", "Visibility")}
    found: dict[str, Any] = lowered(given)
    for name in _NUMBERS.split():
        if name in found:
            found[name] = number(found[name])
    # whoever answers CodeBuild here wants a location of every source, also of those that AWS takes without one
    if found["source"].get("type") in ("NO_SOURCE", "CODEPIPELINE"):
        found["source"].setdefault("location", "none")
    for holder in [found["source"], *found.get("secondarySources", ())]:
        if "buildSpec" in holder:
            holder["buildspec"] = holder.pop("buildSpec")
    return found
