"""The Amazon States Language as pure functions over JSON.

In: a definition, an expression, a value. Out: problems, compiled expressions, values. Touches: nothing; no file, no
socket, and no clock but the time handed in.

What an execution does with these functions belongs to `engine`; how Python becomes a definition belongs to `steps`.
"""
