"""AWS::S3 and AWS::ECR: buckets, their policies, repositories of images.

In: properties. Out: Made. Touches: s3, ecr.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_S3.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ECR.html
"""

from __future__ import annotations

from stepmill.services.cloudformation.kinds.kind import (
    Kind,
    Made,
    Place,
    Properties,
    changed_tags,
    document,
    exists,
    flag,
    lowered,
)
from stepmill.services.operations import ServiceError

_FIRST_REGION = "us-east-1"


class Bucket(Kind):
    """A bucket. A bucket is a folder here: all its settings are kept in the stack alone."""

    type = "AWS::S3::Bucket"
    properties = (
        "AbacStatus AccelerateConfiguration AccessControl AnalyticsConfigurations BucketEncryption BucketName "
        "BucketNamePrefix BucketNamespace CorsConfiguration IntelligentTieringConfigurations InventoryConfigurations "
        "LifecycleConfiguration LoggingConfiguration MetadataConfiguration MetadataTableConfiguration "
        "MetricsConfigurations NotificationConfiguration ObjectLockConfiguration ObjectLockEnabled OwnershipControls "
        "PublicAccessBlockConfiguration ReplicationConfiguration Tags VersioningConfiguration WebsiteConfiguration"
    )
    replaced = "BucketName BucketNamePrefix BucketNamespace"
    attributes = "Arn DomainName DualStackDomainName RegionalDomainName WebsiteURL"
    naming = "BucketName"
    longest = 63
    lower = True
    tagged = True
    memory = False

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        if place.find("s3", "HeadBucket", Bucket=name) is not None:
            raise ServiceError("AlreadyExists", f"{name} already exists")
        where = None if place.region == _FIRST_REGION else {"LocationConstraint": place.region}
        place.ask("s3", "CreateBucket", Bucket=name, CreateBucketConfiguration=where)
        host = "amazonaws.com"
        return Made(
            name,
            {
                "Arn": f"arn:aws:s3:::{name}",
                "DomainName": f"{name}.s3.{host}",
                "RegionalDomainName": f"{name}.s3.{place.region}.{host}",
                "DualStackDomainName": f"{name}.s3.dualstack.{place.region}.{host}",
                "WebsiteURL": f"http://{name}.s3-website-{place.region}.{host}",
            },
        )

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove. A bucket with objects in it is refused, as S3 refuses it."""
        place.forget("s3", "DeleteBucket", Bucket=made.physical)


class BucketPolicy(Kind):
    """A bucket's policy; kept in the stack alone where S3 has no PutBucketPolicy."""

    type = "AWS::S3::BucketPolicy"
    properties = "Bucket PolicyDocument"
    required = properties
    replaced = "Bucket"
    memory = False

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        place.ask("s3", "HeadBucket", Bucket=props["Bucket"])
        place.offer("s3", "PutBucketPolicy", Bucket=props["Bucket"], Policy=document(props["PolicyDocument"]))
        return Made(str(props["Bucket"]))

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter."""
        place.offer("s3", "PutBucketPolicy", Bucket=made.physical, Policy=document(after["PolicyDocument"]))
        return made

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget("s3", "DeleteBucketPolicy", Bucket=made.physical)


class Repository(Kind):
    """A repository of images."""

    type = "AWS::ECR::Repository"
    properties = (
        "EmptyOnDelete EncryptionConfiguration ImageScanningConfiguration ImageTagMutability "
        "ImageTagMutabilityExclusionFilters LifecyclePolicy RepositoryName RepositoryPolicyText Tags"
    )
    replaced = "EncryptionConfiguration RepositoryName"
    attributes = "Arn RepositoryUri"
    naming = "RepositoryName"
    longest = 256
    lower = True
    tagged = True

    def make(self, place: Place, name: str, props: Properties) -> Made:
        """See Kind.make."""
        if place.find("ecr", "DescribeRepositories", repositoryNames=[name]) is not None:
            raise exists(self, name)
        scanning = props.get("ImageScanningConfiguration")
        made = place.ask(
            "ecr",
            "CreateRepository",
            repositoryName=name,
            imageTagMutability=props.get("ImageTagMutability"),
            imageScanningConfiguration=_scanning(scanning) if scanning else None,
            encryptionConfiguration=lowered(props.get("EncryptionConfiguration")),
            tags=props.get("Tags"),
        )["repository"]
        return Made(name, {"Arn": made["repositoryArn"], "RepositoryUri": made["repositoryUri"]})

    def alter(self, place: Place, made: Made, before: Properties, after: Properties) -> Made:
        """See Kind.alter."""
        name = made.physical
        mutable = after.get("ImageTagMutability") or "MUTABLE"
        place.offer("ecr", "PutImageTagMutability", repositoryName=name, imageTagMutability=mutable)
        scanning = _scanning(after.get("ImageScanningConfiguration") or {})
        place.offer("ecr", "PutImageScanningConfiguration", repositoryName=name, imageScanningConfiguration=scanning)
        written, lost = changed_tags(before, after)
        if written:
            place.ask("ecr", "TagResource", resourceArn=made.attributes["Arn"], tags=written)
        if lost:
            place.ask("ecr", "UntagResource", resourceArn=made.attributes["Arn"], tagKeys=lost)
        return made

    def dress(self, place: Place, made: Made, before: Properties, after: Properties) -> None:
        """See Kind.dress."""
        name = made.physical
        if text := (after.get("LifecyclePolicy") or {}).get("LifecyclePolicyText"):
            place.ask("ecr", "PutLifecyclePolicy", repositoryName=name, lifecyclePolicyText=document(text))
        elif before.get("LifecyclePolicy"):
            place.forget("ecr", "DeleteLifecyclePolicy", repositoryName=name)
        if text := after.get("RepositoryPolicyText"):
            place.ask("ecr", "SetRepositoryPolicy", repositoryName=name, policyText=document(text))
        elif before.get("RepositoryPolicyText"):
            place.forget("ecr", "DeleteRepositoryPolicy", repositoryName=name)

    def remove(self, place: Place, made: Made, props: Properties) -> None:
        """See Kind.remove."""
        place.forget(
            "ecr", "DeleteRepository", repositoryName=made.physical, force=flag(props.get("EmptyOnDelete", False))
        )


def _scanning(given: Properties) -> dict[str, bool]:
    return {"scanOnPush": flag(given.get("ScanOnPush", False))}
