"""AWS operations answered on this machine.

In: an operation's request, as a dict. Out: its response, as a dict. Touches: history, jobs, functions and objects.
One file per service; what belongs here is AWS's behaviour, never how bytes travel (gateway) or who is wired to whom
(local).
"""
