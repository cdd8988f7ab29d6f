"""An AWS account seen by a deployment: who one is there, and one way to call it.

In: a Stage; operations by boto3's names. Out: answers, or a DeployRefused that says what to do. Touches: AWS, with the
credentials and the configuration that every AWS tool finds.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from stepmill.deploy.aws.denials import denial
from stepmill.deploy.refusals import DeployRefused
from stepmill.stage import partition

if TYPE_CHECKING:
    from stepmill.deploy.stages import Stage

INSTALL: Final = 'pip install "stepmill[aws]"'
_SERVICES: Final = ("sts", "cloudformation", "s3")  # those that every deployment calls
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"})
_INVALID: Final = frozenset(
    {
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "AuthFailure",
    }
)
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden", "403"})
_THROTTLED: Final = frozenset(
    {
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "SlowDown",
        "LimitExceeded",
    }
)


class AwsRefusal(Exception):
    """AWS said no, in its own words. code, message: as on the wire. operation: `cloudformation:CreateChangeSet`."""

    def __init__(self, code: str, message: str, operation: str) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.code = code
        self.message = message
        self.operation = operation


@dataclass(frozen=True)
class Identity:
    """Who a deployment acts as. account: twelve digits. arn: of the user or the assumed role."""

    account: str
    arn: str

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, …"""
        return self.arn.split(":")[1]


