"""AWS's wire protocol: bytes in, operations called, bytes out.

In: HTTP requests as AWS's clients send them. Out: responses as AWS sends them. Touches: `call`; `server` a socket.
What belongs here is how operations travel and who may ask; what an operation does is services'.
"""
