"""One SageMaker job is one supervised process that sees a private `/opt/ml`.

In: a SageMaker request, unchanged, and the name of the act that asked for it. Out: a job folder with a log, metrics and
an atomic result. Touches: processes, mount namespaces, the store's `jobs/` folder and, through `objects`,
`s3://` bytes.
Here belongs what happens inside a job's instance; which request is legal and what Step Functions makes of the result
never do.
"""
