"""AWS Step Functions' own operations, a module for each thing they are about.

In: requests as boto3 spells them. Out: responses. Touches: history, and the engine that runs executions.
"""
