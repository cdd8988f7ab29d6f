"""AWS CloudFormation: templates become resources of this machine, and stacks remember which.

In: requests as boto3 spells them. Out: responses with times in seconds. Touches: history, and every service that a
resource is made in, through `call`.

A request becomes a `Template` (templates, values, parameters), the difference to what is there a list of changes
(planning), and those are carried out, or taken back, by `applying`. What one type of resource needs is a row of
`kinds`. The operations are `stacks`, `change_sets`, `looks` and `drift`; what is kept, and under which name,
`records`; `offering` joins them.
"""