class Account:
    """The account and region of a stage. Clients are made when they are first needed; every call is counted."""

    def __init__(self, stage: Stage, services: Sequence[str] = _SERVICES) -> None:
        """Raises DeployRefused: botocore is missing, the profile is unknown, or an endpoint points at this machine.

        services: those whose endpoints are looked at before anything is asked."""
        self.stage = stage
        self.calls = 0
        self._clients: dict[str, Any] = {}
        self._identity: Identity | None = None
        try:
            import botocore.session
            from botocore.exceptions import ProfileNotFound
        except ImportError:
            raise DeployRefused(f"this needs botocore, AWS's own library: {INSTALL}") from None
        self._session = botocore.session.Session(profile=stage.profile)
        try:
            self._session.get_config_variable("region")
            known = self._session.get_available_regions("stepfunctions", partition(stage.region))
        except ProfileNotFound:
            raise DeployRefused(
                f"stage {stage.name}: there is no AWS profile {stage.profile!r}; "
                "`aws configure list-profiles` shows them"
            ) from None
        if known and stage.region not in known and stage.endpoint is None:
            raise DeployRefused(
                f"stage {stage.name}: Step Functions is not in the region {stage.region}, as far as botocore "
                f"{botocore.__version__} knows; regions that have it: {', '.join(known)}"
            )
        for service in services:
            self.client(service)  # an endpoint that points here is refused before anything is asked

    @property
    def identity(self) -> Identity:
        """Who one is; asked once. Raises DeployRefused."""
        if self._identity is None:
            answer = self.call("sts", "GetCallerIdentity", {})
            self._identity = Identity(answer["Account"], answer["Arn"])
        return self._identity

    def expect(self) -> Identity:
        """The identity, if its account is the one that the stage names. Raises DeployRefused, unsafe."""
        found = self.identity
        wanted = self.stage.expected_account
        if wanted is not None and found.account != wanted:
            raise DeployRefused(
                f"stage {self.stage.name} is account {wanted}, and these credentials are of account {found.account} "
                f"({found.arn}); choose a profile of {wanted}, or correct expected_account in pyproject.toml",
                unsafe=True,
            )
        return found

    def machine(self, stack: str) -> str:
        """The ARN of the state machine of a stack: both have one name. Raises as `expect`."""
        who = self.expect()
        return f"arn:{who.partition}:states:{self.stage.region}:{who.account}:stateMachine:{stack}"

    def call(self, service: str, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        """One operation, its request and answer spelt as boto3 does.

        Raises AwsRefusal for what AWS refuses, and DeployRefused for what no deployment can go on with: no
        credentials, none that hold, no right, no connection, throttling that does not end.
        """
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        client = self.client(service)
        method = next(name for name, known in client.meta.method_to_api_mapping.items() if known == operation)
        self.calls += 1
        try:
            answer: dict[str, Any] = getattr(client, method)(**request)
        except ClientError as refusal:
            raise self._refused(refusal.response["Error"], service, operation, request) from None
        except BotoCoreError as fault:
            raise self._failed(fault, service) from None
        except ResponseParserError:
            raise DeployRefused(
                f"{client.meta.endpoint_url} answered {service}:{operation} with something that is not of AWS's form; "
                "is it AWS, or a server that lacks this service?"
            ) from None
        return answer

    def takes(self, service: str, operation: str, parameter: str) -> bool:
        """Whether this botocore knows a parameter, which newer ones have."""
        shape = self.client(service).meta.service_model.operation_model(operation).input_shape
        return parameter in shape.members

    # how it goes wrong

    def _refused(
        self, error: Mapping[str, Any], service: str, operation: str, request: Mapping[str, Any]
    ) -> AwsRefusal | DeployRefused:
        code, message = str(error.get("Code", "")), str(error.get("Message", ""))
        asked = f"{service}:{operation}"
        if code in _EXPIRED:
            return DeployRefused(f"the AWS credentials have expired ({code}); {self._renew()}")
        if code in _INVALID:
            return DeployRefused(f"AWS does not know these credentials ({code}); {self._renew()}")
        if code in _DENIED:
            who = self._identity.arn if self._identity else None
            return DeployRefused(denial(message, asked, who, request, self.stage.region))
        if code in _THROTTLED:
            return DeployRefused(
                f"AWS asked to slow down ({asked}: {code}), also after several tries; nothing is half-done: "
                "wait a minute and run the same command again"
            )
        return AwsRefusal(code, message, asked)

    def _failed(self, fault: Exception, service: str) -> DeployRefused:
        from botocore import exceptions as known

        region = self.stage.region
        if isinstance(fault, known.NoCredentialsError | known.PartialCredentialsError):
            return DeployRefused(f"there are no AWS credentials; {self._renew()}")
        if isinstance(fault, known.TokenRetrievalError | known.SSOError | known.CredentialRetrievalError):
            return DeployRefused(f"the AWS credentials cannot be had: {fault}; {self._renew()}")
        if isinstance(fault, known.EndpointConnectionError | known.ConnectTimeoutError):
            return DeployRefused(
                f"{service} does not answer in {region}: {fault}. Is there a network, and does {region} have "
                f"{service}? What was done so far stays; the same command goes on from there"
            )
        if isinstance(fault, known.HTTPClientError):
            return DeployRefused(
                f"the connection to {service} broke off: {fault}. What was done so far stays; the same command goes on "
                "from there"
            )
        return DeployRefused(f"{service}: {fault}")

    def _renew(self) -> str:
        profile = f" --profile {self.stage.profile}" if self.stage.profile else ""
        return (
            f"log in (`aws sso login{profile}`, `aws configure{profile}`) or set AWS_PROFILE; "
            f"`aws sts get-caller-identity{profile}` shows whether it worked"
        )

    # clients

    def client(self, service: str) -> Any:
        """The botocore client of a service, by boto3's name. Raises DeployRefused: it would call this machine."""
        if service in self._clients:
            return self._clients[service]
        from botocore.config import Config

        stage = self.stage
        settings: dict[str, Any] = {
            "retries": {"mode": "standard", "total_max_attempts": 5},
            "user_agent_extra": "stepmill-deploy",
            "connect_timeout": 10,
        }
        if stage.endpoint is not None:
            settings |= {"s3": {"addressing_style": "path"}, "inject_host_prefix": False}
        client = self._session.create_client(
            service, region_name=stage.region, endpoint_url=stage.endpoint, config=Config(**settings)
        )
        address = str(client.meta.endpoint_url)
        if stage.endpoint is None and here(address):
            raise DeployRefused(
                f"AWS_ENDPOINT_URL, or the profile's endpoint_url, sends {service} to {address}, which is this machine "
                f"and not AWS; unset it, or write endpoint = {address!r} into [tool.stepmill.stages.{stage.name}] "
                "if that is meant",
                unsafe=True,
            )
        self._clients[service] = client
        return client


def here(address: str) -> bool:
    """Whether an address leads to this very machine."""
    host = (urlsplit(address).hostname or "").rstrip(".").lower()
    if host == "localhost" or host.endswith((".localhost", ".localdomain")) or host == "host.docker.internal":
        return True
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return False
    return number.is_loopback or number.is_unspecified
