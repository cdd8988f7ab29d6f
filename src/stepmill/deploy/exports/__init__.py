"""A workflow, built for a stage, in the forms that other teams deploy from: CloudFormation, SAM, Terraform, plain ASL.

In: what `build` made. Out: a folder. Touches: that folder.

One file per form; `forms` names them. What a form cannot carry is told as a note, never left out in silence.
"""
