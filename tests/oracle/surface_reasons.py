"""What of the old SDK's surface is not here or is other here, and why: the one list of exceptions, printed on the page.

In: nothing. Out: `LEFT_OUT`, a name (or a pattern of names) → why it is not here; `DIFFERS`, name and finding → why.
Touches: nothing.
"""

RULES = "Rules are made by `ChoiceRule`, or by comparing run-time values, and are `Condition`s here."
WALK = "That SDK's own way to walk a graph; the compiler does it here."
CONSTANT = "A constant of that SDK's own code."
LEFT_OUT = {
    "CustomColorFormatter": "The colours of that SDK's log.",
    "NullHandler": "A part of that SDK's log.",
    "*.logger": "A log of that SDK's own.",
    "inputs.utils.*": "Helpers of `validate`.",
    "steps.choice_rule.VALIDATORS": CONSTANT,
    "steps.*_SERVICE_NAME": CONSTANT,
    "steps.*_SERVICES_NAME": CONSTANT,
    "steps.states.Block": "A base without a meaning of its own: ours are `State`, `Retry` and `Catch`.",
    "steps.states.GraphVisitor": WALK,
    "steps.states.ValidationVisitor": WALK,
    "steps.states.to_pascalcase": "A helper that turns field names into ASL's; ours are a table.",
    "steps.utils.*": "Helpers that merge requests and find the partition.",
    "template.utils.*": "Helpers that rewrite parameters for the templates.",
    "workflow.cloudformation.*": "Helpers of `Workflow.get_cloudformation_template`.",
    "workflow.stepfunctions.json_serializer": "A helper that writes dates for the widgets.",
    "workflow.utils.*": "Helpers that set a client's user agent and the colours of a log.",
    "workflow.widgets.*": "They draw with scripts fetched from a network; `render_graph` and the tables need none.",
}
FIELDS = "The names of the fields that a state takes are its class's `allowed` here."
ROOTS = "Programs make `ExecutionInput` and `StepInput`; `Placeholder` is what comes of reading them."
SCHEMA = "A whole input has it; what is inside a value, `get_schema_as_dict()` says."
VALUES = "How that SDK keeps what was read; here `get_schema_as_dict()` says it."
EMPTY = "An empty tuple for an empty list: a default that no program can change for the next one."
DIFFERS = {
    "* default of steps": EMPTY,
    "* default of tags": EMPTY,
    "* method accept": WALK,
    "* method allowed_fields": FIELDS,
    "* attribute in_chain": "It is None there, always.",
    "inputs.placeholders.Placeholder __getitem__ argument *": "The argument of `[…]` is called `key`.",
    "inputs.placeholders.Placeholder argument *": ROOTS,
    "inputs.placeholders.Placeholder attribute schema": SCHEMA,
    "inputs.placeholders.Placeholder attribute immutable": VALUES,
    "inputs.placeholders.Placeholder attribute store": VALUES,
    "inputs.placeholders.* attribute json_str_template": "How that SDK writes a path; here `to_jsonpath()` does.",
    "steps.choice_rule.BaseRule argument expr": RULES,
    "steps.states.Pass attribute result": "It is the state's result, remembered for what comes later, as of a Task.",
}
