"""The types of resources that a stack may have: what each is made of, and by which calls it is made, changed, removed.

In: properties without functions. Out: ids and attributes. Touches: other services, through `call`.

`kind` says what a row is, `table` has all of them; a new type is one class in the file of its service.
"""
